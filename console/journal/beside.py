"""What a turn keeps beside its events: definitions, notes, replies to commands, snapshots.

Each may be given again with the same content, which changes nothing; with another content it is refused.
"""

from __future__ import annotations

import hashlib
import sqlite3

from console.errors import JournalError
from console.journal.chain import note_digest
from console.journal.planning import Plan
from console.journal.records import Definition, Note, Reply, SnapshotIn, Turn


def write_beside(connection: sqlite3.Connection, turn: Turn, plan: Plan) -> None:
    """Write all that a turn holds besides events and list rows, within its transaction."""
    for definition in turn.definitions:
        _definition(connection, definition)
    for note in turn.notes:
        _note(connection, note)
    for reply in turn.replies:
        _reply(connection, reply, plan)
    for snapshot in turn.snapshots:
        _snapshot(connection, snapshot, plan)


def _refuse(message: str, where: str) -> JournalError:
    return JournalError(message, where=where, unaffected="Nothing was written.")


def _definition(connection: sqlite3.Connection, definition: Definition) -> None:
    digest = definition.digest
    if connection.execute("SELECT 1 FROM definition WHERE digest = ?", (digest,)).fetchone():
        return
    if hashlib.sha256(definition.body).hexdigest() != digest:
        raise _refuse("The bytes of a definition do not have the digest they are filed under.", digest)
    connection.execute(
        "INSERT INTO definition VALUES (?, ?, ?, ?, ?)",
        (digest, definition.kind, definition.media, len(definition.body), definition.body),
    )


def _note(connection: sqlite3.Connection, note: Note) -> None:
    if note.salt is None or note.text is None or note_digest(note.salt, note.text) != note.id:
        raise _refuse("A note does not have the digest that its event names.", f"note {note.id}")
    if connection.execute("SELECT 1 FROM note_text WHERE id = ?", (note.id,)).fetchone():
        return
    connection.execute("INSERT INTO note_text VALUES (?, ?, ?, NULL)", (note.id, note.salt, note.text))


def _reply(connection: sqlite3.Connection, reply: Reply, plan: Plan) -> None:
    wanted = (reply.stream, reply.seq, reply.reply, reply.at)
    found = connection.execute("SELECT stream, seq, reply, at FROM command WHERE id = ?", (reply.id,)).fetchone()
    if found == wanted:
        return
    if found is not None:
        raise _refuse("A command with this id was answered before, and otherwise.", f"command {reply.id}")
    if reply.seq > plan.head(reply.stream).seq:
        raise _refuse("A reply names an event that is not recorded.", f"command {reply.id}")
    connection.execute("INSERT INTO command VALUES (?, ?, ?, ?, ?)", (reply.id, *wanted))


def _snapshot(connection: sqlite3.Connection, snapshot: SnapshotIn, plan: Plan) -> None:
    digest = plan.hash_at(snapshot.stream, snapshot.seq)
    if digest is None:
        where = f"{snapshot.stream}, event {snapshot.seq}"
        raise _refuse("A snapshot names an event that is not recorded.", where)
    connection.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?)",
        (snapshot.stream, snapshot.seq, digest, snapshot.code, snapshot.body),
    )
