"""Finding and ending what a stopped tool left behind on this host. Reads /proc; elsewhere it finds nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Entry(NamedTuple):
    """One process that has not ended: its pid, its parent and its group."""

    pid: int
    parent: int
    group: int


def processes() -> list[Entry]:
    """Every process that has not ended; zombies are left out."""
    found = []
    for directory in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # The name in brackets may itself hold brackets and spaces.
            state, parent, group = (directory / "stat").read_text(errors="replace").rpartition(")")[2].split()[:3]
            if state not in "ZX":
                found.append(Entry(int(directory.name), int(parent), int(group)))
    return found


def group_members(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    return [entry.pid for entry in processes() if entry.group == group]


def children(parent: int) -> list[int]:
    """The processes that this one started and that have not ended."""
    return [entry.pid for entry in processes() if entry.parent == parent]


def descendants(ancestor: int) -> list[int]:
    """Everything below a process, as long as the chain of parents holds."""
    by_parent: dict[int, list[int]] = {}
    for entry in processes():
        by_parent.setdefault(entry.parent, []).append(entry.pid)
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = by_parent.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def end_all(find: Callable[[], list[int]], grace: float = 2.0) -> list[int]:
    """End what `find` finds: SIGTERM, after `grace` seconds SIGKILL; returns what is there even then."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + grace
        for pid in find():
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        while find() and time.monotonic() < deadline:
            time.sleep(0.02)
    return find()
