"""Recomputing the chains of all streams, and comparing each event's columns with what was hashed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable

import msgspec

from console.journal.chain import genesis
from console.journal.findings import DAMAGE, Findings
from console.journal.records import Claim, Claims, DefinitionClaim, Head, NoteClaim, OutputClaim
from console.journal.schema import JOURNAL

PAGE = 5_000

_EVENTS = """
SELECT seq, type, at, CAST(body AS BLOB), hash FROM event WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?
"""


class _Columns(msgspec.Struct):
    stream: str
    seq: int
    type: str
    at: int


class Claimed:
    """What events say about things beside the chain, and where they say it."""

    def __init__(self) -> None:
        self.outputs: list[tuple[OutputClaim, str, int]] = []
        self.notes: dict[str, tuple[str, int]] = {}
        self.definitions: dict[str, tuple[str, int]] = {}

    def add(self, claims: Iterable[Claim], stream: str, seq: int) -> None:
        """Remember claims of one event."""
        for claim in claims:
            match claim:
                case OutputClaim():
                    self.outputs.append((claim, stream, seq))
                case NoteClaim():
                    self.notes.setdefault(claim.id, (stream, seq))
                case DefinitionClaim():
                    self.definitions.setdefault(claim.digest, (stream, seq))


class ChainCheck:
    """Goes through streams event by event; counts them, keeps their heads and claims."""

    def __init__(self, connection: sqlite3.Connection, journal: str, findings: Findings, claims: Claims | None) -> None:
        self.events = 0
        self.heads: list[Head] = []
        self.claimed = Claimed()
        self._connection = connection
        self._journal = journal
        self._findings = findings
        self._claims = claims
        self._decoder = msgspec.json.Decoder(_Columns)

    def check(self, stream: str) -> None:
        """Check one stream to its end."""
        after, previous = 0, genesis(self._journal, stream)
        try:
            while True:
                rows = self._connection.execute(_EVENTS, (stream, after, PAGE)).fetchall()
                after, previous = self._page(stream, rows, after, previous)
                if len(rows) < PAGE:
                    break
        except DAMAGE as error:
            self._findings.add_unreadable(error, JOURNAL.file, stream)
        self.heads.append(Head(stream, after, previous))

    def _page(
        self, stream: str, rows: list[tuple[int, str, int, bytes, bytes]], after: int, previous: bytes
    ) -> tuple[int, bytes]:
        sha256, decode = hashlib.sha256, self._decoder.decode
        for seq, kind, at, body, stored in rows:
            altered = False
            if seq != after + 1:
                self._missing(stream, after + 1, seq - 1)
            elif sha256(previous + seq.to_bytes(8, "big") + body).digest() != stored:
                altered = True
                self._altered(stream, seq)
            after, previous = seq, stored
            try:
                columns = decode(body)
                agrees = columns.seq == seq and columns.type == kind and columns.at == at
                if not (agrees and columns.stream == stream):
                    self._mislabelled(stream, seq)
            except (msgspec.MsgspecError, ValueError):
                self._mislabelled(stream, seq)
            if self._claims is not None and not altered:
                self._ask(self._claims, kind, body, stream, seq)
        self.events += len(rows)
        return after, previous

    def _ask(self, claims: Claims, kind: str, body: bytes, stream: str, seq: int) -> None:
        try:
            self.claimed.add(claims(kind, body), stream, seq)
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
            self._findings.add(
                "unread-event",
                f"What event {seq} of {stream} says about output and texts cannot be read: {error}.",
                stream,
                seq,
            )

    def _altered(self, stream: str, seq: int) -> None:
        self._findings.add(
            "altered-event",
            f"Event {seq} of {stream} was altered after it was recorded, or its hash was.",
            stream,
            seq,
        )

    def _missing(self, stream: str, first: int, last: int) -> None:
        which = f"Event {first} of {stream} is" if first == last else f"Events {first} to {last} of {stream} are"
        self._findings.add("missing-events", f"{which} missing.", stream, first)

    def _mislabelled(self, stream: str, seq: int) -> None:
        self._findings.add(
            "mislabelled-event",
            f"Event {seq} of {stream} is filed under a stream, number, type or time that its body does not say.",
            stream,
            seq,
        )
