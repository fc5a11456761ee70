"""Pausing, cancelling, stopping, queueing for a lock: what holds a run, and what becomes of what is under way."""

from __future__ import annotations

import pytest

from console.engine import commands as c
from console.engine.refused import Refused
from console.engine.runbook import Retry
from console.engine.words import Answer, Ending, Outcome, RunState, StepState
from tests.engine.desk import Desk
from tests.engine.plans import approval, manual, process, wait


def test_a_paused_run_lets_go_on_what_runs_and_starts_nothing_new() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.pause()
    assert desk.owed() == ["Attend a"]
    desk.ends("a")
    assert desk.state() is RunState.PAUSED
    assert desk.owed() == []
    with pytest.raises(Refused, match="paused already"):
        desk.pause()
    desk.resume()
    assert desk.owed() == ["Attend b"]
    with pytest.raises(Refused, match="not paused"):
        desk.resume()


def test_a_step_rendered_while_the_run_is_paused_starts_when_it_is_resumed() -> None:
    desk = Desk(process("a"), renders=False).start()
    late = desk.rendered("a", 1)
    desk.pause()
    assert desk.owed() == []
    desk.send(late)
    assert desk.owed() == []
    desk.resume()
    assert desk.owed() == ["Attend a"]


def test_questions_can_be_answered_while_the_run_is_paused() -> None:
    desk = Desk(approval("may"), process("a")).start()
    desk.pause()
    desk.answer("may", Answer.APPROVE)
    assert desk.states()["may"] is StepState.SUCCEEDED
    assert desk.states()["a"] is StepState.PENDING
    desk.resume()
    assert desk.owed() == ["Attend a"]


def test_cancelling_lets_finish_what_runs() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.cancel()
    assert not desk.attending("a").cancel
    assert desk.run.ended is None
    desk.ends("a")
    assert desk.state() is RunState.CANCELLED
    assert desk.states() == {"a": StepState.SUCCEEDED, "b": StepState.PENDING}


def test_cancelling_may_stop_what_runs_and_does_so_also_afterwards() -> None:
    desk = Desk(process("a")).start()
    desk.cancel()
    with pytest.raises(Refused, match="being cancelled already"):
        desk.cancel()
    desk.cancel(stop=True)
    assert desk.attending("a").cancel
    with pytest.raises(Refused, match="being cancelled already"):
        desk.cancel(stop=True)
    desk.ends("a", Outcome.CANCELLED, ending=Ending.CANCELLED)
    assert desk.state() is RunState.CANCELLED


def test_cancelling_a_run_that_waits_ends_it_and_what_it_asked() -> None:
    desk = Desk(manual("look", within_ms=5_000)).start()
    desk.cancel()
    assert desk.state() is RunState.CANCELLED
    assert desk.states()["look"] is StepState.CANCELLED
    assert desk.due() == []


def test_cancelling_a_paused_run_ends_it() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.pause()
    desk.ends("a")
    desk.cancel()
    assert desk.state() is RunState.CANCELLED
    assert not desk.run.paused


def test_cancelling_ends_the_wait_for_the_next_try() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9, wait_ms=60_000))).start()
    desk.ends("a", Outcome.FAILED)
    desk.cancel()
    assert desk.state() is RunState.CANCELLED
    assert desk.run.timers == {}


def test_what_fails_while_the_run_is_cancelled_is_not_tried_again() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9))).start()
    desk.cancel()
    desk.ends("a", Outcome.FAILED)
    assert desk.state() is RunState.CANCELLED
    assert len(desk.attempts("a")) == 1


def test_a_cancelled_run_takes_no_more_orders() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.cancel()
    for order in (desk.jump, desk.skip):
        with pytest.raises(Refused):
            order("a")
    with pytest.raises(Refused, match="being cancelled"):
        desk.roll_back()
    desk.ends("a")
    with pytest.raises(Refused, match="run 1 has ended: cancelled"):
        desk.resume()


def test_stopping_a_step_stops_that_step_and_asks_what_now() -> None:
    desk = Desk(process("a"), process("b")).start()
    with pytest.raises(Refused, match="the run has not come to the step 'b' yet"):
        desk.cancel("b")
    desk.cancel("a")
    assert desk.attending("a").cancel
    with pytest.raises(Refused, match="being stopped already"):
        desk.cancel("a")
    desk.ends("a", Outcome.CANCELLED, ending=Ending.CANCELLED)
    assert desk.states()["a"] is StepState.CANCELLED
    assert Answer.RETRY in desk.task("a").answers
    with pytest.raises(Refused, match="nothing of a is running"):
        desk.cancel("a")


def test_a_process_that_finished_before_it_could_be_stopped_has_succeeded() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.cancel("a")
    desk.ends("a", Outcome.SUCCEEDED, ending=Ending.CANCELLED)
    assert desk.states()["a"] is StepState.SUCCEEDED


def test_stopping_a_wait_asks_what_now() -> None:
    desk = Desk(wait("pause", 60_000), process("b")).start()
    desk.cancel("pause")
    assert desk.run.timers == {}
    desk.answer("pause", Answer.SKIP)
    assert desk.owed() == ["Attend b"]


def test_a_queued_run_begins_when_the_lock_is_free() -> None:
    desk = Desk(process("a"), deadline_ms=5_000).start(lock="prod", lock_holder=7, wait_for_lock=True)
    assert desk.state() is RunState.QUEUED
    assert desk.owed() == []
    desk.fires("deadline")
    desk.send(c.Admit(**desk.server()))
    assert desk.owed() == ["Attend a"]
    assert desk.send(c.Admit(**desk.server())) == []


def test_a_run_whose_key_is_held_is_refused_unless_it_may_wait() -> None:
    desk = Desk(process("a"))
    with pytest.raises(Refused, match="run 7 holds 'prod'"):
        desk.start(lock="prod", lock_holder=7)


def test_a_queued_run_can_be_cancelled() -> None:
    desk = Desk(process("a")).start(lock="prod", lock_holder=7, wait_for_lock=True)
    desk.cancel()
    assert desk.state() is RunState.CANCELLED
    assert desk.send(c.Admit(**desk.server())) == []


def test_a_queued_run_can_be_paused_and_is_not_jumped_in() -> None:
    desk = Desk(process("a")).start(lock="prod", lock_holder=7, wait_for_lock=True)
    with pytest.raises(Refused, match="has not begun yet"):
        desk.jump("a")
    desk.pause()
    desk.send(c.Admit(**desk.server()))
    assert desk.state() is RunState.PAUSED
    desk.resume()
    assert desk.owed() == ["Attend a"]
