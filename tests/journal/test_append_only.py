"""The triggers: rows go in and never out, whichever way somebody tries."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils

from console.errors import JournalCorrupt
from console.journal import OutputStore, Piece, Reply, Turn, Writer, define, make_note, open_writer, verify
from tests.journal.samples import event, raw


@pytest.fixture
def filled(writer: Writer, store: OutputStore, home: Path) -> Path:
    writer.append(
        Turn(
            events=[event("run/1", seq) for seq in (1, 2, 3)],
            notes=[make_note("why")],
            definitions=[define("runbook", "text/yaml", b"id: x")],
            replies=[Reply("c1", "run/1", 1, "{}", 1)],
        )
    )
    store.append(Piece("1/a", 0, b"hello\n", 1))
    store.seal("1/a")
    with raw(home / "journal.db") as connection:
        connection.execute("INSERT INTO checkpoint VALUES (1, 1, 'text', NULL)")
    return home


def attempts(table: str, columns: list[str]) -> list[str]:
    """Statements that would change or remove rows of a table."""
    names = ", ".join(columns)
    return [
        f"DELETE FROM {table}",
        f"UPDATE {table} SET {columns[-1]} = {columns[-1]}",
        f"UPDATE OR REPLACE {table} SET {columns[0]} = {columns[0]}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        f"REPLACE INTO {table} ({names}) SELECT {names} FROM {table}",
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET {columns[-1]} = NULL",
    ]


@pytest.mark.parametrize(
    ("file", "table"),
    [
        *(("journal.db", table) for table in ("event", "definition", "note_text", "command", "meta", "checkpoint")),
        *(("output.db", table) for table in ("chunk", "attempt_output", "meta")),
    ],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_no_statement_changes_or_removes_a_row(filled: Path, file: str, table: str, recursive: str) -> None:
    with raw(filled / file) as connection:
        # OFF is what every other tool has: OR REPLACE then deletes without asking the triggers.
        connection.execute(f"PRAGMA recursive_triggers={recursive}")
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        before = connection.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        for statement in attempts(table, columns):
            with pytest.raises(sqlite3.IntegrityError, match=r"append-only|struck"):
                connection.execute(statement)
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == before


def test_no_way_of_sqlite_utils_changes_an_event(filled: Path) -> None:
    with raw(filled / "journal.db") as connection:
        database = sqlite_utils.Database(connection, execute_plugins=False)
        table = database.table("event")
        row = {**next(iter(table.rows_where("seq = 2"))), "body": '{"forged":true}'}
        before = list(table.rows)
        changes: list[Callable[[], object]] = [
            lambda: table.upsert(row, pk=("stream", "seq")),
            lambda: table.insert(row, pk=("stream", "seq"), replace=True),
            lambda: table.update(("run/1", 2), {"body": "{}"}),
            lambda: table.delete(("run/1", 2)),
            lambda: table.delete_where("seq = 2"),
        ]
        for change in changes:
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                change()
        assert list(table.rows) == before


@pytest.mark.parametrize("seq", [0, 2, 5, 7])
def test_an_event_can_only_follow_the_last_one(filled: Path, seq: int) -> None:
    with (
        raw(filled / "journal.db") as connection,
        pytest.raises(sqlite3.IntegrityError),
    ):
        connection.execute("INSERT INTO event VALUES ('run/1', ?, 'T', 1, '{}', zeroblob(32))", (seq,))


def test_a_note_can_be_struck_and_nothing_else(filled: Path) -> None:
    with raw(filled / "journal.db") as connection:
        for change in (
            "text = 'another'",
            "salt = zeroblob(32)",
            "text = NULL, salt = NULL",
            "id = 'x', text = NULL, salt = NULL, struck_at = 5",
            "text = 'another', struck_at = 5",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(f"UPDATE note_text SET {change}")
        connection.execute("UPDATE note_text SET text = NULL, salt = NULL, struck_at = 5")
        with pytest.raises(sqlite3.IntegrityError, match="struck"):
            connection.execute("UPDATE note_text SET struck_at = 6")


def test_a_tool_that_rebuilds_the_table_loses_the_triggers_and_is_found_out(filled: Path, writer: Writer) -> None:
    writer.close()
    with raw(filled / "journal.db") as connection:
        sqlite_utils.Database(connection, execute_plugins=False).table("checkpoint").transform(types={"at": int})
    with pytest.raises(JournalCorrupt, match="trigger checkpoint_"):
        open_writer(filled)
    assert "schema" in {problem.code for problem in verify(filled).problems}
