"""Events, turns and small tools that the journal's tests share."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from console.journal import Event, Reader, Turn, open_reader


def event(stream: str, seq: int, **data: Any) -> Event:
    """An event whose body differs with its place and its data."""
    return Event(stream, seq, "StepEnded", 1_790_000_000_000 + seq, {"name": "alice"}, f"c{seq}", data)


def events(stream: str, first: int, last: int) -> list[Event]:
    """Events `first` to `last` of a stream."""
    return [event(stream, seq, text=f"event {seq} of {stream}") for seq in range(first, last + 1)]


def turn(stream: str, first: int, last: int | None = None) -> Turn:
    """A turn of nothing but events."""
    return Turn(events=events(stream, first, first if last is None else last))


@contextlib.contextmanager
def reading(home: Path) -> Iterator[Reader]:
    """A reader that is closed again."""
    reader = open_reader(home)
    try:
        yield reader
    finally:
        reader.close()


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection to a file, as any tool would open it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def without_triggers(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for somebody who owns the file: triggers are taken away, and put back as they were."""
    with raw(path) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)
