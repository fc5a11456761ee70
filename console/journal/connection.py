"""Connections to the files, with everything set that keeps them safe."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import urllib.parse
from pathlib import Path

from console.errors import JournalError
from console.journal.faults import explain

BUSY_SECONDS = 5.0
WAL_LIMIT_BYTES = 64 * 1024 * 1024

_PRAGMAS = ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "foreign_keys=ON", "temp_store=MEMORY")
_WRITING = (
    "synchronous=FULL",
    # Without it INSERT OR REPLACE deletes rows without asking the triggers.
    "recursive_triggers=ON",
    "secure_delete=ON",
    f"journal_size_limit={WAL_LIMIT_BYTES}",
)


def connect(path: Path, *, write: bool = False, immutable: bool = False) -> sqlite3.Connection:
    """Open an existing file; each statement is its own transaction unless one was begun.

    The connection may be handed from one thread to another. Raises JournalError and its kinds.
    """
    mode = "mode=rw" if write else "mode=ro"
    uri = f"file:{urllib.parse.quote(os.fsencode(path.absolute()))}?{mode}{'&immutable=1' if immutable else ''}"
    try:
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise explain(error, path) from error
    try:
        for pragma in (*_PRAGMAS, *(_WRITING if write else ())):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise explain(error, path) from error
    return connection


def begin(connection: sqlite3.Connection, path: Path) -> None:
    """Begin to write. Raises JournalLocked when the file is busy: nothing was written, so nothing has failed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise explain(error, path) from error
        raise


def abandon(connection: sqlite3.Connection) -> bool:
    """Roll back what is still open, and say whether there was anything.

    A file that cannot even do that does so when it is opened again.
    """
    if not connection.in_transaction:
        return False
    with contextlib.suppress(sqlite3.Error):
        connection.execute("ROLLBACK")
    return True


def use_log(connection: sqlite3.Connection, path: Path) -> None:
    """Turn write-ahead logging on. Raises JournalError where the file system has no shared memory."""
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise JournalError(
            f"The file system below {path.name} does not support write-ahead logging.",
            where=str(path),
            mend="Set CONSOLE_HOME to a directory on a local disk.",
        )


def log_size(path: Path) -> int:
    """The size in bytes of the log beside a file, 0 when there is none."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size
    except FileNotFoundError:
        return 0
