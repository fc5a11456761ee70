"""What SQLite and the operating system report, said so that an operator can act on it."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from console.errors import JournalCorrupt, JournalError, JournalFull, JournalLocked

KEPT = "Everything that was acknowledged before is kept."
UNTOUCHED = "The file was not changed."
RESTORE = "Keep the file as it is, and put a backup in its place."
FREE_SPACE = "Free space on this file system (or raise the quota), then start the server again."


# A damaged file can hold text, and so cause messages, that are not UTF-8.
FILE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


def explain(error: sqlite3.Error | UnicodeDecodeError, path: Path) -> JournalError:
    """The error of the journal that an error about one of its files amounts to."""
    if isinstance(error, UnicodeDecodeError) or str(error).startswith("Could not decode to UTF-8"):
        return damaged(path, "it holds text that is not UTF-8")
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    where = str(path)
    if primary == sqlite3.SQLITE_FULL:
        return JournalFull(f"No space is left to write {path.name}.", where=where, unaffected=KEPT, mend=FREE_SPACE)
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalLocked(
            f"Another process keeps {path.name} locked.",
            where=where,
            unaffected="Nothing was written.",
            mend="Close the program that has the file open, then try again.",
        )
    if primary == sqlite3.SQLITE_IOERR:
        return JournalError(
            f"The disk refused to read or write {path.name} ({error}).",
            where=where,
            unaffected=KEPT,
            mend="Look at the system's log, and at quotas and limits; then start the server again.",
        )
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY):
        return JournalError(
            f"{path.name} cannot be opened as it must be ({error}).",
            where=where,
            unaffected=UNTOUCHED,
            mend="Check that this user owns the home and may read and write the file.",
        )
    return JournalError(f"{path.name} cannot be used ({error}).", where=where, unaffected=KEPT)


def damaged(path: Path, finding: str) -> JournalCorrupt:
    """A file that holds something else than it must."""
    return JournalCorrupt(
        f"{path.name} is damaged or is no journal: {finding}.",
        where=str(path),
        unaffected="Nothing was overwritten.",
        mend=RESTORE,
    )


def explain_os(error: OSError, path: Path, doing: str) -> JournalError:
    """The error of the journal that an error of the operating system amounts to."""
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JournalFull(
            f"No space is left to {doing} {path.name}.", where=str(path), unaffected=KEPT, mend=FREE_SPACE
        )
    return JournalError(
        f"Cannot {doing} {path.name}: {reason}.",
        where=str(path),
        unaffected=KEPT,
        mend="Check that this user owns the home and may read and write in it.",
    )
