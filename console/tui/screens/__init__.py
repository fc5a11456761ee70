"""The screens: one file each. They draw rows, send asks, and decide nothing."""
