"""Colours in output that has been through the sanitiser: escape sequences become inks, and nothing else is left.

Only `ESC [ … m` is understood; any other escape character is shown as a picture, should one ever get here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_LEFT_OVER = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FLAGS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike", 21: "underline"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}


@dataclass(frozen=True, slots=True)
class Ink:
    """How characters look. A colour is a number of the palette (0-255), `#rrggbb`, or None for the usual one."""

    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False
    front: int | str | None = None
    back: int | str | None = None


PLAIN = Ink()


@dataclass(frozen=True, slots=True)
class Inked:
    """A run of characters in one ink."""

    text: str
    ink: Ink = PLAIN


def inked(text: str) -> tuple[Inked, ...]:
    """A sanitised line as runs of characters in their inks."""
    if "\x1b" not in text:
        return (Inked(_inert(text)),) if text else ()
    return tuple(_runs(text))


def without_colour(text: str) -> str:
    """A sanitised line without its colours."""
    return _inert(_SGR.sub("", text))


def _runs(text: str) -> Iterator[Inked]:
    ink = PLAIN
    at = 0
    for match in _SGR.finditer(text):
        if match.start() > at:
            yield Inked(_inert(text[at : match.start()]), ink)
        ink = _after(ink, match.group(1))
        at = match.end()
    if at < len(text):
        yield Inked(_inert(text[at:]), ink)


def _inert(text: str) -> str:
    return _LEFT_OVER.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group(0))
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<{code:02X}>"


def _after(ink: Ink, codes: str) -> Ink:
    numbers = [int(part) if part else 0 for part in codes[:64].split(";")]
    at = 0
    while at < len(numbers):
        code = numbers[at]
        if code in (38, 48):
            colour, used = _extended(numbers[at + 1 :])
            if used == 0:
                return ink
            ink = replace(ink, front=colour) if code == 38 else replace(ink, back=colour)
            at += 1 + used
            continue
        ink = _one(ink, code)
        at += 1
    return ink


def _extended(rest: list[int]) -> tuple[int | str | None, int]:
    """The colour that follows a 38 or 48, and how many numbers it took; none when it is not one."""
    if len(rest) >= 2 and rest[0] == 5 and rest[1] <= 255:
        return rest[1], 2
    if len(rest) >= 4 and rest[0] == 2 and max(rest[1:4]) <= 255:
        return f"#{rest[1]:02x}{rest[2]:02x}{rest[3]:02x}", 4
    return None, 0


def _one(ink: Ink, code: int) -> Ink:
    if code == 0:
        return PLAIN
    if code in _FLAGS:
        return replace(ink, **{_FLAGS[code]: True})
    if code in _OFF:
        return replace(ink, **dict.fromkeys(_OFF[code], False))
    return _palette(ink, code)


def _palette(ink: Ink, code: int) -> Ink:
    if 30 <= code <= 37:
        return replace(ink, front=code - 30)
    if 40 <= code <= 47:
        return replace(ink, back=code - 40)
    if 90 <= code <= 97:
        return replace(ink, front=code - 82)
    if 100 <= code <= 107:
        return replace(ink, back=code - 92)
    if code == 39:
        return replace(ink, front=None)
    if code == 49:
        return replace(ink, back=None)
    return ink
