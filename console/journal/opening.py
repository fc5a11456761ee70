"""Opening the two files: made whole or not at all, checked before they are believed, migrated under the lock.

An up-to-date file is opened without sqlite-utils, which is slow to import.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from console.errors import JournalError
from console.journal.checks import check_format, check_owner, check_pages, check_schema, journal_id
from console.journal.connection import connect, use_log
from console.journal.faults import FILE_ERRORS, explain
from console.journal.home import check_file
from console.journal.making import create_missing, migrate
from console.journal.schema import JOURNAL, OUTPUT, Layout


def open_for_writing(home: Path) -> tuple[sqlite3.Connection, sqlite3.Connection, str]:
    """Open journal.db and output.db of a home whose lock is held, making or migrating them first.

    Returns both connections and the journal's id. Raises JournalCorrupt, JournalTooNew, JournalError.
    """
    create_missing(home)
    with contextlib.ExitStack() as stack:
        journal, name = _open_checked(home, JOURNAL)
        stack.callback(journal.close)
        output, owner = _open_checked(home, OUTPUT)
        stack.callback(output.close)
        check_owner(home, name, owner)
        output.execute("PRAGMA synchronous=NORMAL")
        stack.pop_all()
    return journal, output, name


def open_for_reading(home: Path, layout: Layout) -> tuple[sqlite3.Connection, str]:
    """Open one of the files read-only. Raises JournalError when it is missing or of another format."""
    path = home / layout.file
    try:
        check_file(path)
    except FileNotFoundError as error:
        raise JournalError(
            f"There is no {layout.file} in this home.", where=str(home), mend="Check CONSOLE_HOME, or start a server."
        ) from error
    connection = _connect_reader(path)
    try:
        found = check_format(connection, path, layout)
        if found < layout.format:
            raise JournalError(
                f"{path.name} still has format {found}; this console reads format {layout.format}.",
                where=str(path),
                unaffected="The file was not changed.",
                mend="Start the server once: it brings the file up to date.",
            )
        return connection, journal_id(connection, path)
    except BaseException:
        connection.close()
        raise


def _connect_reader(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    try:
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        return connection
    except sqlite3.OperationalError as error:
        connection.close()
        # A directory that we cannot write in has no place for the index of the log; without a log none is needed.
        log = path.with_name(path.name + "-wal")
        if not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size):
            return connect(path, immutable=True)
        raise explain(error, path) from error
    except FILE_ERRORS as error:
        connection.close()
        raise explain(error, path) from error


def _open_checked(home: Path, layout: Layout) -> tuple[sqlite3.Connection, str]:
    path = home / layout.file
    check_file(path)
    connection = connect(path, write=True)
    try:
        found = check_format(connection, path, layout)
        use_log(connection, path)
        if found < layout.format:
            migrate(connection, layout)
        check_schema(connection, path, layout)
        check_pages(connection, path)
        return connection, journal_id(connection, path)
    except FILE_ERRORS as error:
        connection.close()
        raise explain(error, path) from error
    except BaseException:
        connection.close()
        raise
