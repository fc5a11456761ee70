"""Reading an attempt's output, while it grows or afterwards: bytes by offset, with their time and stream."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from console.supervisor import layout

_RECORD = layout.TIMES_RECORD


class Piece(Struct, frozen=True):
    """Consecutive bytes of one stream that came at one time.

    `at` in milliseconds since the epoch; `stream` is 0 for the supervisor's own words, 1 stdout, 2 stderr, 3 terminal.
    """

    offset: int
    at: int
    stream: int
    data: bytes


def output_size(directory: str | os.PathLike[str]) -> int:
    """How many bytes of output there are; 0 if there is no output yet."""
    try:
        return (Path(directory) / layout.OUT).stat().st_size
    except OSError:
        return 0


def read_output(directory: str | os.PathLike[str], offset: int, limit: int) -> bytes:
    """At most `limit` bytes of output from `offset`; empty at its end. Raises OSError."""
    handle = os.open(Path(directory) / layout.OUT, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        return os.pread(handle, limit, offset)
    finally:
        os.close(handle)


def read_pieces(directory: str | os.PathLike[str], offset: int, limit: int) -> list[Piece]:
    """At most `limit` bytes of output from `offset`, cut where the time or the stream changes. Raises OSError."""
    # The output first: each of its bytes had its time recorded before it was written.
    data = read_output(directory, offset, limit)
    end = offset + len(data)
    pieces: list[Piece] = []
    handle = os.open(Path(directory) / layout.TIMES, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        times = _Times(handle)
        index = times.covering(offset)
        while offset < end:
            at, _, stream = times[index]
            following = times[index + 1][1] if index + 1 < len(times) else end
            stop = min(max(following, offset), end)
            if stop > offset:
                pieces.append(Piece(offset, at, stream, data[len(data) - (end - offset) : len(data) - (end - stop)]))
            offset, index = stop, index + 1
    finally:
        os.close(handle)
    return pieces


class _Times:
    """The records of out.times. A damaged or missing one reads as time 0, stream 0."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._count = os.fstat(handle).st_size // _RECORD
        self._window = b""
        self._window_start = 0

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> tuple[int, int, int]:
        at = (index - self._window_start) * _RECORD
        if not 0 <= at <= len(self._window) - _RECORD:
            self._window_start = index
            self._window = os.pread(self._handle, 4096 * _RECORD, index * _RECORD)
            at = 0
        return _fields(self._window[at : at + _RECORD])

    def covering(self, offset: int) -> int:
        """The index of the last record that begins at or before `offset`."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if _fields(os.pread(self._handle, _RECORD, middle * _RECORD))[1] <= offset:
                low = middle + 1
            else:
                high = middle
        return max(0, low - 1)


def _fields(record: bytes) -> tuple[int, int, int]:
    if len(record) < _RECORD:
        return 0, 0, 0
    return int.from_bytes(record[:8], "little"), int.from_bytes(record[8:16], "little"), record[16]
