"""The tables of the two files, as migrations: the schema of a new file is what all of them make in order.

A migration that has been released is never edited; a change is a new one at the end. The number of migrations
is the format of the file, kept in SQLite's `user_version`.
"""

from __future__ import annotations

import sqlite3

import msgspec

MIGRATIONS_TABLE = "_sqlite_migrations"
"""Belongs to sqlite-utils: its shape is not ours to check."""


class Migration(msgspec.Struct, frozen=True):
    """One step from a format to the next, as single statements that all run in one transaction."""

    name: str
    statements: tuple[str, ...]


class Layout(msgspec.Struct, frozen=True):
    """What one of the files must be."""

    file: str
    application_id: int
    migrations: tuple[Migration, ...]

    @property
    def format(self) -> int:
        """The format that this version of the console writes."""
        return len(self.migrations)


def _append_only(table: str, key: str, *, updatable: bool = False) -> tuple[str, ...]:
    """Triggers that let rows in and never out; INSERT is guarded because OR REPLACE deletes in silence."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key.split(", "))
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - the names are ours
    triggers = (
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    )
    if updatable:
        return triggers
    return (*triggers, f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")


_META = (
    """CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        journal TEXT NOT NULL,
        format INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT""",
    *_append_only("meta", "id"),
)

_EVENT = (
    """CREATE TABLE event (
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL CHECK (seq > 0),
        type TEXT NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        PRIMARY KEY (stream, seq)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TRIGGER event_no_update BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END""",
    """CREATE TRIGGER event_no_delete BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'event is append-only'); END""",
    # One seek refuses an existing key and a gap alike. Without a rowid there is no other key to replace by.
    """CREATE TRIGGER event_in_order BEFORE INSERT ON event
    WHEN NEW.seq <> 1 + coalesce((SELECT max(seq) FROM event WHERE stream = NEW.stream), 0)
    BEGIN SELECT RAISE(ABORT, 'event is append-only and in order'); END""",
)

_BESIDE = (
    """CREATE TABLE definition (
        digest TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        media TEXT NOT NULL,
        size INTEGER NOT NULL CHECK (size = length(body)),
        body BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    *_append_only("definition", "digest"),
    """CREATE TABLE note_text (
        id TEXT PRIMARY KEY,
        salt BLOB,
        text TEXT,
        struck_at INTEGER,
        CHECK ((text IS NULL) = (salt IS NULL) AND (text IS NULL) = (struck_at IS NOT NULL))
    ) STRICT, WITHOUT ROWID""",
    *_append_only("note_text", "id", updatable=True),
    """CREATE TRIGGER note_text_only_struck BEFORE UPDATE ON note_text
    WHEN NEW.id <> OLD.id OR OLD.struck_at IS NOT NULL OR NEW.struck_at IS NULL
    BEGIN SELECT RAISE(ABORT, 'note_text can only be struck'); END""",
    """CREATE TABLE command (
        id TEXT PRIMARY KEY,
        stream TEXT NOT NULL,
        seq INTEGER NOT NULL,
        reply TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    *_append_only("command", "id"),
    """CREATE TABLE checkpoint (
        id INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        text TEXT NOT NULL,
        signature BLOB
    ) STRICT""",
    *_append_only("checkpoint", "id"),
    """CREATE TABLE secret_name (
        name TEXT PRIMARY KEY,
        first_seen INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

_CACHES = (
    """CREATE TABLE snapshot (
        stream TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        code TEXT NOT NULL,
        body BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        runbook TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        environment TEXT,
        started_by TEXT NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        seq INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX run_open ON run (id) WHERE ended_at IS NULL",
    """CREATE TABLE task (
        run INTEGER NOT NULL,
        id TEXT NOT NULL,
        path TEXT NOT NULL,
        visit INTEGER NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (run, id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE incident (
        id INTEGER PRIMARY KEY,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        opened_by TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER,
        seq INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT""",
)

_OUTPUT = (
    """CREATE TABLE chunk (
        attempt TEXT NOT NULL,
        offset INTEGER NOT NULL CHECK (offset >= 0),
        first_line INTEGER NOT NULL,
        lines INTEGER NOT NULL,
        at INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        size INTEGER NOT NULL CHECK (size = length(data) AND size > 0),
        data BLOB NOT NULL,
        PRIMARY KEY (attempt, offset)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX chunk_line ON chunk (attempt, first_line)",
    *_append_only("chunk", "attempt, offset"),
    """CREATE TABLE attempt_output (
        attempt TEXT PRIMARY KEY,
        bytes INTEGER NOT NULL,
        lines INTEGER NOT NULL,
        complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
        sha256 TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    *_append_only("attempt_output", "attempt"),
)

JOURNAL = Layout(
    file="journal.db",
    application_id=int.from_bytes(b"CoJ1", "big"),
    migrations=(Migration("m001_journal", (*_META, *_EVENT, *_BESIDE, *_CACHES)),),
)
OUTPUT = Layout(
    file="output.db",
    application_id=int.from_bytes(b"CoO1", "big"),
    migrations=(Migration("m001_output", (*_META, *_OUTPUT)),),
)


def objects(connection: sqlite3.Connection) -> dict[str, str]:
    """Every table, index, trigger and view of a file with its SQL, but for those of the tools."""
    rows = connection.execute(
        "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema"
        " WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^' AND NOT (tbl_name = ? AND type IN ('table', 'index'))",
        (MIGRATIONS_TABLE,),
    ).fetchall()
    return dict(rows)


def expected(layout: Layout) -> dict[str, str]:
    """The objects that a file of this layout must have, made in memory from the migrations."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for migration in layout.migrations:
            for statement in migration.statements:
                connection.execute(statement)
        return objects(connection)
    finally:
        connection.close()


def differences(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """What is missing, changed or foreign in a schema, one line for each object; empty when they agree."""
    lines = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    lines += [f"{name} does not belong here" for name in sorted(found.keys() - wanted.keys())]
    lines += [f"{name} was changed" for name in sorted(found.keys() & wanted.keys()) if found[name] != wanted[name]]
    return lines
