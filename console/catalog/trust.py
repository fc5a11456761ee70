"""Who else could change a file that is about to be believed."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from functools import lru_cache
from pathlib import Path


def writable_by_others(path: Path) -> str | None:
    """How somebody else could change what is at `path`, or None. A directory with the sticky bit counts as safe.

    Raises OSError when there is nothing at `path`.
    """
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode) and mode & stat.S_ISVTX:
        return None
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _private_group(found.st_uid, found.st_gid)):
        who = "everybody" if mode & stat.S_IWOTH else "its group"
        return f"{who} can write to it (mode {mode:o})"
    return None


def foreign(path: Path) -> str | None:
    """Whose `path` is, when it belongs neither to us, nor to root, nor to the one who installed this program."""
    owner = path.stat().st_uid
    return None if owner in (0, os.geteuid(), _installer()) else f"it belongs to uid {owner}"


@lru_cache(maxsize=64)
def _private_group(uid: int, gid: int) -> bool:
    """Whether a group holds its owner alone: with the usual umask of 002 such a group may write to everything."""
    try:
        owner, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except KeyError:
        return False
    return owner.pw_gid == gid and group.gr_name == owner.pw_name and set(group.gr_mem) <= {owner.pw_name}


@lru_cache(maxsize=1)
def _installer() -> int:
    return Path(__file__).stat().st_uid
