"""What all messages have in common: their base, and how they write a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """Base of everything that is said or shown; unknown fields are ignored, so that versions can differ by one."""


def iso(ms: int | None) -> str | None:
    """A moment (ms since the epoch) as ISO 8601 in UTC."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Milliseconds since the epoch of a text that `iso` made."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
