"""The durable cost of a step without work: decide, commit with fsync, evolve, publish; against bare SQLite commits.

Both write the same rows: one commit for each step, WAL, synchronous=FULL. They alternate in slices within one run, so
that a change in the machine's speed touches both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.engine import commands as c
from console.engine.due import Attend, Prepare, due
from console.engine.prepared import Prepared, ProcessWork
from console.engine.reports import AttemptReport
from console.engine.run import Run
from console.engine.runbook import Runbook, Step
from console.engine.words import Effect, Ending, Outcome
from console.journal import Committer, open_reader, open_writer
from console.server.hub import Hub
from console.server.runs import Runs
from console.server.turns import SERVER, Extras, Turns, fresh_id

ME = c.Actor(kind=c.ActorKind.OPERATOR, name="ana", uid=1000, unprotected=True)
SPEC = {"argv": ["/bin/sh", "-c", "sleep 5"], "cwd": "/"}
WORK = Prepared(digest="0" * 64, kind="shell", work=ProcessWork(), effect=Effect.READS, spec=SPEC, shown=("sleep 5",))
REPORT = AttemptReport(ending=Ending.EXITED, outcome=Outcome.SUCCEEDED, exit_code=0, started_at=1, ended_at=2)


class Engine:
    """The server's turns over a real journal; attempts end as soon as they are permitted."""

    def __init__(self, home: Path, steps: int, work: Prepared = WORK) -> None:
        self.work = work
        self.committer = Committer(open_writer(home))
        self.reader = open_reader(home)
        self.runs = Runs(self.reader)
        self.turns = Turns(self.runs, self.reader, self.committer, Hub(), self._render)
        self.book = Runbook(
            id="bench", title="Bench", steps=tuple(Step(id=f"s{n}", kind="shell") for n in range(steps))
        )

    async def _render(self, run: Run, wanted: Prepare) -> c.StepRendered:
        return c.StepRendered(id=fresh_id(), who=SERVER, path=wanted.path, visit=wanted.visit, prepared=self.work)

    async def start(self) -> None:
        """Start the run."""

        def make(number: int, holder: int | None) -> c.StartRun:
            return c.StartRun(
                id=fresh_id(), who=ME, run=number, runbook=self.book, definition="d", source="bench", parameters={}
            )

        await self.turns.start(make, None, Extras())

    async def step(self, number: int) -> None:
        """End the attempt of a step, and so come to the next."""
        await self.turns.submit(1, report_of(number))

    def check(self, finished: int) -> None:
        """Make sure that so many steps are over and that the one after them runs."""
        run = self.runs.get(1)
        attends = [one.path for one in due(run) if isinstance(one, Attend)] if run is not None else []
        if attends != [f"s{finished}"]:
            raise SystemExit(f"after {finished} steps the run attends to {attends}")


def report_of(number: int) -> c.AttemptReported:
    """What ends the only attempt of a step."""
    return c.AttemptReported(id=fresh_id(), who=SERVER, path=f"s{number}", visit=1, attempt=1, report=REPORT)


class Bare:
    """The same rows, written by nothing but SQLite."""

    def __init__(self, home: Path) -> None:
        self.db = sqlite3.connect(home / "bare.db", isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute(
            "CREATE TABLE event(stream TEXT, seq INTEGER, type TEXT, at INTEGER, body TEXT, hash BLOB,"
            " PRIMARY KEY(stream, seq)) STRICT, WITHOUT ROWID"
        )
        self.db.execute("CREATE TABLE run(id INTEGER PRIMARY KEY, seq INTEGER, body BLOB) STRICT")

    def step(self, rows: Sequence[tuple[Any, ...]], body: bytes) -> None:
        """One commit."""
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT INTO event VALUES(?,?,?,?,?,?)", rows)
        self.db.execute("INSERT OR REPLACE INTO run VALUES(1,?,?)", (rows[-1][1], body))
        self.db.execute("COMMIT")


async def measure(steps: int, slice_: int) -> dict[str, float]:
    """Seconds of both for all steps, and the ratio, in slices that take turns."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        home = Path(directory)
        home.chmod(0o700)
        engine, bare = Engine(home, steps + 1), Bare(home)
        await engine.start()
        engine_s: list[float] = []
        bare_s: list[float] = []
        for first in range(0, steps, slice_):
            before = engine.reader.head("run/1").seq
            reports = [report_of(number) for number in range(first, first + slice_)]
            began = time.perf_counter()
            for report in reports:
                await engine.turns.submit(1, report)
            engine_s.append(time.perf_counter() - began)
            engine.check(first + slice_)
            stored = list(engine.reader.events("run/1", before))
            body = (engine.reader.run(1) or sys.exit("no row")).body
            size = len(stored) // slice_
            rows = [(one.stream, one.seq, one.type, one.at, one.body.decode(), one.hash) for one in stored]
            began = time.perf_counter()
            for place in range(0, len(rows), size):
                bare.step(rows[place : place + size], body)
            bare_s.append(time.perf_counter() - began)
        events = engine.reader.head("run/1").seq
        await engine.committer.aclose()
    return {
        "steps": steps,
        "events": events,
        "engine_ms_per_step": 1000 * sum(engine_s) / steps,
        "bare_ms_per_step": 1000 * sum(bare_s) / steps,
        "ratio": sum(engine_s) / sum(bare_s),
        "ratio_median_of_slices": statistics.median(a / b for a, b in zip(engine_s, bare_s, strict=True)),
    }


def main() -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--slice", type=int, default=25)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    result = asyncio.run(measure(args.steps, args.slice))
    print(f"{result['steps']} steps, {result['events']} events")
    print(f"  engine, journal, publish  {result['engine_ms_per_step']:.3f} ms a step")
    print(f"  bare SQLite commits       {result['bare_ms_per_step']:.3f} ms a step")
    ratio, median = result["ratio"], result["ratio_median_of_slices"]
    print(f"  ratio                     {ratio:.2f} (median of slices {median:.2f}), goal 2 or less")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
