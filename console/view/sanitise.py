"""Text from outside, made harmless for a terminal: nothing in it moves, hides, types, copies or reverses anything.

Output of steps, titles, notes, names of hosts and files, messages of tools and of other programs all go through `text`
or `line` on their way to a screen. Both are pure, and idempotent for the same arguments.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

LINE_LIMIT = 200
TEXT_LIMIT = 16_384
COMBINING_LIMIT = 3

_RESET = "\x1b[0m"
_MARK_ROOM = 32
_KEPT_SGR = frozenset((*range(5), 7, 9, *range(21, 25), 27, 29, *range(30, 38), 39, *range(40, 48), 49))
_BRIGHT_SGR = frozenset((*range(90, 98), *range(100, 108)))
_SUSPECT = re.compile(r"[^\n\t -~]")
_INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CUT_SGR = re.compile(r"\x1b\[?[0-9;]*\Z")


@cache
def _token() -> re.Pattern[str]:
    # Compiled when the first suspicious text comes: a verb that shows none is quicker without.
    return re.compile(
        r"\x1b\[(?P<sgr>[0-9;:]*)m"
        r"|(?P<string>(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?P<bell>\x07|\x1b\\|\x9c)?"  # OSC
        r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?P<st>\x1b\\|\x9c)?)"  # DCS, SOS, PM, APC
        r"|(?P<sequence>(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI, also cut off
        r"|\x1b[ -/]*[0-~])"  # every other escape
        r"|(?P<ends>\r+(?=\n|\Z))"
        r"|(?P<emoji>(?<=[\u2000-\u3fff\U0001f000-\U0001faff])\ufe0f)"
        r"|(?P<control>[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029])"
        r"|(?P<surrogate>[\ud800-\udfff])"
        rf"|(?P<invisible>[{_INVISIBLE}])"
    )


@cache
def _harmful() -> re.Pattern[str]:
    return re.compile(rf"[\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLE}]")


@cache
def _maybe_marks() -> re.Pattern[str]:
    return re.compile(r"[\u0300-\U0010ffff]{4,}")


def text(value: str, *, sgr: bool = False, limit: int = TEXT_LIMIT) -> str:
    """Text of any number of lines, at most `limit` characters. With `sgr`, harmless colours and styles stay.

    Newlines and tabs stay. What would be invisible is shown: other controls as pictures (␛ ␀), bidi, zero-width and
    the like as their code in angle quotes. Control sequences are removed whole; one that was never ended leaves ␛.
    """
    cut = value[:limit]
    if _SUSPECT.search(cut):
        cut = _limit_marks(_token().sub(_keep_colours if sgr else _replace, cut))
    return _shorten(cut, len(value) - limit, limit)


def line(value: str, *, limit: int = LINE_LIMIT) -> str:
    """A name or a title: one line without colours, composed (NFC), at most `limit` characters."""
    cut = value[:limit].strip()
    if _SUSPECT.search(cut):
        cut = _limit_marks(unicodedata.normalize("NFC", _token().sub(_replace, cut)))
    cut = cut.strip().replace("\n", "␤").replace("\t", " ")
    return _shorten(cut, len(value) - limit, limit).strip()


def _replace(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind in ("sgr", "sequence", "ends", "emoji"):
        return ""
    if kind == "string":
        return "" if match["bell"] or match["st"] else "␛"
    if kind == "surrogate":
        return "�"
    code = ord(match[0])
    if kind == "control":
        return _picture(code)
    return _code(code)


def _keep_colours(match: re.Match[str]) -> str:
    return _allowed(match["sgr"]) if match.lastgroup == "sgr" else _replace(match)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "␤" if code in (0x85, 0x2028, 0x2029) else _code(code)


def _code(code: int) -> str:
    return f"\u2039{code:04X}\u203a"


@lru_cache(maxsize=1024)
def _allowed(parameters: str) -> str:
    if not parameters:
        return _RESET
    given = parameters.replace(":", ";").split(";")[:32]
    kept: list[str] = []
    position = 0
    while position < len(given):
        number = _number(given[position])
        if number in (38, 48):
            size = {"5": 3, "2": 5}.get(given[position + 1] if position + 1 < len(given) else "", 0)
            colour = [_number(part) for part in given[position : position + size]]
            if not size or len(colour) != size or any(not 0 <= part <= 255 for part in colour):
                break
            kept += [str(part) for part in colour]
            position += size
            continue
        if number in _KEPT_SGR or number in _BRIGHT_SGR:
            kept.append(str(number))
        position += 1
    return f"\x1b[{';'.join(kept)}m" if kept else ""


def _number(digits: str) -> int:
    return int(digits or 0) if len(digits) <= 3 else -1


def _limit_marks(value: str) -> str:
    return value if value.isascii() else _maybe_marks().sub(_drop_marks, value)


def _drop_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in match[0]:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= COMBINING_LIMIT:
            kept.append(character)
    return "".join(kept)


def _shorten(cleaned: str, dropped: int, limit: int) -> str:
    whole = _closed(cleaned)
    if dropped <= 0 and len(whole) <= limit:
        return whole
    # What stands for an invisible character is longer than it, so that what was cut may have to be cut again.
    room = max(limit - _MARK_ROOM, limit // 2)
    mark = f" [+{max(dropped, 0) + max(len(cleaned) - room, 0)} characters]"
    if room + len(mark) + len(_RESET) > limit:
        mark = "~"
        room = max(limit - len(mark) - len(_RESET), 0)
    return (_closed(_CUT_SGR.sub("", cleaned[:room])) + mark)[:limit]


def _closed(value: str) -> str:
    start = value.rfind("\x1b")
    return value if start < 0 or value.startswith(_RESET, start) else value + _RESET


def json_safe(encoded: str) -> str:
    """JSON text in which no character does anything to a terminal: they are written as JSON's own escapes."""
    return encoded if encoded.isascii() and "\x7f" not in encoded else _harmful().sub(_escape, encoded)


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
