"""Making new files and bringing old ones up to date.

A new file is built beside its place and moved there when it is complete, so that an empty or half-made file is
always a damaged one and never a beginning.
"""

from __future__ import annotations

import os
import sqlite3
import time
import uuid
from pathlib import Path

from console.errors import JournalCorrupt
from console.journal.chain import CHAIN_FORMAT
from console.journal.checks import check_format, journal_id
from console.journal.connection import connect, log_size, use_log
from console.journal.faults import FILE_ERRORS, explain, explain_os
from console.journal.home import check_file
from console.journal.schema import JOURNAL, OUTPUT, Layout


def create_missing(home: Path) -> None:
    """Make both files when there is neither; output.db comes first, so that a journal is never without one."""
    journal, output = home / JOURNAL.file, home / OUTPUT.file
    if journal.exists() or journal.is_symlink():
        if not output.exists() and not output.is_symlink():
            raise _lost(output, "holds the output of the runs in journal.db")
        return
    if log_size(journal):
        raise _lost(journal, "has left its log behind")
    name = str(uuid.uuid4())
    if output.exists():
        name = _unused_output(output)
    else:
        create(output, OUTPUT, name)
    create(journal, JOURNAL, name)


def _unused_output(path: Path) -> str:
    """The journal id in an output.db whose journal was never finished. Raises JournalCorrupt if it was used."""
    check_file(path)
    connection = connect(path)
    try:
        check_format(connection, path, OUTPUT)
        if connection.execute("SELECT 1 FROM chunk LIMIT 1").fetchone():
            raise _lost(path.with_name(JOURNAL.file), "says what the output in output.db belongs to")
        return journal_id(connection, path)
    except FILE_ERRORS as error:
        raise explain(error, path) from error
    finally:
        connection.close()


def _lost(path: Path, finding: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"{path.name} is missing: it {finding}.",
        where=str(path),
        unaffected="No new file was made in its place.",
        mend="Put the file back from a backup; to begin anew, move what is left of the old journal elsewhere.",
    )


def create(path: Path, layout: Layout, journal: str) -> None:
    """Build an empty file beside `path` and move it there whole. The home's lock must be held."""
    building = path.with_name(path.name + ".new")
    try:
        for end in ("", "-wal", "-shm", "-journal"):
            building.with_name(building.name + end).unlink(missing_ok=True)
        os.close(os.open(building, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        _build(building, layout, journal)
        building.rename(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise explain_os(error, path, "create") from error
    except FILE_ERRORS as error:
        raise explain(error, path) from error


def _build(path: Path, layout: Layout, journal: str) -> None:
    connection = connect(path, write=True)
    try:
        connection.execute(f"PRAGMA application_id={layout.application_id}")
        migrate(connection, layout)
        now = time.time_ns() // 1_000_000
        connection.execute("INSERT INTO meta VALUES (1, ?, ?, ?)", (journal, CHAIN_FORMAT, now))
        use_log(connection, path)
    finally:
        connection.close()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def migrate(connection: sqlite3.Connection, layout: Layout) -> None:
    """Bring a file to the layout's format in one transaction: all of it, or nothing."""
    from sqlite_utils import Database, Migrations

    steps = Migrations(layout.file)
    for migration in layout.migrations:

        def step(database: Database, statements: tuple[str, ...] = migration.statements) -> None:
            for statement in statements:
                database.conn.execute(statement)

        steps(name=migration.name)(step)
    database = Database(connection, execute_plugins=False)
    # Taken at once: sqlite-utils begins deferred, and a deferred reader that turns writer fails without waiting.
    connection.execute("BEGIN IMMEDIATE")
    try:
        steps.apply(database)
        connection.execute(f"PRAGMA user_version={layout.format}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
