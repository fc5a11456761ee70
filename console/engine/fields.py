"""Reading a typed, bounded value: a parameter, what a manual step asks, a step's output."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable

from console.engine.patterns import full_match
from console.engine.reports import Value
from console.engine.runbook import Field, ParameterType

LONGEST_STRING = 4_096
LONGEST_TEXT = 65_536
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
# An option such as -o can stand nowhere that a host stands, so that no tool takes a host for one.
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_.:-]*[A-Za-z0-9_])?")
# Characters that make a screen show a text in another order than the one in which it is used.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def parse_field(field: Field, raw: Value, name: str) -> Value:
    """The value in its type; raises ValueError with one sentence for a person, beginning with the name."""
    try:
        value = _PARSERS[field.type](field, raw)
    except ValueError as problem:
        raise ValueError(f"{name} {problem}") from None
    return value


def _integer(field: Field, raw: Value) -> int:
    if isinstance(raw, bool) or raw is None:
        raise ValueError("is not a whole number")
    if isinstance(raw, str):
        if not _INTEGER.fullmatch(raw.strip()):
            raise ValueError(f"is not a whole number: {_short(raw)}")
        raw = int(raw.strip())
    if field.min is not None and raw < field.min:
        raise ValueError(f"is {raw}, and at least {field.min} is asked for")
    if field.max is not None and raw > field.max:
        raise ValueError(f"is {raw}, and at most {field.max} is asked for")
    return raw


def _boolean(field: Field, raw: Value) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _WORDS:
        return _WORDS[raw.strip().lower()]
    raise ValueError(f"is neither true nor false: {_short(raw)}")


def _choice(field: Field, raw: Value) -> str:
    text = "" if raw is None else str(raw)
    if text in field.choices:
        return text
    near = difflib.get_close_matches(text, field.choices, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"is {_short(raw)}, and one of {', '.join(field.choices)} is asked for{hint}")


def _string(field: Field, raw: Value) -> str:
    text = _characters(raw, allowed="")
    _check_length(field, text, LONGEST_STRING)
    if field.pattern is not None and not full_match(field.pattern, text):
        raise ValueError(f"is {_short(text)}, which does not match {field.pattern}")
    return text


def _host(field: Field, raw: Value) -> str:
    text = _string(field, raw)
    if not _HOST.fullmatch(text):
        raise ValueError(f"is {_short(text)}, which is no name or address of a host")
    return text


def _text(field: Field, raw: Value) -> str:
    text = _characters(raw, allowed="\n\t")
    _check_length(field, text, LONGEST_TEXT)
    if field.pattern is not None and not full_match(field.pattern, text):
        raise ValueError(f"does not match {field.pattern}")
    return text


def _characters(raw: Value, allowed: str) -> str:
    if raw is None:
        raise ValueError("is missing")
    text = raw if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    for letter in text:
        if letter not in allowed and (unicodedata.category(letter) in ("Cc", "Cs") or letter in _REORDERING):
            raise ValueError(f"holds the control character U+{ord(letter):04X}")
    return text


def _check_length(field: Field, text: str, longest: int) -> None:
    most = longest if field.max_length is None else field.max_length
    if len(text) > most:
        raise ValueError(f"has {len(text)} characters, and at most {most} are allowed")
    if len(text) < (field.min_length or 0):
        raise ValueError(f"has {len(text)} characters, and at least {field.min_length} are asked for")


def _short(raw: Value) -> str:
    text = str(raw)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


_PARSERS: dict[ParameterType, Callable[[Field, Value], Value]] = {
    ParameterType.INTEGER: _integer,
    ParameterType.BOOLEAN: _boolean,
    ParameterType.CHOICE: _choice,
    ParameterType.STRING: _string,
    ParameterType.HOST: _host,
    ParameterType.TEXT: _text,
}
