"""The one-shot permit to start an attempt, and files whose space is reserved before anything starts.

Creating the attempt's directory is the permit. Recovery creates it too, before it declares an attempt never started;
whoever comes second starts nothing. The lock settles the moments between creating the directory and using it.
"""

from __future__ import annotations

import fcntl
import os
import time

from console.supervisor import layout
from console.supervisor.lean_json import dump

_LOCK_TRIES = 200
_LOCK_PAUSE_SECONDS = 0.005


class AlreadyStarted(Exception):
    """Somebody else has the permit: another supervisor, or recovery."""


class Reserved:
    """A small file whose space exists from the start, so that it can be written when the disk is full."""

    def __init__(self, name: str, size: int = layout.RECORD_BYTES) -> None:
        self._name = name
        self._size = size
        self._fd = os.open(f"{name}.tmp", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(self._fd, 0, size)

    def publish(self, record: dict[str, object]) -> None:
        """Write the record and put it into place, whole. Raises OSError, ValueError if it is too large."""
        data = dump(record).encode("ascii") + b"\n"
        if len(data) > self._size:
            raise ValueError(f"{self._name} would take {len(data)} bytes of {self._size}")
        os.pwrite(self._fd, data, 0)
        os.ftruncate(self._fd, len(data))
        os.fsync(self._fd)
        os.close(self._fd)
        os.rename(f"{self._name}.tmp", self._name)


def take_permit(directory: str) -> int:
    """Create the directory, go into it and hold its lock; returns the lock's descriptor, to be kept open.

    Raises AlreadyStarted if anybody was here before, OSError if the directory cannot be made or locked.
    """
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError as error:
        raise AlreadyStarted from error
    os.chdir(directory)
    lock = os.open(layout.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    _lock(lock)
    if os.path.exists(layout.CLAIM):
        raise AlreadyStarted
    return lock


def make_durable(directory: str) -> None:
    """Bring the directory and its entries to the disk: a power cut must not make a started attempt look unstarted."""
    for path in (".", os.path.dirname(directory) or "/"):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    # Somebody who looks at the directory holds the lock, shared, for microseconds; a claim is left under it.
    for _ in range(_LOCK_TRIES):
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_SECONDS)
    raise AlreadyStarted
