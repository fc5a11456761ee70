"""What goes into the journal and what comes out of it: plain values, no behaviour.

Times are milliseconds since 1970 in UTC, digests SHA-256 as 64 lower-case hexadecimal digits, sizes bytes.
A JSON body is opaque to the journal: `bytes` of UTF-8 JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One event to append; `seq` counts from 1 in its stream and leaves no gap.

    `who`, `cause` and `data` are JSON values made of None, bool, int, str, list and dict (no float).
    """

    stream: str
    seq: int
    type: str
    at: int
    who: Any
    cause: str | None
    data: Any


class StoredEvent(msgspec.Struct, frozen=True):
    """One event as it is kept; `body` holds the exact bytes that the chain covers."""

    stream: str
    seq: int
    type: str
    at: int
    body: bytes
    hash: bytes


class Envelope(msgspec.Struct, frozen=True):
    """The shape of an event's body, for `msgspec.json.decode(body, type=Envelope)`; `data` stays raw."""

    stream: str
    seq: int
    type: str
    at: int
    who: Any
    cause: str | None
    data: msgspec.Raw


class Head(msgspec.Struct, frozen=True):
    """Where a stream ends: the last sequence number (0 for a stream without events) and its hash."""

    stream: str
    seq: int
    hash: bytes


class Note(msgspec.Struct, frozen=True):
    """Free text beside the chain: `id` is the digest of salt and text, and all that an event says of it.

    Read back, `salt` and `text` are None once the note was struck at `struck_at`.
    """

    id: str
    salt: bytes | None
    text: str | None
    struck_at: int | None = None


class Definition(msgspec.Struct, frozen=True):
    """A runbook or a file that a run is pinned to, addressed by the digest of its bytes."""

    digest: str
    kind: str
    media: str
    body: bytes


class Reply(msgspec.Struct, frozen=True):
    """What the command `id` did: the last event it made, and the answer that its repetition gets."""

    id: str
    stream: str
    seq: int
    reply: str
    at: int


class SnapshotIn(msgspec.Struct, frozen=True):
    """Folded state of a stream after event `seq`; `code` names the version of the code that folded it."""

    stream: str
    seq: int
    code: str
    body: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot read back; `hash` is that of the event it was taken after."""

    stream: str
    seq: int
    hash: bytes
    code: str
    body: bytes


class RunRow(msgspec.Struct, frozen=True):
    """A run as lists show it; `seq` is the last event of its stream, `run/<id>`, that the row reflects."""

    id: int
    runbook: str
    title: str
    state: str
    environment: str | None
    started_by: str
    started_at: int
    ended_at: int | None
    seq: int
    body: bytes = b"{}"


class TaskRow(msgspec.Struct, frozen=True):
    """Something that waits for a person; `id` is unique within its run."""

    run: int
    id: str
    path: str
    visit: int
    kind: str
    state: str
    body: bytes = b"{}"


class IncidentRow(msgspec.Struct, frozen=True):
    """An incident as lists show it; its stream is `incident/<id>`."""

    id: int
    title: str
    state: str
    opened_by: str
    opened_at: int
    closed_at: int | None
    seq: int
    body: bytes = b"{}"


class Turn(msgspec.Struct, frozen=True):
    """All that one turn records, in one transaction.

    `events` may belong to several streams; each stream's are in order. Projection rows replace those of the
    same key. The `*_gone` keys are deleted before rows are written; `tasks_cleared` deletes all tasks of a run.
    """

    events: Sequence[Event] = ()
    notes: Sequence[Note] = ()
    definitions: Sequence[Definition] = ()
    replies: Sequence[Reply] = ()
    runs: Sequence[RunRow] = ()
    runs_gone: Sequence[int] = ()
    tasks: Sequence[TaskRow] = ()
    tasks_gone: Sequence[tuple[int, str]] = ()
    tasks_cleared: Sequence[int] = ()
    incidents: Sequence[IncidentRow] = ()
    incidents_gone: Sequence[int] = ()
    snapshots: Sequence[SnapshotIn] = ()


class Receipt(msgspec.Struct, frozen=True):
    """The turn is durable: the heads of the streams it touched, and how many events were there already."""

    heads: dict[str, Head]
    repeated: int = 0


class Projections(msgspec.Struct, frozen=True):
    """Every row of the lists, to replace what is stored or to compare with it."""

    runs: Sequence[RunRow] = ()
    tasks: Sequence[TaskRow] = ()
    incidents: Sequence[IncidentRow] = ()


class Piece(msgspec.Struct, frozen=True):
    """Bytes of an attempt's output, from byte `offset` on; `flags` are the caller's."""

    attempt: str
    offset: int
    data: bytes
    at: int
    flags: int = 0


class OutputEnd(msgspec.Struct, frozen=True):
    """How far an attempt's output goes; `lines` counts newlines, `sha256` is None until it is sealed."""

    attempt: str
    bytes: int
    lines: int
    sealed: bool = False
    complete: bool = False
    sha256: str | None = None


class Line(msgspec.Struct, frozen=True):
    """One line of output without its newline, cut at the cap that was asked for.

    `number` counts from 0, `offset` is the byte at which it starts, `size` its whole length in bytes, `at`
    when its first bytes came. `ended` is False for a last line that has no newline yet.
    """

    number: int
    offset: int
    size: int
    at: int
    flags: int
    text: bytes
    ended: bool


class OutputClaim(msgspec.Struct, frozen=True):
    """What an event says about the output of an attempt."""

    attempt: str
    bytes: int
    sha256: str


class NoteClaim(msgspec.Struct, frozen=True):
    """An event refers to this note."""

    id: str


class DefinitionClaim(msgspec.Struct, frozen=True):
    """An event refers to this definition."""

    digest: str


Claim = OutputClaim | NoteClaim | DefinitionClaim
Claims = Callable[[str, bytes], Iterable[Claim]]
"""Reads the claims out of an event's type and body; the journal does not know event types."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that `verify` found: a stable `code`, where it is, and what it means."""

    code: str
    message: str
    stream: str | None = None
    seq: int | None = None


class Report(msgspec.Struct, frozen=True):
    """What `verify` looked at, and what is wrong with it."""

    ok: bool
    journal: str | None
    streams: int
    events: int
    notes: int
    struck: int
    definitions: int
    outputs: int
    output_bytes: int
    heads: Sequence[Head]
    problems: Sequence[Problem]
