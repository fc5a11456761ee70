"""Who else could change a file that is about to be believed."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def writable_by_others(path: Path) -> str | None:
    """How somebody else could change what is at `path`, or None. A directory with the sticky bit counts as safe.

    Raises OSError when there is nothing at `path`.
    """
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS and not (stat.S_ISDIR(found.st_mode) and mode & stat.S_ISVTX):
        who = "everybody" if mode & stat.S_IWOTH else "its group"
        return f"{who} can write to it (mode {mode:o})"
    return None


def foreign(path: Path) -> str | None:
    """Whose `path` is, when it belongs neither to us, nor to root, nor to the one who installed this program."""
    owner = path.stat().st_uid
    return None if owner in (0, os.geteuid(), _installer()) else f"it belongs to uid {owner}"


@lru_cache(maxsize=1)
def _installer() -> int:
    return Path(__file__).stat().st_uid
