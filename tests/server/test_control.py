"""What operators do to a run that nobody asked about, with real processes."""

from __future__ import annotations

import pytest

from console import protocol as p
from console.errors import RefusedError
from tests.server.lab import Lab, refused, shell, step_of, told, until

# Runs until it is told to stop, and says so when it is.
STAYS = "trap 'echo told to stop; exit 3' INT TERM; echo up; while :; do sleep 0.05; done"


def test_a_paused_run_lets_what_runs_finish_and_starts_nothing_new(lab: Lab) -> None:
    gate = lab.root.parent / "gate"
    book = lab.runbook(
        "t", shell("one", f"while [ ! -e {gate} ]; do sleep 0.02; done; echo finished"), shell("two", "echo two")
    )
    ana = lab.client()
    run = lab.start(ana, book)
    lab.wait_state(ana, run, "one", "running")
    lab.do(ana, run, "pause", reason="lunch")
    gate.touch()
    view = lab.wait(ana, run, lambda view: step_of(view, "one").state == "succeeded")
    assert (view.state, view.paused) == ("paused", True)
    assert not step_of(view, "two").attempts
    assert isinstance(refused(lambda: lab.do(ana, run, "pause")), RefusedError)
    lab.kill_server()
    assert ana.ask(p.ShowRun(run=run)).state == "paused"
    lab.do(ana, run, "resume")
    assert lab.wait_end(ana, run).state == "succeeded"
    assert lab.output(ana, run, "two") == "two"


def test_skipping_wants_a_reason_and_jumping_passes_over(lab: Lab) -> None:
    book = lab.runbook(
        "t",
        {"id": "one", "manual": "One"},
        shell("two", "echo two"),
        {"id": "three", "manual": "Three"},
        {"id": "four", "manual": "Four"},
    )
    ana = lab.client()
    run = lab.start(ana, book)
    lab.wait_task(ana, run, "one")
    assert "reason" in refused(lambda: lab.do(ana, run, "skip", step="one")).message
    lab.do(ana, run, "skip", step="two", reason="not today")
    lab.do(ana, run, "skip", step="one", reason="was done before")
    lab.wait_task(ana, run, "three")
    lab.do(ana, run, "jump", step="one", reason="look again")
    lab.wait_task(ana, run, "one")
    lab.do(ana, run, "jump", step="four", reason="enough")
    lab.wait_task(ana, run, "four")
    lab.answer(ana, run, "four", "done")
    view = lab.wait_end(ana, run)
    states = [step_of(view, step).state for step in ("one", "two", "three", "four")]
    assert states == ["cancelled", "skipped", "cancelled", "succeeded"], told(view)
    assert not step_of(view, "two").attempts
    lab.check_whole()


def test_cancelling_lets_what_runs_finish(lab: Lab) -> None:
    gate = lab.root.parent / "gate"
    book = lab.runbook("t", shell("one", f"while [ ! -e {gate} ]; do sleep 0.02; done; echo all"), shell("two", "true"))
    ana = lab.client()
    run = lab.start(ana, book)
    lab.wait_state(ana, run, "one", "running")
    lab.do(ana, run, "cancel", reason="wrong day")
    gate.touch()
    view = lab.wait_end(ana, run)
    assert (view.state, step_of(view, "one").state, step_of(view, "two").state) == ("cancelled", "succeeded", "pending")
    assert lab.output(ana, run, "one") == "all"


@pytest.mark.parametrize("whole", [True, False])
def test_stopping_ends_the_process(lab: Lab, whole: bool) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", STAYS), shell("two", "true")))
    until(lambda: running(lab, run) and lab.output(ana, run, "one") == "up", saying="the step is up")
    if whole:
        lab.do(ana, run, "cancel", stop=True)
        view = lab.wait_end(ana, run)
        assert view.state == "cancelled"
    else:
        lab.do(ana, run, "cancel", step="one")
        lab.wait_task(ana, run, "one", "failed")
        view = ana.ask(p.ShowRun(run=run))
    one = step_of(view, "one")
    assert one.state == "cancelled", told(view)
    assert one.attempts[0].exit_code == 3
    assert "told to stop" in lab.output(ana, run, "one")


def test_a_wish_to_stop_outlives_the_server_that_heard_it(lab: Lab) -> None:
    """The server dies right after it recorded the wish, and before it could pass it on."""
    log = lab.root.parent / "faults.log"
    # Commits: the server's start, the run, its step's start; the next one is the wish.
    lab.environ |= {"CONSOLE_FAULT_LOG": str(log), "CONSOLE_FAULT_AT": "after_commit:2"}
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", STAYS)))
    until(lambda: running(lab, run) and lab.output(ana, run, "one") == "up", saying="the step is up")
    lab.do(ana, run, "cancel", step="one", command="c")
    assert "killed" in log.read_text().split()
    lab.wait_task(ana, run, "one", "failed")
    one = step_of(ana.ask(p.ShowRun(run=run)), "one")
    assert (one.state, one.attempts[0].exit_code) == ("cancelled", 3)
    asked = [event for event in lab.events(ana, run) if event["type"] == "attempt_cancel_asked"]
    assert len(asked) == 1


def test_a_wish_to_stop_that_comes_before_the_process_reaches_it(lab: Lab) -> None:
    """Asked as soon as the attempt is recorded, again and again: whenever it comes, the process is stopped."""
    ana = lab.client()
    book = lab.runbook("t", shell("one", STAYS))
    for _ in range(8):
        run = lab.start(ana, book)
        lab.do(ana, run, "cancel", stop=True)
        view = lab.wait_end(ana, run)
        assert view.state == "cancelled"
    until(lambda: not lab.processes(text=str(lab.home.spool)), saying="no process is left")


def test_an_ended_run_can_be_rolled_back(lab: Lab) -> None:
    mark = lab.root.parent / "mark"
    book = lab.runbook(
        "t",
        {"id": "one", "shell": f"touch {mark}", "rollback": {"shell": f"rm {mark}"}},
        {"id": "two", "shell": "exit 4", "rollback": {"shell": "echo nothing"}, "then": {"failed": "stop"}},
    )
    ana = lab.client()
    run = lab.start(ana, book)
    assert lab.wait_end(ana, run).state == "failed"
    assert mark.exists()
    lab.kill_server()
    lab.do(ana, run, "rollback", reason="not wanted")
    for step in ("two", "one"):
        lab.wait_task(ana, run, step, "rollback")
        lab.answer(ana, run, step, "undo")
    assert lab.wait_end(ana, run).state == "rolled_back"
    assert not mark.exists()


def running(lab: Lab, run: int) -> bool:
    return any((lab.home.spool / str(run)).glob("*/out"))


def test_a_server_that_stops_while_it_starts_a_process_starts_it_once(lab: Lab) -> None:
    count = lab.root.parent / "count"
    book = lab.runbook("t", *(shell(f"s{number}", f"echo s{number} >> {count}; sleep 0.05") for number in range(6)))
    ana = lab.client()
    run = lab.start(ana, book)
    for _ in range(8):
        lab.stop_server()
        view = ana.ask(p.ShowRun(run=run))
    view = lab.wait_end(ana, run)
    assert view.state == "succeeded", told(view)
    assert count.read_text().split() == [f"s{number}" for number in range(6)]
    assert [one.state for step in view.steps for one in step.attempts] == ["succeeded"] * 6, "each was started when due"
    lab.check_whole()
