"""Rows of text as presenters make them: runs of characters, each with the role it plays.

A role is a word such as "ok" or "dim"; the screens know which colour it has, and a row reads the same without any.
Widths are terminal cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from console.view.cells import cell_width, char_cells, cut, pad

CUT = ".."


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters in one role. The text has been through the sanitiser."""

    text: str
    role: str = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line on a screen. `key` names what it stands for; a row without one cannot be chosen."""

    line: Line
    key: str = ""

    @property
    def text(self) -> str:
        """The characters alone."""
        return plain(self.line)


def plain(line: Line) -> str:
    """The characters of a line without their roles."""
    return "".join(span.text for span in line)


def words(text: str, role: str = "", *, key: str = "") -> Row:
    """A row of one role."""
    return Row((Span(text, role),), key)


def fit(text: str, width: int) -> str:
    """The text in exactly `width` cells: filled with spaces, or cut and marked with two dots."""
    have = cell_width(text)
    if have <= width:
        return text + " " * (width - have)
    return pad(cut(text, max(0, width - len(CUT))) + CUT[: max(0, width)], width)


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells."""
    return text if cell_width(text) <= width else fit(text, width)


def line_width(line: Line) -> int:
    """How many cells a line takes."""
    return sum(cell_width(span.text) for span in line)


def fit_line(line: Line, width: int) -> Line:
    """A line cut to at most `width` cells, marked with two dots where something is missing."""
    if line_width(line) <= width:
        return line
    kept: list[Span] = []
    room = max(0, width - len(CUT))
    for span in line:
        size = cell_width(span.text)
        if size > room:
            kept.append(Span(cut(span.text, room) + CUT[:width], span.role))
            break
        kept.append(span)
        room -= size
    return tuple(kept)


def ends(left: Line, right: Line, width: int) -> Line:
    """A line with one part at its left and one at its right end; the left part is cut when both do not fit."""
    room = width - line_width(right)
    if room < 4:
        return fit_line(left, width)
    left = fit_line(left, room - 1 if right else room)
    return (*left, Span(" " * (room - line_width(left))), *right)


def wrap(text: str, width: int, *, indent: int = 0) -> list[str]:
    """A text in lines of at most `width` cells, broken at spaces where there are any; its own line ends are kept."""
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        lines.extend(_wrap_one(part.rstrip(), max(8, width - indent)))
    return [" " * indent + line for line in lines]


def _wrap_one(text: str, width: int) -> list[str]:
    lines: list[str] = []
    while cell_width(text) > width:
        piece = cut(text, width + 1)
        at = piece.rfind(" ")
        if at <= 0:
            at = max(1, len(cut(text, width)))
        lines.append(text[:at].rstrip())
        text = text[at:].lstrip()
    return [*lines, text]


def rule(title: str, right: str, width: int, *, focused: bool = False) -> Line:
    """The line above a pane: its title, and at the right what is to be said about it."""
    role = "rule-focus" if focused else "rule"
    head = f"== {title} " if focused else f"-- {title} "
    dash = "=" if focused else "-"
    tail = f" {right} {dash * 2}" if right else ""
    head = shorten(head, max(0, width - cell_width(tail)))
    filler = dash * max(0, width - cell_width(head) - cell_width(tail))
    return (Span(head + filler + tail, role),)


def joined(lines: Iterable[Line]) -> str:
    """Lines as plain text, one below the other."""
    return "\n".join(plain(line) for line in lines)


def difference(old: Line, new: Line) -> tuple[int, int] | None:
    """The cells (first, number) in which two lines differ, or None when they look the same."""
    if old == new:
        return None
    before, after = _painted(old), _painted(new)
    size = max(len(before), len(after))
    before += [(" ", "")] * (size - len(before))
    after += [(" ", "")] * (size - len(after))
    differing = [at for at in range(size) if before[at] != after[at]]
    return (differing[0], differing[-1] - differing[0] + 1) if differing else None


def _painted(line: Line) -> list[tuple[str, str]]:
    return [(char, span.role) for span in line for char in span.text for _ in range(char_cells(char))]
