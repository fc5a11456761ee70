"""Checking what lies beside the chains: notes, definitions, and rows that tell how far a stream once went."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from console.journal.chain import note_digest
from console.journal.findings import Findings
from console.journal.verify_chain import Claimed

PAGE = 500

# Each witness was written in the same transaction as the event it names, or after it.
_WITHOUT_EVENT = """
WITH witness(what, stream, seq) AS (
    SELECT 'The answer to command ' || id, stream, seq FROM command
    UNION ALL SELECT 'The snapshot of ' || stream, stream, seq FROM snapshot
    UNION ALL SELECT 'The row of run ' || id, 'run/' || id, seq FROM run
    UNION ALL SELECT 'The row of incident ' || id, 'incident/' || id, seq FROM incident
)
SELECT what, stream, seq FROM witness WHERE seq > 0
AND NOT EXISTS (SELECT 1 FROM event WHERE event.stream = witness.stream AND event.seq = witness.seq)
"""

_OF_ANOTHER_CHAIN = """
SELECT stream, seq FROM snapshot AS s JOIN event AS e USING (stream, seq) WHERE s.hash <> e.hash
"""


class BesideCheck:
    """Checks notes, definitions and witnesses; counts them."""

    def __init__(self, connection: sqlite3.Connection, findings: Findings) -> None:
        self.notes = self.struck = self.definitions = 0
        self._connection = connection
        self._findings = findings

    def check(self, claimed: Claimed) -> None:
        """Check everything; raises one of DAMAGE when the file cannot be read on."""
        self._check_notes()
        self._check_definitions()
        self._check_claims(claimed)
        for what, stream, seq in self._connection.execute(_WITHOUT_EVENT).fetchall():
            self._findings.add(
                "cut-stream",
                f"{what} speaks of event {seq} of {stream}, which is not there: the stream's end was cut off.",
                stream,
                seq,
            )

        for stream, seq in self._connection.execute(_OF_ANOTHER_CHAIN).fetchall():
            self._findings.add(
                "rewritten-stream",
                f"The snapshot of {stream} was taken when event {seq} had another hash: the chain was computed anew.",
                stream,
                seq,
            )

    def _check_notes(self) -> None:
        for key, salt, text in self._rows("SELECT id, salt, text FROM note_text WHERE id > ? ORDER BY id LIMIT ?"):
            self.notes += 1
            if text is None:
                self.struck += 1
            elif note_digest(salt, text) != key:
                self._findings.add("altered-note", f"The text of note {key} was altered.")

    def _check_definitions(self) -> None:
        sql = "SELECT digest, body FROM definition WHERE digest > ? ORDER BY digest LIMIT ?"
        for key, body in self._rows(sql, page=20):
            self.definitions += 1
            if hashlib.sha256(body).hexdigest() != key:
                self._findings.add("altered-definition", f"The bytes of definition {key} were altered.")

    def _check_claims(self, claimed: Claimed) -> None:
        for key, (stream, seq) in claimed.notes.items():
            if not self._connection.execute("SELECT 1 FROM note_text WHERE id = ?", (key,)).fetchone():
                self._findings.add("missing-note", f"Note {key} is missing: it was not struck.", stream, seq)
        for key, (stream, seq) in claimed.definitions.items():
            if not self._connection.execute("SELECT 1 FROM definition WHERE digest = ?", (key,)).fetchone():
                self._findings.add("missing-definition", f"Definition {key} is missing.", stream, seq)

    def _rows(self, sql: str, page: int = PAGE) -> Iterator[tuple[Any, ...]]:
        """All rows of a table in pages, by a first column that is its key."""
        after = ""
        while True:
            rows = self._connection.execute(sql, (after, page)).fetchall()
            yield from rows
            if len(rows) < page:
                return
            after = rows[-1][0]
