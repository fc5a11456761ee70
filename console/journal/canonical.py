"""The one form in which an event is hashed: JSON of which every value has exactly one spelling.

The result is RFC 8785 (JCS) for the values that are let in: None, bool, int within 2**53 - 1, str, list, tuple
and dict with ASCII keys. Floats are refused because their spelling differs between encoders, keys outside ASCII
because their order does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from console.errors import JournalError

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 100


class _Unfit(Exception):
    """Why a value has no canonical form; the path to it grows while the recursion unwinds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.path: list[str] = []


def canonical(value: Any) -> bytes:
    """Encode a JSON value canonically: sorted keys, no spaces, UTF-8, nothing escaped that need not be.

    Raises JournalError with the path to the first part that has no canonical form.
    """
    try:
        _check(value, 0)
        return msgspec.json.encode(value, order="sorted")
    except _Unfit as unfit:
        reason, place = str(unfit), "".join(reversed(unfit.path))
    except UnicodeEncodeError:
        reason, place = "it holds a lone surrogate, which UTF-8 cannot express", ""
    raise JournalError(
        f"This event cannot be recorded: {reason}.",
        where=f"event body at ${place}",
        unaffected="Nothing was written.",
    )


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _Unfit("an integer lies outside ±(2^53 - 1)")
    elif depth >= MAX_DEPTH:
        raise _Unfit(f"it is nested deeper than {MAX_DEPTH} levels")
    elif kind is dict:
        _check_dict(value, depth)
    elif kind is list or kind is tuple:
        for index, item in enumerate(value):
            _check_at(item, depth, f"[{index}]")
    else:
        raise _Unfit(f"a value of type {kind.__name__} has no canonical form")


def _check_dict(value: dict[Any, Any], depth: int) -> None:
    for key, item in value.items():
        if type(key) is not str or not key.isascii():
            raise _Unfit(f"the key {key!r} is not ASCII text")
        _check_at(item, depth, f".{key}")


def _check_at(item: Any, depth: int, step: str) -> None:
    try:
        _check(item, depth + 1)
    except _Unfit as unfit:
        unfit.path.append(step)
        raise
