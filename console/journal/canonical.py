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
    if kind is dict or kind is list or kind is tuple:
        if depth >= MAX_DEPTH:
            raise _Unfit(f"it is nested deeper than {MAX_DEPTH} levels")
        if kind is dict:
            _check_members(value, depth + 1)
        else:
            _check_items(value, depth + 1)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise _Unfit("an integer lies outside ±(2^53 - 1)")
    elif not (kind is str or value is None or kind is bool):
        raise _Unfit(f"a value of type {kind.__name__} has no canonical form")


def _check_members(value: dict[Any, Any], depth: int) -> None:
    for key, item in value.items():
        if type(key) is not str or not key.isascii():
            raise _Unfit(f"the key {key!r} is not ASCII text")
        # Every append pays for this loop, so the commonest values do not pay for a call.
        kind = type(item)
        if kind is str or item is None or kind is bool or (kind is int and -MAX_INTEGER <= item <= MAX_INTEGER):
            continue
        try:
            _check(item, depth)
        except _Unfit as unfit:
            unfit.path.append(f".{key}")
            raise


def _check_items(value: list[Any] | tuple[Any, ...], depth: int) -> None:
    for place, item in enumerate(value):
        if type(item) is str:
            continue
        try:
            _check(item, depth)
        except _Unfit as unfit:
            unfit.path.append(f"[{place}]")
            raise
