"""Widgets that draw rows of presenters, cell by cell, and never read text as markup."""
