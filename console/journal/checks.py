"""What a file is looked at for before anything in it is believed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from console.errors import JournalCorrupt, JournalTooNew
from console.journal.faults import FILE_ERRORS, damaged, explain
from console.journal.schema import JOURNAL, OUTPUT, Layout, differences, expected, objects

FULL_CHECK_BYTES = 32 * 1024 * 1024


def check_format(connection: sqlite3.Connection, path: Path, layout: Layout) -> int:
    """The format of a file of ours. Raises JournalCorrupt for a foreign file, JournalTooNew for a later format."""
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except FILE_ERRORS as error:
        raise explain(error, path) from error
    if application != layout.application_id:
        raise damaged(path, "it is an SQLite file of another program")
    if found > layout.format:
        raise JournalTooNew(
            f"{path.name} has format {found}; this console knows formats up to {layout.format}.",
            where=str(path),
            unaffected="The file was not changed.",
            mend="Use the version of the console that wrote it, or a later one.",
        )
    return found


def journal_id(connection: sqlite3.Connection, path: Path) -> str:
    """The id that was given to the journal when it was made. Raises JournalCorrupt when it has none."""
    try:
        row = connection.execute("SELECT journal FROM meta").fetchone()
    except FILE_ERRORS as error:
        raise explain(error, path) from error
    if row is None:
        raise damaged(path, "it does not say which journal it is")
    return str(row[0])


def check_owner(home: Path, journal: str, owner: str) -> None:
    """Raise JournalCorrupt when output.db was made for another journal."""
    if journal != owner:
        raise JournalCorrupt(
            f"{OUTPUT.file} belongs to journal {owner}, and {JOURNAL.file} is journal {journal}.",
            where=str(home),
            unaffected="Nothing was overwritten.",
            mend="Put together the two files that belong together.",
        )


def check_schema(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    """Raise JournalCorrupt unless tables, indexes and triggers are exactly those of this layout."""
    found = differences(objects(connection), expected(layout))
    if found:
        raise JournalCorrupt(
            f"The schema of {path.name} was changed: {'; '.join(found[:5])}.",
            where=str(path),
            unaffected="Nothing was written.",
            mend="Find out who changed it: the triggers keep events from being altered. Then run `console verify`.",
        )


def check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Read a file through where that is quick. Raises JournalCorrupt; of a bigger file SQLite compares the length."""
    if path.stat().st_size > FULL_CHECK_BYTES:
        return
    # The quick check does not see that a key is out of order, so that searches pass rows by.
    finding = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if finding != "ok":
        raise damaged(path, str(finding).replace("\n", " "))
