"""Measurements of the figures that the project promises: ratios taken in one run, printed and written as JSON."""
