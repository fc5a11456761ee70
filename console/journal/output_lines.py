"""Finding lines in an output without reading what lies between them."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from console.journal.records import Line

AHEAD = 16
"""Chunks read at once; a chunk has at most 64 KiB."""

_CHUNK = "SELECT offset, first_line, lines, at, flags, size, data FROM chunk WHERE attempt = ?"


class _Chunk(NamedTuple):
    offset: int
    first_line: int
    lines: int
    at: int
    flags: int
    size: int
    data: bytes


class LineWalk:
    """Walks from the start of a line through those that follow.

    Where a line leaves its chunk, the index of line numbers leads straight to the chunk that ends it: of a line of
    a gigabyte, two chunks are read.
    """

    def __init__(self, connection: sqlite3.Connection, attempt: str, cap: int) -> None:
        self._connection = connection
        self._attempt = attempt
        self._cap = cap
        self._ahead: list[_Chunk] = []
        self._chunk: _Chunk | None = None
        self._place = 0

    def take(self, first: int, count: int) -> list[Line]:
        """Lines `first` to `first + count - 1`, fewer at the end of the output."""
        lines: list[Line] = []
        if count > 0 and self._seek(first):
            while len(lines) < count and self._chunk is not None:
                lines.append(self._line(self._chunk, first + len(lines)))
        return lines

    def _seek(self, number: int) -> bool:
        """Stand at the start of a line; False when the output does not reach it."""
        if number <= 0:
            self._enter(0)
            return self._chunk is not None
        chunk = self._ending(number - 1)
        if chunk is None:
            return False
        self._jump(chunk)
        for _ in range(number - chunk.first_line):
            self._place = chunk.data.index(b"\n", self._place) + 1
        self._settle()
        return self._chunk is not None

    def _line(self, chunk: _Chunk, number: int) -> Line:
        start, stop = self._place, chunk.data.find(b"\n", self._place)
        if stop < 0:
            return self._long_line(chunk, number)
        self._place = stop + 1
        self._settle()
        text = chunk.data[start : min(stop, start + self._cap)]
        return Line(number, chunk.offset + start, stop - start, chunk.at, chunk.flags, text, True)

    def _long_line(self, chunk: _Chunk, number: int) -> Line:
        """A line that does not end in the chunk where it starts."""
        start = chunk.offset + self._place
        ending = self._ending(number)
        if ending is None:
            end = self._end()
            self._chunk = None
        else:
            self._jump(ending)
            self._place = ending.data.index(b"\n") + 1
            end = ending.offset + self._place - 1
            self._settle()
        text = read_bytes(self._connection, self._attempt, start, min(self._cap, end - start))
        return Line(number, start, end - start, chunk.at, chunk.flags, text, ending is not None)

    def _settle(self) -> None:
        """Go on to the next chunk when this one is used up."""
        chunk = self._chunk
        if chunk is not None and self._place >= chunk.size:
            self._enter(chunk.offset + chunk.size)

    def _enter(self, offset: int) -> None:
        """Stand at the start of the chunk that begins at `offset`, if there is one."""
        if not self._ahead:
            rows = self._connection.execute(
                f"{_CHUNK} AND offset >= ? ORDER BY offset LIMIT ?", (self._attempt, offset, AHEAD)
            ).fetchall()
            self._ahead = [_Chunk(*row) for row in reversed(rows)]
        self._chunk = self._ahead.pop() if self._ahead else None
        self._place = 0

    def _jump(self, chunk: _Chunk) -> None:
        self._chunk, self._place = chunk, 0
        self._ahead = [later for later in self._ahead if later.offset > chunk.offset]

    def _ending(self, number: int) -> _Chunk | None:
        """The chunk that holds the newline of line `number`."""
        row = self._connection.execute(
            f"{_CHUNK} AND first_line <= ? ORDER BY first_line DESC, offset DESC LIMIT 1", (self._attempt, number)
        ).fetchone()
        chunk = _Chunk(*row) if row else None
        return chunk if chunk and chunk.first_line + chunk.lines > number else None

    def _end(self) -> int:
        row = self._connection.execute(
            "SELECT offset + size FROM chunk WHERE attempt = ? ORDER BY offset DESC LIMIT 1", (self._attempt,)
        ).fetchone()
        return int(row[0])


def read_bytes(connection: sqlite3.Connection, attempt: str, start: int, size: int) -> bytes:
    """The bytes from `start` on, at most `size` of them."""
    if size <= 0:
        return b""
    rows = connection.execute(
        "SELECT offset, data FROM chunk WHERE attempt = ?1 AND offset < ?2 AND offset >= coalesce("
        " (SELECT max(offset) FROM chunk WHERE attempt = ?1 AND offset <= ?3), 0) ORDER BY offset",
        (attempt, start + size, start),
    ).fetchall()
    if not rows:
        return b""
    skip = start - rows[0][0]
    return b"".join(data for _, data in rows)[skip : skip + size]
