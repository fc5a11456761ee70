"""The journal: events that cannot be changed, and what hangs on them, in two SQLite files of a console home.

Writing (one process for each home, one connection, one thread)

    writer = open_writer(home)                  creates, migrates, checks; takes the home's journal lock
    writer.append(turn) -> Receipt              synchronous; for tests, benchmarks and offline work
    writer.strike(note_id, at) -> None          removes the text and salt of a note, for good
    writer.rebuild(projections) -> None         replaces every row of run, task and incident
    writer.drop_snapshots() -> None
    writer.failed -> JournalError | None        set after a failed write: nothing more is accepted
    writer.journal -> str                       the journal's id
    writer.head(stream) -> Head
    writer.close()

    committer = Committer(writer)               the writing thread; owns the writer from here on
    await committer.commit(turn) -> Receipt     turns that arrive together share one transaction and one fsync
    await committer.strike(note_id, at)
    await committer.aclose()                    finishes what is queued, closes the writer

Reading (any number; each call is one short read, no transaction is kept)

    reader = open_reader(home)
    reader.bodies(stream, after=0) -> Iterator[bytes]          the fast path: raw bodies in order
    reader.events(stream, after=0, limit=None, checked=False) -> Iterator[StoredEvent]
    reader.event(stream, seq) -> StoredEvent | None
    reader.head(stream) -> Head, reader.heads(prefix="") -> list[Head], reader.streams(prefix="") -> list[str]
    reader.reply(command_id) -> Reply | None
    reader.definition(digest) -> Definition | None
    reader.note(note_id) -> Note | None
    reader.snapshot(stream, code) -> Snapshot | None           None when stale, foreign or of other code
    reader.runs(open_only=False, before=None, limit=100) -> list[RunRow]      newest first
    reader.run(id) -> RunRow | None, reader.last_run() -> int
    reader.tasks(run=None) -> list[TaskRow], reader.incidents() -> list[IncidentRow]
    reader.projections() -> Projections
    reader.close()

Output of attempts, in its own file

    store = open_output(writer)                 the only writer of output; shares the writer's lock and fail-stop
    store.append(piece) -> OutputEnd            no hole; bytes that are there already must agree
    store.seal(attempt, complete=True, sha256=None) -> OutputEnd
                                                durable when it returns: then record the end event
    output = OutputCommitter(store)             the same from asyncio, on a second thread
    await output.append(piece), await output.seal(attempt, complete, sha256)
    await output.aclose()                       before the journal's committer is closed

    reader = open_output_reader(home)
    reader.end(attempt) -> OutputEnd | None
    reader.read(attempt, start, size) -> bytes
    reader.lines(attempt, first, count, max_line=4096) -> list[Line]
    reader.times(attempt, start, size) -> list[(offset, at, flags)]

Offline

    verify(home, claims=None) -> Report         read-only, also while a server writes

Helpers: `canonical(value) -> bytes`, `make_note(text) -> Note`, `define(kind, media, body) -> Definition`.

Errors are those of `console.errors`: JournalError (a turn that cannot be recorded as asked is refused alone),
JournalForked (the stream is stopped), JournalFull (nothing more is recorded until the journal is opened again),
JournalLocked, JournalCorrupt, JournalTooNew.
"""

from __future__ import annotations

from console.journal.append import Writer, open_writer
from console.journal.canonical import canonical
from console.journal.chain import define, genesis, link, make_note
from console.journal.commit import Committer
from console.journal.output import OutputCommitter, OutputStore, open_output
from console.journal.output_read import OutputReader, open_output_reader
from console.journal.read import Reader, open_reader
from console.journal.records import (
    Claim,
    Claims,
    Definition,
    DefinitionClaim,
    Envelope,
    Event,
    Head,
    IncidentRow,
    Line,
    Note,
    NoteClaim,
    OutputClaim,
    OutputEnd,
    Piece,
    Problem,
    Projections,
    Receipt,
    Reply,
    Report,
    RunRow,
    Snapshot,
    SnapshotIn,
    StoredEvent,
    TaskRow,
    Turn,
)
from console.journal.verify import verify

__all__ = [
    "Claim",
    "Claims",
    "Committer",
    "Definition",
    "DefinitionClaim",
    "Envelope",
    "Event",
    "Head",
    "IncidentRow",
    "Line",
    "Note",
    "NoteClaim",
    "OutputClaim",
    "OutputCommitter",
    "OutputEnd",
    "OutputReader",
    "OutputStore",
    "Piece",
    "Problem",
    "Projections",
    "Reader",
    "Receipt",
    "Reply",
    "Report",
    "RunRow",
    "Snapshot",
    "SnapshotIn",
    "StoredEvent",
    "TaskRow",
    "Turn",
    "Writer",
    "canonical",
    "define",
    "genesis",
    "link",
    "make_note",
    "open_output",
    "open_output_reader",
    "open_reader",
    "open_writer",
    "verify",
]
