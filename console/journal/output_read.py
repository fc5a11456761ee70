"""Windows on the output of attempts, by byte and by line; never more of it in memory than was asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from console.journal.faults import FILE_ERRORS, explain
from console.journal.home import check_home
from console.journal.opening import open_for_reading
from console.journal.output_lines import LineWalk, read_bytes
from console.journal.records import Line, OutputEnd
from console.journal.schema import OUTPUT

T = TypeVar("T")


def read_end(connection: sqlite3.Connection, attempt: str) -> OutputEnd | None:
    """How far an attempt's output goes, from its seal or from its last chunk; None when there is none."""
    sealed = connection.execute(
        "SELECT bytes, lines, complete, sha256 FROM attempt_output WHERE attempt = ?", (attempt,)
    ).fetchone()
    if sealed is not None:
        size, lines, complete, digest = sealed
        return OutputEnd(attempt, size, lines, True, bool(complete), digest)
    last = connection.execute(
        "SELECT offset + size, first_line + lines FROM chunk WHERE attempt = ? ORDER BY offset DESC LIMIT 1",
        (attempt,),
    ).fetchone()
    return OutputEnd(attempt, *last) if last else None


class OutputReader:
    """A read-only view of the output of a home's attempts, on a connection of its own."""

    def __init__(self, connection: sqlite3.Connection, path: Path, journal: str) -> None:
        self.journal = journal
        self._connection = connection
        self._path = path

    def end(self, attempt: str) -> OutputEnd | None:
        """How far an attempt's output goes; None when it has none."""
        return self._explained(lambda: read_end(self._connection, attempt))

    def read(self, attempt: str, start: int, size: int) -> bytes:
        """The bytes from `start` on, at most `size`; fewer at the end of the output."""
        return self._explained(lambda: read_bytes(self._connection, attempt, max(start, 0), size))

    def lines(self, attempt: str, first: int, count: int, max_line: int = 4096) -> list[Line]:
        """Lines `first` to `first + count - 1`, counted from 0; fewer at the end of the output.

        Each text is cut at `max_line` bytes; `offset` and `size` say where all of it can be read.
        """
        return self._explained(lambda: LineWalk(self._connection, attempt, max_line).take(max(first, 0), count))

    def times(self, attempt: str, start: int, size: int) -> list[tuple[int, int, int]]:
        """When the bytes of a range came: `(offset, at, flags)` of each chunk that has a part in it."""
        return self._explained(
            lambda: self._connection.execute(
                "SELECT offset, at, flags FROM chunk WHERE attempt = ?1 AND offset < ?2 AND offset >= coalesce("
                " (SELECT max(offset) FROM chunk WHERE attempt = ?1 AND offset <= ?3), 0) ORDER BY offset",
                (attempt, start + size, start),
            ).fetchall()
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _explained(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except FILE_ERRORS as error:
            raise explain(error, self._path) from error


def open_output_reader(home: Path) -> OutputReader:
    """Open the output of a home for reading. Raises JournalError, JournalCorrupt, JournalTooNew."""
    home = Path(home)
    check_home(home)
    connection, journal = open_for_reading(home, OUTPUT)
    return OutputReader(connection, home / OUTPUT.file, journal)
