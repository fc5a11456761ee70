"""What a turn adds to the chains, worked out before anything is written."""

from __future__ import annotations

import sqlite3

from console.errors import JournalError, JournalForked
from console.journal.chain import body_of, genesis, link
from console.journal.records import Event, Head, Turn

EventRow = tuple[str, int, str, int, str, bytes]


def read_head(connection: sqlite3.Connection, journal: str, stream: str) -> Head:
    """The head of a stream as it is stored; that of a stream without events is its genesis."""
    row = connection.execute(
        "SELECT seq, hash FROM event WHERE stream = ? ORDER BY seq DESC LIMIT 1", (stream,)
    ).fetchone()
    return Head(stream, *row) if row else Head(stream, 0, genesis(journal, stream))


class Plan:
    """The rows that one turn adds, the heads it leads to, and how many of its events were there already."""

    def __init__(self, connection: sqlite3.Connection, journal: str, known: dict[str, Head]) -> None:
        """`known` is the writer's memory of heads: read, filled from the file, and not otherwise changed."""
        self._connection = connection
        self._journal = journal
        self._known = known
        self.heads: dict[str, Head] = {}
        self.rows: list[EventRow] = []
        self.repeated = 0

    def add(self, turn: Turn) -> None:
        """Chain the events of a turn. Raises JournalForked, or JournalError for a gap or an unfit event."""
        for event in turn.events:
            self._add(event)

    def _add(self, event: Event) -> None:
        body = body_of(event)
        head = self.head(event.stream)
        if event.seq == head.seq + 1:
            digest = link(head.hash, event.seq, body)
            self.rows.append((event.stream, event.seq, event.type, event.at, body.decode(), digest))
            self.heads[event.stream] = Head(event.stream, event.seq, digest)
        elif 1 <= event.seq <= head.seq:
            self._repeat(event, body.decode())
            self.heads.setdefault(event.stream, head)
        else:
            raise JournalError(
                f"Event {event.seq} does not follow event {head.seq}, the last one of the stream.",
                where=event.stream,
                unaffected="Nothing was written.",
            )

    def head(self, stream: str) -> Head:
        """Where the stream ends, with what was planned so far."""
        head = self.heads.get(stream) or self._known.get(stream)
        if head is None:
            head = self._known[stream] = read_head(self._connection, self._journal, stream)
        return head

    def hash_at(self, stream: str, seq: int) -> bytes | None:
        """The hash of one event, stored or planned; None when there is no such event."""
        head = self.head(stream)
        if seq == head.seq:
            return head.hash
        found = self._find(stream, seq)
        return found[1] if found else None

    def _repeat(self, event: Event, body: str) -> None:
        found = self._find(event.stream, event.seq)
        if found is None or found[0] != body:
            raise JournalForked(
                f"Event {event.seq} was recorded before with another content: the stream is forked.",
                where=event.stream,
                unaffected="Other streams go on; what was recorded first stands.",
                mend="Run `console verify`, then restart the server: it goes on from what is recorded.",
            )
        self.repeated += 1

    def _find(self, stream: str, seq: int) -> tuple[str, bytes] | None:
        for row in self.rows:
            if row[0] == stream and row[1] == seq:
                return row[4], row[5]
        found: tuple[str, bytes] | None = self._connection.execute(
            "SELECT body, hash FROM event WHERE stream = ? AND seq = ?", (stream, seq)
        ).fetchone()
        return found
