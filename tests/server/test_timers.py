"""Waits, retries and limits: absolute moments that a restart neither loses nor begins again."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from console import protocol as p
from console.journal import open_reader
from tests.server.lab import Lab, shell, step_of, task_of, until


def moments(lab: Lab, run: int, *kinds: str) -> list[int]:
    """When events of these kinds were recorded, in ms."""
    return [event["at"] for event in lab.events(lab.client(), run) if event["type"] in kinds]


@pytest.mark.parametrize("dies", [True, False])
def test_a_wait_ends_when_it_said_it_would(lab: Lab, dies: bool) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "w", "wait": "1s"}, shell("two", "true")))
    waiting = lab.wait_state(ana, run, "w", "waiting")
    assert waiting.retry_at
    if dies:
        lab.kill_server()
        again = step_of(ana.ask(p.ShowRun(run=run)), "w")
        assert again.retry_at in (waiting.retry_at, None)
    lab.wait_end(ana, run)
    [set_at], [fired_at] = moments(lab, run, "timer_set"), moments(lab, run, "timer_fired")
    # Not sooner, and after a death not anew: the next server may need a moment to start.
    assert 1_000 <= fired_at - set_at + 5 < 3_000


def test_a_moment_that_passed_while_nobody_served_is_kept_at_once(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "w", "wait": "1s"}))
    lab.wait_state(ana, run, "w", "waiting")
    lab.kill_server()
    due = next(event for event in stored(lab, run) if event["type"] == "timer_set")["data"]["at"]
    wait_until(due + 100)
    assert lab.wait_end(ana, run, seconds=5).state == "succeeded"


def test_a_retry_waits_its_time_across_a_death(lab: Lab) -> None:
    count = lab.root.parent / "count"
    text = f"echo x >> {count}; test $(wc -l < {count}) -ge 3"
    book = lab.runbook("t", shell("one", text, effect="reads", retry={"attempts": 5, "wait": "600ms"}))
    ana = lab.client()
    run = lab.start(ana, book)
    lab.wait_state(ana, run, "one", "waiting")
    lab.kill_server()
    view = lab.wait_end(ana, run)
    assert view.state == "succeeded"
    assert [one.exit_code for one in step_of(view, "one").attempts] == [1, 1, 0]
    assert count.read_text().count("x") == 3
    set_at, fired_at = moments(lab, run, "timer_set"), moments(lab, run, "timer_fired")
    assert all(after - before >= 595 for before, after in zip(set_at, fired_at, strict=True))


def test_what_is_not_idempotent_is_not_tried_again_by_itself(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", "exit 9")))
    task = lab.wait_task(ana, run, "one", "failed")
    assert "retry" in task.answers
    assert len(step_of(ana.ask(p.ShowRun(run=run)), "one").attempts) == 1


@pytest.mark.parametrize("dies", [True, False])
def test_a_question_with_a_limit_times_out(lab: Lab, dies: bool) -> None:
    approval: dict[str, Any] = {"id": "ok", "approval": {"ask": "Fine?", "within": "1s", "from": ["boss"]}}
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", approval))
    assert lab.wait_task(ana, run, "ok", "approval").due
    if dies:
        lab.kill_server()
    view = lab.wait(ana, run, lambda view: task_of(view, "ok", "failed"))
    assert step_of(view, "ok").state == "timed_out"
    notices = ana.ask(p.ReadNotices())
    assert any("boss" in one.to for one in notices), notices


@pytest.mark.parametrize("dies", [True, False])
def test_a_deadline_tells_and_ends_nothing(lab: Lab, dies: bool) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "one", "manual": "Do it"}, deadline="1s"))
    lab.wait_task(ana, run, "one")
    if dies:
        lab.kill_server()
    view = lab.wait(ana, run, lambda view: view.late)
    assert view.state == "waiting"
    assert any("past its deadline" in one.message for one in ana.ask(p.ReadNotices()))
    lab.answer(ana, run, "one", "done")
    assert lab.wait_end(ana, run).state == "succeeded"


def test_a_timeout_bounds_an_attempt_also_when_no_server_watches(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", "echo up; sleep 60", timeout="1s")))
    spool = lab.home.spool / str(run)
    until(lambda: any(one.stat().st_size for one in spool.glob("*/out")), saying="it is up")
    lab.kill_server()
    until(lambda: any(spool.glob("*/exit.json")) and all(one.stat().st_size for one in spool.glob("*/exit.json")))
    lab.wait_task(ana, run, "one", "failed")
    one = step_of(ana.ask(p.ShowRun(run=run)), "one")
    assert (one.state, one.attempts[0].state) == ("timed_out", "timed_out")


def stored(lab: Lab, run: int) -> list[dict[str, Any]]:
    """The events of a run while no server runs."""
    reader = open_reader(lab.home.root)
    try:
        return [msgspec.json.decode(body) for body in reader.bodies(f"run/{run}")]
    finally:
        reader.close()


def wait_until(moment: int) -> None:
    until(lambda: time.time_ns() // 1_000_000 >= moment, saying="the moment")
