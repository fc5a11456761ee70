"""A line of output as a screen shows it: sanitised, in its inks, with the time before it where that is wanted."""

from __future__ import annotations

from console.protocol import Line
from console.view.sanitise import text as clean_text
from console.view.sgr import Inked, inked, without_colour
from console.view.times import clock

LONGEST = 2_000


def shown_text(line: Line) -> str:
    """The text of a line after carriage returns, tabs and hostile bytes were dealt with; colours stay in it."""
    text = line.text.rstrip("\r\n")
    if "\r" in text:
        text = next((part for part in reversed(text.split("\r")) if part), "")
    cleaned = clean_text(text, sgr=True, limit=LONGEST).replace("\n", "\u2424").expandtabs(8)
    return f"{cleaned} [+{line.cut:,} characters]" if line.cut else cleaned


def shown_runs(line: Line) -> tuple[Inked, ...]:
    """The line as runs of characters in their inks."""
    return inked(shown_text(line))


def shown_time(line: Line) -> str:
    """When the line came, for its left margin."""
    return f"{clock(line.at, seconds=True):<9} " if line.at else " " * 10


def plain_line(line: Line) -> str:
    """The line without colours."""
    return without_colour(shown_text(line))
