"""The rows for lists are what the events say: after a varied history they can be made anew from these alone."""

from __future__ import annotations

import msgspec

from console import protocol as p
from console.journal import open_reader, open_writer
from console.server.runs import Runs
from console.server.turns import run_row, task_rows
from tests.server.lab import Lab, shell


def varied_history(lab: Lab) -> None:
    """Runs in many states: ended well and badly, rolled back, paused, waiting, queued, in doubt of nothing."""
    ana, ben = lab.client("ana"), lab.client("ben")
    mixed = lab.runbook(
        "mixed",
        shell("one", "echo a=1 >> $CONSOLE_OUTPUT", env={"WHO": "{{ params.who }}"}),
        {"id": "ok", "approval": {"ask": "Fine?", "quorum": 2, "within": "1h"}, "then": {"rejected": "stop"}},
        {"id": "two", "shell": "echo two", "rollback": {"shell": "echo undone"}},
        shell("flaky", "exit 1", effect="reads", retry={"attempts": 2, "wait": "50ms"}, then={"failed": "next"}),
        {"id": "m", "manual": {"instructions": "x", "asks": {"n": {"type": "integer"}}}},
        {"id": "n", "notify": "{{ params.who }} is done"},
        parameters={"who": {"type": "string"}},
        environment="staging",
        deadline="3h",
    )
    locked = lab.runbook("locked", {"id": "m", "manual": "x"}, one_at_a_time="key")
    numbers = [lab.start(ana, mixed, who=f"w{number}") for number in range(5)]
    for number in numbers[1:]:
        lab.wait_task(ana, number, "ok")
        lab.answer(ana, number, "ok", "approve", note="yes")
    lab.wait_task(ana, numbers[0], "ok")
    lab.answer(ben, numbers[0], "ok", "reject", note="no")
    for number in numbers[2:]:
        lab.answer(ben, number, "ok", "approve")
        lab.wait_task(ana, number, "m")
    lab.answer(ana, numbers[2], "m", "done", values={"n": "4"})
    lab.wait_end(ana, numbers[2])
    lab.do(ben, numbers[3], "rollback", reason="back")
    lab.wait_task(ana, numbers[3], "two", "rollback")
    lab.answer(ana, numbers[3], "two", "undo")
    lab.wait_end(ana, numbers[3])
    lab.do(ben, numbers[4], "pause", reason="lunch")
    first = lab.start(ana, locked)
    ana.ask(p.StartRun(runbook=locked, parameters={}, command="queued", wait_for_lock=True))
    lab.wait_task(ana, first, "m")


def test_rows_made_anew_equal_those_that_are_stored(lab: Lab) -> None:
    varied_history(lab)
    lab.stop_server()
    writer = open_writer(lab.home.root)
    writer.drop_snapshots()
    writer.close()
    reader = open_reader(lab.home.root)
    try:
        stored = reader.projections()
        assert len(stored.runs) == 7
        assert len({row.state for row in stored.runs}) >= 5, [row.state for row in stored.runs]
        runs = [Runs(reader).get(row.id) for row in stored.runs]
        assert [run_row(run) for run in runs if run is not None] == list(stored.runs)
        assert [row for run in runs if run is not None for row in task_rows(run)] == list(stored.tasks)
    finally:
        reader.close()


def test_snapshots_say_what_the_events_say(lab: Lab) -> None:
    varied_history(lab)
    lab.stop_server()
    reader = open_reader(lab.home.root)
    try:
        by_snapshot = {row.id: Runs(reader).get(row.id) for row in reader.runs()}
        assert any(reader.snapshot(f"run/{number}", Runs(reader).code) for number in by_snapshot)
    finally:
        reader.close()
    writer = open_writer(lab.home.root)
    writer.drop_snapshots()
    writer.close()
    reader = open_reader(lab.home.root)
    try:
        for number, run in by_snapshot.items():
            folded = Runs(reader).get(number)
            assert msgspec.to_builtins(folded) == msgspec.to_builtins(run)
    finally:
        reader.close()
