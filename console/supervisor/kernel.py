"""The two things a supervisor needs of the kernel that Python has no name for."""

from __future__ import annotations

import ctypes

_SET_DEATH_SIGNAL = 1
_SET_DUMPABLE = 4
_SET_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none escapes a stop."""
    if _prctl(_SET_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def hide_memory() -> None:
    """Keep other processes of this user, and core dumps, out of this process's memory: it knows secrets."""
    _prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """Have this process sent a signal when its parent ends."""
    _prctl(_SET_DEATH_SIGNAL, signal_number, 0, 0, 0)
