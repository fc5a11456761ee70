"""How long something takes and when it was, in a form that nobody takes for the other."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def moment(text: str | None) -> float | None:
    """Seconds since the epoch of an ISO 8601 text, or None when it is none."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def duration(seconds: float | None) -> str:
    """A duration in its two largest units: `8s`, `3m12s`, `4h05m`, `2d03h`. Never written like a clock."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d{whole % DAY // HOUR:02d}h"


def elapsed(start: str | None, end: str | None, now: float) -> str:
    """How long something took, or takes until now; empty before it began."""
    began = moment(start)
    if began is None:
        return ""
    ended = moment(end)
    return duration((now if ended is None else ended) - began)


def clock(text: str | None, *, seconds: bool = False) -> str:
    """A moment as a clock in UTC: `03:12Z`, or `03:12:04Z`."""
    at = moment(text)
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%SZ" if seconds else "%H:%MZ")


def when(text: str | None, now: float) -> str:
    """A moment for a list: the clock for today's, else the date."""
    at = moment(text)
    if at is None:
        return ""
    then = datetime.fromtimestamp(at, UTC)
    today = datetime.fromtimestamp(now, UTC)
    if then.date() == today.date():
        return then.strftime("%H:%MZ")
    return then.strftime("%d %b") if then.year == today.year else then.strftime("%Y-%m-%d")


def until(text: str | None, now: float) -> str:
    """How long until a moment: `in 4m`, or `2m ago` once it has passed."""
    at = moment(text)
    if at is None:
        return ""
    left = at - now
    return f"in {duration(left)}" if left >= 0 else f"{duration(-left)} ago"
