"""The rows that lists show: derived from events by the caller, replaced at will, never believed over the events."""

from __future__ import annotations

import sqlite3
from typing import Any

from console.journal.records import IncidentRow, Projections, RunRow, TaskRow, Turn

_RUN = "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# The commonest row by far, that of a run that goes on, stays where it is: replacing it would rewrite an index as well.
_RUN_GOES_ON = (
    "UPDATE run SET runbook = ?2, title = ?3, state = ?4, environment = ?5, started_by = ?6, started_at = ?7,"
    " seq = ?9, body = ?10 WHERE id = ?1 AND ended_at IS NULL"
)
_TASK = "INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?)"
_INCIDENT = "INSERT OR REPLACE INTO incident VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[Any, ...]


def write_rows(connection: sqlite3.Connection, turn: Turn) -> None:
    """Apply the projection rows of a turn within its transaction: deletions first."""
    if turn.tasks_cleared:
        connection.executemany("DELETE FROM task WHERE run = ?", [(run,) for run in turn.tasks_cleared])
    if turn.tasks_gone:
        connection.executemany("DELETE FROM task WHERE run = ? AND id = ?", turn.tasks_gone)
    if turn.runs_gone:
        connection.executemany("DELETE FROM run WHERE id = ?", [(run,) for run in turn.runs_gone])
    if turn.incidents_gone:
        connection.executemany("DELETE FROM incident WHERE id = ?", [(key,) for key in turn.incidents_gone])
    _insert(connection, turn)


def replace_all(connection: sqlite3.Connection, rows: Projections) -> None:
    """Put `rows` in the place of everything stored, within the caller's transaction."""
    connection.execute("DELETE FROM run")
    connection.execute("DELETE FROM task")
    connection.execute("DELETE FROM incident")
    _insert(connection, rows)


def _insert(connection: sqlite3.Connection, rows: Turn | Projections) -> None:
    for run in rows.runs:
        values = _run_values(run)
        if run.ended_at is not None or not connection.execute(_RUN_GOES_ON, values).rowcount:
            connection.execute(_RUN, values)
    if rows.tasks:
        connection.executemany(_TASK, [_task_values(row) for row in rows.tasks])
    if rows.incidents:
        connection.executemany(_INCIDENT, [_incident_values(row) for row in rows.incidents])


def _run_values(row: RunRow) -> Row:
    return (
        row.id, row.runbook, row.title, row.state, row.environment,
        row.started_by, row.started_at, row.ended_at, row.seq, row.body.decode(),
    )  # fmt: skip


def _task_values(row: TaskRow) -> Row:
    return (row.run, row.id, row.path, row.visit, row.kind, row.state, row.body.decode())


def _incident_values(row: IncidentRow) -> Row:
    return (
        row.id, row.title, row.state, row.opened_by, row.opened_at, row.closed_at, row.seq, row.body.decode()
    )  # fmt: skip


def as_run(row: Row) -> RunRow:
    """A row of `run`, as stored, made into a value."""
    values = [*row[:-1], row[-1].encode()]
    return RunRow(*values)


def as_task(row: Row) -> TaskRow:
    """A row of `task`, as stored, made into a value."""
    values = [*row[:-1], row[-1].encode()]
    return TaskRow(*values)


def as_incident(row: Row) -> IncidentRow:
    """A row of `incident`, as stored, made into a value."""
    values = [*row[:-1], row[-1].encode()]
    return IncidentRow(*values)
