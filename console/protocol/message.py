"""What all messages have in common: their base, and how they write a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """Base of everything that is said or shown; unknown fields are ignored, so that versions can differ by one."""


def iso(ms: int | None) -> str | None:
    """A moment (ms since the epoch) as ISO 8601 in UTC."""
    if ms is None:
        return None
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    # Everything that happens within a second shares this, and a view of a long run asks for it very often.
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00")


def from_iso(text: str) -> int:
    """Milliseconds since the epoch of a text that `iso` made."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
