"""How many terminal cells a text takes, and texts of a given number of cells."""

from __future__ import annotations

from unicodedata import category, east_asian_width


def cell_width(text: str) -> int:
    """How many terminal cells a text takes."""
    if text.isascii():
        return len(text)
    return sum(char_cells(char) for char in text)


def char_cells(char: str) -> int:
    """How many terminal cells a character takes: 0, 1 or 2."""
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


def pad(text: str, width: int) -> str:
    """The text with spaces up to `width` cells."""
    return text + " " * max(0, width - cell_width(text))


def cut(text: str, width: int) -> str:
    """The longest beginning of a text that takes at most `width` cells."""
    if text.isascii():
        return text[:width]
    taken = 0
    for index, char in enumerate(text):
        taken += char_cells(char)
        if taken > width:
            return text[:index]
    return text
