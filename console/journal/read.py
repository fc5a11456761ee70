"""Reading the journal: each call is a few short reads, and none leaves a transaction open behind it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from console.errors import JournalCorrupt
from console.journal.chain import genesis, link
from console.journal.faults import FILE_ERRORS, explain
from console.journal.home import check_home
from console.journal.opening import open_for_reading
from console.journal.planning import read_head
from console.journal.projections import as_incident, as_run, as_task
from console.journal.records import (
    Definition,
    Head,
    IncidentRow,
    Note,
    Projections,
    Reply,
    RunRow,
    Snapshot,
    StoredEvent,
    TaskRow,
)
from console.journal.schema import JOURNAL

PAGE = 5_000
_NO_RUN = 2**62

# DISTINCT would walk every event; this jumps from stream to stream.
_STREAMS = """
WITH RECURSIVE name(stream) AS (
    SELECT (SELECT min(stream) FROM event WHERE stream >= :low)
    UNION ALL
    SELECT (SELECT min(stream) FROM event WHERE stream > name.stream) FROM name WHERE name.stream IS NOT NULL
)
SELECT stream FROM name WHERE stream IS NOT NULL AND substr(stream, 1, :size) = :low
"""


class Reader:
    """A read-only view of a journal on a connection of its own; what fails raises JournalError or its kinds."""

    def __init__(self, connection: sqlite3.Connection, path: Path, journal: str) -> None:
        self.journal = journal
        self._connection = connection
        self._path = path

    def _rows(self, sql: str, values: Any = ()) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except FILE_ERRORS as error:
            raise explain(error, self._path) from error

    def bodies(self, stream: str, after: int = 0) -> Iterator[bytes]:
        """The raw bodies of a stream in order, from the event after `after` on."""
        while True:
            page = self._rows(
                "SELECT seq, CAST(body AS BLOB) FROM event WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
                (stream, after, PAGE),
            )
            for _, body in page:
                yield body
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def events(
        self, stream: str, after: int = 0, limit: int | None = None, checked: bool = False
    ) -> Iterator[StoredEvent]:
        """The events of a stream in order.

        `checked` recomputes the chain on the way, and raises JournalCorrupt where it breaks.
        """
        previous = self._link(stream, after) if checked else b""
        left = PAGE if limit is None else limit
        while left > 0:
            size = PAGE if limit is None else min(PAGE, left)
            page = self._page(stream, after, size)
            for event in page:
                if checked:
                    previous = self._check(event, previous, after)
                after = event.seq
                yield event
            if len(page) < size:
                return
            left -= len(page) if limit is not None else 0

    def _page(self, stream: str, after: int, size: int) -> list[StoredEvent]:
        rows = self._rows(
            "SELECT stream, seq, type, at, CAST(body AS BLOB), hash FROM event"
            " WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?",
            (stream, after, size),
        )
        return [StoredEvent(*row) for row in rows]

    def _link(self, stream: str, seq: int) -> bytes:
        if seq == 0:
            return genesis(self.journal, stream)
        event = self.event(stream, seq)
        if event is None:
            raise _broken(stream, seq, "it is missing")
        return event.hash

    def _check(self, event: StoredEvent, previous: bytes, after: int) -> bytes:
        if event.seq != after + 1:
            raise _broken(event.stream, after + 1, "it is missing")
        if link(previous, event.seq, event.body) != event.hash:
            raise _broken(event.stream, event.seq, "its content does not agree with the chain")
        return event.hash

    def event(self, stream: str, seq: int) -> StoredEvent | None:
        """One event, or None."""
        page = self._page(stream, seq - 1, 1)
        return page[0] if page and page[0].seq == seq else None

    def head(self, stream: str) -> Head:
        """Where a stream ends; `seq` is 0 when it has no event."""
        try:
            return read_head(self._connection, self.journal, stream)
        except FILE_ERRORS as error:
            raise explain(error, self._path) from error

    def streams(self, prefix: str = "") -> list[str]:
        """The names of all streams that begin with `prefix`, in order of their bytes."""
        return [row[0] for row in self._rows(_STREAMS, {"low": prefix, "size": len(prefix)})]

    def heads(self, prefix: str = "") -> list[Head]:
        """The heads of all streams that begin with `prefix`."""
        return [self.head(stream) for stream in self.streams(prefix)]

    def reply(self, command: str) -> Reply | None:
        """What a command did, if it was seen before."""
        rows = self._rows("SELECT * FROM command WHERE id = ?", (command,))
        return Reply(*rows[0]) if rows else None

    def definition(self, digest: str) -> Definition | None:
        """A runbook or a file by its digest."""
        rows = self._rows("SELECT digest, kind, media, body FROM definition WHERE digest = ?", (digest,))
        return Definition(*rows[0]) if rows else None

    def note(self, note: str) -> Note | None:
        """A note; its text is None once it was struck."""
        rows = self._rows("SELECT * FROM note_text WHERE id = ?", (note,))
        return Note(*rows[0]) if rows else None

    def snapshot(self, stream: str, code: str) -> Snapshot | None:
        """The folded state of a stream, or None unless it is of this code and of the chain as it stands."""
        rows = self._rows(
            "SELECT s.* FROM snapshot AS s JOIN event AS e USING (stream, seq)"
            " WHERE s.stream = ? AND s.code = ? AND s.hash = e.hash",
            (stream, code),
        )
        return Snapshot(*rows[0]) if rows else None

    def runs(self, open_only: bool = False, before: int | None = None, limit: int = 100) -> list[RunRow]:
        """Runs, the newest first; `before` goes on from the last one of an earlier page."""
        sql = "SELECT * FROM run WHERE id < ? ORDER BY id DESC LIMIT ?"
        if open_only:
            sql = "SELECT * FROM run WHERE ended_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?"
        return [as_run(row) for row in self._rows(sql, (_NO_RUN if before is None else before, limit))]

    def run(self, number: int) -> RunRow | None:
        """One run by its number."""
        rows = self._rows("SELECT * FROM run WHERE id = ?", (number,))
        return as_run(rows[0]) if rows else None

    def last_run(self) -> int:
        """The highest run number in the list, 0 when there is none."""
        return int(self._rows("SELECT coalesce(max(id), 0) FROM run")[0][0])

    def tasks(self, run: int | None = None) -> list[TaskRow]:
        """Tasks in order of their keys, of one run or of all."""
        if run is None:
            rows = self._rows("SELECT * FROM task ORDER BY run, id")
        else:
            rows = self._rows("SELECT * FROM task WHERE run = ? ORDER BY id", (run,))
        return [as_task(row) for row in rows]

    def incidents(self) -> list[IncidentRow]:
        """Incidents, the newest first."""
        return [as_incident(row) for row in self._rows("SELECT * FROM incident ORDER BY id DESC")]

    def projections(self) -> Projections:
        """Every row of the lists, in order of their keys."""
        runs = [as_run(row) for row in self._rows("SELECT * FROM run ORDER BY id")]
        return Projections(runs=runs, tasks=self.tasks(), incidents=self.incidents()[::-1])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _broken(stream: str, seq: int, finding: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"Event {seq} cannot be trusted: {finding}.",
        where=f"{stream}, event {seq}",
        unaffected="Other streams are not concerned; nothing was changed.",
        mend="Run `console verify` to see how far the damage goes, and compare with a backup.",
    )


def open_reader(home: Path) -> Reader:
    """Open the journal of a home for reading. Raises JournalError, JournalCorrupt, JournalTooNew."""
    home = Path(home)
    check_home(home)
    connection, journal = open_for_reading(home, JOURNAL)
    return Reader(connection, home / JOURNAL.file, journal)
