"""What a recorded turn costs, against bare SQLite commits of the same rows in the same run.

    python -m benchmarks.append_cost [--turns 1000] [--home DIRECTORY] [--json FILE]

Each turn is written three ways, one after the other, so that all meet the same disk: by a bare connection (WAL,
synchronous=FULL, rows made beforehand), by the journal's writer, and by the writer's thread from asyncio. The bare
times include no hashing, no JSON and no triggers. `small` turns hold five events; `full` ones also a row of a run,
a row of a task and the reply to a command.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.journal import Committer, Event, Reply, RunRow, TaskRow, Turn, Writer, open_reader, open_writer

EVENTS = 5
Row = tuple[Any, ...]

_BARE = """
CREATE TABLE event (
    stream TEXT, seq INTEGER, type TEXT, at INTEGER, body TEXT, hash BLOB, PRIMARY KEY (stream, seq)
);
CREATE TABLE command (id TEXT PRIMARY KEY, stream TEXT, seq INTEGER, reply TEXT, at INTEGER);
CREATE TABLE run (
    id INTEGER PRIMARY KEY, runbook TEXT, title TEXT, state TEXT, environment TEXT, started_by TEXT,
    started_at INTEGER, ended_at INTEGER, seq INTEGER, body TEXT
);
CREATE TABLE task (
    run INTEGER, id TEXT, path TEXT, visit INTEGER, kind TEXT, state TEXT, body TEXT, PRIMARY KEY (run, id)
);
"""
_INSERTS = (
    "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
    "INSERT INTO command VALUES (?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?)",
)


def make_turn(stream: str, number: int, *, full: bool) -> Turn:
    """Turn `number` of a stream: five events of about 400 bytes, in a full one also what a server adds."""
    first, at = number * EVENTS + 1, 1_790_000_000_000 + number
    who = {"name": "alice", "by": "socket", "uid": 1000}
    data = {"path": "deploy/web", "visit": 1, "attempt": 1, "summary": "a line of text " * 12, "code": 0}
    events = [Event(stream, first + i, "AttemptEnded", at, who, f"command-{number}", data) for i in range(EVENTS)]
    if not full:
        return Turn(events=events)
    body = json.dumps({"steps": 12, "done": number, "waiting": []}).encode()
    last = first + EVENTS - 1
    return Turn(
        events=events,
        replies=[Reply(f"{stream}-command-{number}", stream, last, '{"ok":true}', at)],
        runs=[RunRow(1, "deploy", "Deploy web", "running", "prod", "alice", at, None, last, body)],
        tasks=[TaskRow(1, "approve", "deploy/approve", 1, "approval", "open", body)],
    )


def bare_rows(turn: Turn) -> list[list[Row]]:
    """The rows of a turn as they end up in the file, made beforehand (with a hash of zeros)."""
    events = []
    for event in turn.events:
        fields = {name: getattr(event, name) for name in ("at", "cause", "data", "seq", "stream", "type", "who")}
        body = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        events.append((event.stream, event.seq, event.type, event.at, body, bytes(32)))
    return [
        events,
        [(reply.id, reply.stream, reply.seq, reply.reply, reply.at) for reply in turn.replies],
        [
            (r.id, r.runbook, r.title, r.state, r.environment, r.started_by, r.started_at, r.ended_at, r.seq, r.body)
            for r in turn.runs
        ],
        [(task.run, task.id, task.path, task.visit, task.kind, task.state, task.body) for task in turn.tasks],
    ]


class Bare:
    """The least that SQLite needs for the same durability."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_BARE)

    def write(self, tables: list[list[Row]]) -> None:
        """One turn, one commit."""
        self._connection.execute("BEGIN IMMEDIATE")
        for insert, rows in zip(_INSERTS, tables, strict=True):
            if rows:
                self._connection.executemany(insert, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


async def measure(directory: Path, turns: int, *, full: bool) -> dict[str, list[float]]:
    """Seconds of each turn, for each of the three ways, interleaved."""
    writer = open_writer(directory / "home")
    threaded = open_writer(directory / "threaded")
    committer = Committer(threaded)
    bare = Bare(directory / "bare.db")
    times: dict[str, list[float]] = {"bare": [], "writer": [], "committer": []}
    try:
        for number in range(turns):
            turn = make_turn("run/1", number, full=full)
            rows = bare_rows(turn)
            times["bare"].append(timed(lambda rows=rows: bare.write(rows)))  # type: ignore[misc]
            times["writer"].append(timed(lambda turn=turn: writer.append(turn)))  # type: ignore[misc]
            start = time.perf_counter()
            await committer.commit(turn)
            times["committer"].append(time.perf_counter() - start)
        check_written(writer, turns)
    finally:
        await committer.aclose()
        writer.close()
        bare.close()
    return times


def check_written(writer: Writer, turns: int) -> None:
    """Make sure that what was timed was also done."""
    reader = open_reader(writer.home)
    try:
        found = sum(1 for _ in reader.events("run/1", checked=True))
    finally:
        reader.close()
    if found != turns * EVENTS:
        raise SystemExit(f"{found} events were recorded instead of {turns * EVENTS}")


def summary(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Total, median and 95th percentile in ms for each way, and its ratio to bare SQLite."""
    base = sum(times["bare"])
    middle = statistics.median(times["bare"])
    return {
        way: {
            "total_ms": round(sum(values) * 1000, 1),
            "median_ms": round(statistics.median(values) * 1000, 3),
            "p95_ms": round(statistics.quantiles(values, n=20)[-1] * 1000, 3),
            "ratio_of_totals": round(sum(values) / base, 2),
            "ratio_of_medians": round(statistics.median(values) / middle, 2),
        }
        for way, values in times.items()
    }


def show(name: str, rows: dict[str, dict[str, float]]) -> None:
    """Print one table."""
    print(f"{name:<12}{'total ms':>10}{'median ms':>11}{'p95 ms':>9}{'x total':>9}{'x median':>10}")
    for way, row in rows.items():
        print(
            f"{way:<12}{row['total_ms']:>10.1f}{row['median_ms']:>11.3f}{row['p95_ms']:>9.3f}"
            f"{row['ratio_of_totals']:>9.2f}{row['ratio_of_medians']:>10.2f}"
        )


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Measure, print the tables and the JSON, and return what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--home", type=Path, help="where to write; the disk decides the figures")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"turns": options.turns, "events_per_turn": EVENTS}
    for name in ("small", "full"):
        with tempfile.TemporaryDirectory(dir=options.home) as directory:
            result[name] = summary(asyncio.run(measure(Path(directory), options.turns, full=name == "full")))
        show(name, result[name])
    text = json.dumps(result, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)
    return result


if __name__ == "__main__":
    main()
