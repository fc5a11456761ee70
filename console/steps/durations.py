"""Durations as runbooks write them: `90s`, `20m`, `4h`, `2d`."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

PATTERN = r"^[1-9][0-9]{0,6}(ms|s|m|h|d)$|^0s$"
Duration = Annotated[str, msgspec.Meta(pattern=PATTERN, description="a duration such as 90s, 20m, 4h or 2d")]
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_duration(text: str) -> int:
    """Milliseconds of a duration; raises ValueError for any other text."""
    if not re.match(PATTERN, text):
        raise ValueError(f"{text!r} is not a duration such as 90s, 20m, 4h or 2d")
    number, unit = re.fullmatch(r"([0-9]+)([a-z]+)", text).groups()  # type: ignore[union-attr]
    return int(number) * _UNITS[unit]
