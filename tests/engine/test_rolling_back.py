"""Rolling back: what it covers, in which order, what it asks, and what stands in its way."""

from __future__ import annotations

import pytest

from console.engine import commands as c
from console.engine import events as e
from console.engine.refused import Refused
from console.engine.words import (
    Answer,
    Ending,
    Outcome,
    Purpose,
    RollbackState,
    RunState,
    StepState,
    TaskKind,
)
from tests.engine.desk import SURVIVOR, Desk
from tests.engine.plans import (
    NEXT,
    ROLLBACK_ALL,
    STOP,
    UNATTENDED_ROLLBACK,
    approval,
    go_to,
    manual,
    process,
    rollback_to,
    tell,
    then,
    wait,
)


def began(events: list[e.AnyEvent]) -> e.RollbackBegan:
    """The event that a rollback began with."""
    return next(one for one in events if isinstance(one, e.RollbackBegan))


def undo(desk: Desk, path: str) -> None:
    """Confirm an undo and let it succeed."""
    desk.answer(path, Answer.UNDO)
    desk.ends(path)


def test_everything_that_started_is_undone_newest_first_failed_ones_included() -> None:
    desk = Desk(process("a"), process("b"), tell("t"), process("c")).start()
    desk.ends("a")
    desk.ends("b")
    desk.ends("c", Outcome.FAILED)
    events = desk.answer("c", Answer.ROLLBACK)
    assert began(events).paths == (("c", 1), ("b", 1), ("a", 1))
    for path in ("c", "b", "a"):
        assert desk.state() is RunState.ROLLING_BACK
        assert desk.task(path).kind is TaskKind.ROLLBACK, "each undo is shown before it runs"
        undo(desk, path)
    assert desk.state() is RunState.ROLLED_BACK
    assert set(desk.states().values()) == {StepState.ROLLED_BACK, StepState.SUCCEEDED}


def test_what_has_nothing_to_undo_is_left_out() -> None:
    desk = Desk(process("a", undo="nothing"), process("b", undo=None), process("c")).start()
    for path in ("a", "b", "c"):
        desk.ends(path)
    assert began(desk.roll_back()).paths == (("c", 1),)


def test_an_unattended_rollback_asks_nobody() -> None:
    desk = Desk(process("a"), approval("may", then=then(rejected=UNATTENDED_ROLLBACK))).start()
    desk.ends("a")
    desk.answer("may", Answer.REJECT)
    assert desk.attending("a").purpose is Purpose.ROLLBACK
    desk.ends("a")
    assert desk.state() is RunState.ROLLED_BACK


def test_a_runbook_that_says_unattended_asks_nobody_either() -> None:
    desk = Desk(process("a"), manual("look"), unattended_rollback=True).start()
    desk.ends("a")
    desk.roll_back()
    assert desk.attending("a").purpose is Purpose.ROLLBACK


def test_an_undo_with_a_preview_shows_it_and_runs_exactly_that() -> None:
    desk = Desk(process("a", undo_previews=True)).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    assert desk.attending("a").purpose is Purpose.ROLLBACK_PREVIEW
    desk.ends("a")
    seen = desk.task("a").digest
    assert seen is not None
    assert seen.startswith("seen-")
    desk.answer("a", Answer.UNDO)
    assert desk.attending("a").digest == seen


def test_the_undo_is_the_one_pinned_when_the_visit_first_started() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    assert desk.attending("a").digest == "undo-a-1"


def test_the_undo_is_there_even_if_the_step_could_not_be_made_ready_again() -> None:
    desk = Desk(process("a", undo_discovers=True), renders=False).start()
    desk.send(desk.rendered("a", 1))
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    desk.send(c.StepRendered(**desk.server(), path="a", visit=1, error="steps.x is undefined"))
    assert desk.step("a").prepared is None
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    assert desk.attending("a").purpose is Purpose.DISCOVER


@pytest.mark.parametrize(
    ("answer", "entry", "state"),
    [
        (Answer.DONE, RollbackState.BY_HAND, RunState.ROLLED_BACK),
        (Answer.LEAVE, RollbackState.LEFT, RunState.FAILED),
    ],
)
def test_an_undo_that_fails_asks(answer: Answer, entry: RollbackState, state: RunState) -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    desk.ends("a", Outcome.FAILED, summary="no route to host")
    assert desk.task("a").answers == (Answer.RETRY, Answer.DONE, Answer.LEAVE)
    assert "no route to host" in desk.task("a").question
    assert desk.states()["a"] is StepState.ROLLBACK_FAILED
    desk.answer("a", answer)
    assert desk.run.entries["a#1"].state is entry
    assert desk.state() is state


def test_an_undo_is_tried_again_without_asking_twice() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    assert desk.attending("a").purpose is Purpose.ROLLBACK


def test_an_undo_with_a_preview_is_shown_anew_before_it_is_tried_again() -> None:
    desk = Desk(process("a", undo_previews=True)).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.ends("a")
    desk.answer("a", Answer.UNDO)
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    assert desk.attending("a").purpose is Purpose.ROLLBACK_PREVIEW
    desk.ends("a")
    assert desk.task("a").kind is TaskKind.ROLLBACK
    desk.answer("a", Answer.LEAVE)
    assert desk.states()["a"] is StepState.ROLLBACK_FAILED, "an undo of it ran and failed"


def test_an_undo_whose_preview_fails_asks_and_leaves_the_step_as_it_was() -> None:
    desk = Desk(process("a", undo_previews=True), manual("look")).start()
    desk.ends("a")
    desk.roll_back()
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.ROLLBACK_FAILED
    desk.answer("a", Answer.LEAVE)
    assert desk.states()["a"] is StepState.SUCCEEDED, "nothing of it was undone"


def test_what_was_left_is_on_the_list_of_the_next_rollback() -> None:
    desk = Desk(process("a"), manual("look")).start()
    desk.ends("a")
    desk.roll_back()
    desk.answer("a", Answer.LEAVE)
    assert desk.state() is RunState.FAILED
    assert began(desk.roll_back()).paths == (("a", 1),)
    undo(desk, "a")
    assert desk.state() is RunState.ROLLED_BACK


def test_rolling_back_stops_at_an_impossible_step_and_says_what_can_be_done_instead() -> None:
    desk = Desk(process("a"), process("b", undo="impossible"), process("c")).start()
    desk.ends("a")
    desk.ends("b")
    desk.ends("c", Outcome.FAILED)
    assert Answer.ROLLBACK not in desk.task("c").answers
    with pytest.raises(Refused, match="b cannot be undone: it cannot be; what can be done instead: call somebody"):
        desk.roll_back()
    assert began(desk.roll_back("b")).paths == (("c", 1),)


def test_a_runbook_that_cannot_roll_back_asks() -> None:
    desk = Desk(process("a", undo="impossible"), process("b", then=then(failed=ROLLBACK_ALL))).start()
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    assert desk.task("b").kind is TaskKind.FAILED
    assert "cannot be undone" in desk.task("b").question


def test_rolling_back_to_a_step_asks_and_one_may_go_forward_again() -> None:
    desk = Desk(process("a"), process("b"), process("c")).start()
    desk.ends("a")
    desk.ends("b")
    desk.ends("c", Outcome.FAILED)
    assert began(desk.roll_back("a")).paths == (("c", 1), ("b", 1))
    undo(desk, "c")
    undo(desk, "b")
    assert desk.task("a").kind is TaskKind.ROLLED_BACK_TO
    assert desk.state() is RunState.WAITING
    desk.answer("a", Answer.GO_ON)
    assert desk.attending("b").visit == 2
    desk.ends("b")
    desk.ends("c")
    assert desk.state() is RunState.SUCCEEDED


def test_after_rolling_back_to_a_step_the_rest_may_be_undone_too() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.roll_back("a")
    undo(desk, "b")
    desk.answer("a", Answer.ROLLBACK)
    undo(desk, "a")
    assert desk.state() is RunState.ROLLED_BACK


def test_going_back_keeps_an_entry_for_each_visit() -> None:
    desk = Desk(process("a"), process("b", then=then(failed=go_to("a", at_most=1)))).start()
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    assert began(desk.answer("b", Answer.ROLLBACK)).paths == (("b", 2), ("a", 2), ("b", 1), ("a", 1))
    for path in ("b", "a", "b", "a"):
        undo(desk, path)
    assert desk.state() is RunState.ROLLED_BACK
    assert {entry.state for entry in desk.run.entries.values()} == {RollbackState.UNDONE}


def test_rolling_back_to_a_step_that_was_visited_twice_means_its_latest_visit() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.jump("a")
    desk.ends("a")
    desk.ends("b")
    assert began(desk.roll_back("a")).paths == (("b", 2),)


def test_one_cannot_roll_back_to_a_step_that_was_undone_itself_or_lies_ahead() -> None:
    desk = Desk(process("a"), process("b"), process("c"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.ends("c")
    desk.roll_back("a")
    undo(desk, "c")
    undo(desk, "b")
    desk.answer("a", Answer.GO_ON)
    desk.ends("b", Outcome.FAILED)
    with pytest.raises(Refused, match="the run stands at b"):
        desk.roll_back("c")
    with pytest.raises(Refused, match="the run stands at b"):
        desk.roll_back("b")
    desk.jump("look")
    with pytest.raises(Refused, match="c was undone itself"):
        desk.roll_back("c")
    with pytest.raises(Refused, match="no step 'nowhere'"):
        desk.roll_back("nowhere")


def test_a_runbook_that_rolls_back_to_the_step_itself_asks_instead_of_turning_in_circles() -> None:
    desk = Desk(process("a", then=then(failed=rollback_to("a")))).start()
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.FAILED


def test_nothing_is_rolled_back_over_a_doubt_even_of_a_step_with_nothing_to_undo() -> None:
    desk = Desk(process("a"), process("b", undo="nothing")).start()
    desk.ends("a")
    desk.lost("b")
    with pytest.raises(Refused, match="b is in doubt"):
        desk.roll_back()
    desk.answer("b", Answer.LOOK_AGAIN)
    with pytest.raises(Refused, match="b is in doubt"):
        desk.roll_back()


def test_nothing_is_rolled_back_while_something_runs() -> None:
    desk = Desk(process("a")).start()
    with pytest.raises(Refused, match="still running"):
        desk.roll_back()


def test_a_lost_undo_is_in_doubt_and_its_answers_are_about_the_undo() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    desk.lost("a")
    assert desk.state() is RunState.IN_DOUBT
    assert "the undo of a" in desk.task("a").question
    desk.answer("a", Answer.NOT_DONE)
    assert desk.task("a").kind is TaskKind.ROLLBACK_FAILED
    desk.answer("a", Answer.RETRY)
    assert desk.owed() == ["SeekSurvivors a"], "something of the lost undo may still run"
    desk.survivors("a", SURVIVOR)
    assert Answer.STOP not in desk.task("a").answers
    desk.answer("a", Answer.LOOK_AGAIN)
    desk.survivors("a")
    desk.ends("a")
    assert desk.state() is RunState.ROLLED_BACK


def test_a_lost_undo_that_was_done_is_done_by_hand() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.roll_back()
    desk.answer("b", Answer.UNDO)
    desk.lost("b")
    desk.answer("b", Answer.DONE)
    assert desk.run.entries["b#1"].state is RollbackState.BY_HAND
    assert desk.task("a").kind is TaskKind.ROLLBACK
    assert desk.owed() == [], "nobody asks for survivors of what is not started again"


def test_an_undo_that_timed_out_is_not_tried_again_before_survivors_were_sought() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    desk.answer("a", Answer.UNDO)
    desk.ends("a", Outcome.TIMED_OUT, ending=Ending.TIMED_OUT)
    desk.answer("a", Answer.RETRY)
    assert desk.owed() == ["SeekSurvivors a"]


def test_survivors_of_a_lost_attempt_are_sought_before_its_undo() -> None:
    desk = Desk(process("a")).start()
    desk.lost("a")
    desk.answer("a", Answer.PARTLY)
    desk.answer("a", Answer.ROLLBACK)
    assert desk.owed() == ["SeekSurvivors a"]
    desk.survivors("a", SURVIVOR)
    desk.answer("a", Answer.START_ANYWAY)
    assert desk.task("a").kind is TaskKind.ROLLBACK


def test_an_undo_that_an_operator_stops_asks_what_now() -> None:
    desk = Desk(process("a"), process("b", then=then(failed=go_to("a", at_most=1)))).start()
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    desk.answer("b", Answer.ROLLBACK)
    undo(desk, "b")
    undo(desk, "a")
    desk.answer("b", Answer.UNDO)
    desk.cancel("b")
    assert desk.attending("b").visit == 1, "the undo of an earlier visit is what runs"
    assert desk.attending("b").cancel
    desk.ends("b", Outcome.CANCELLED, ending=Ending.CANCELLED)
    assert desk.task("b").kind is TaskKind.ROLLBACK_FAILED


@pytest.mark.parametrize("ending", [STOP, NEXT])
def test_an_ended_run_can_be_rolled_back_as_a_whole(ending: object) -> None:
    desk = Desk(process("a", then=then(failed=STOP)), deadline_ms=50_000).start()
    desk.ends("a", Outcome.FAILED if ending is STOP else Outcome.SUCCEEDED)
    assert desk.run.ended is not None
    with pytest.raises(Refused, match="only be rolled back as a whole"):
        desk.roll_back("a")
    desk.roll_back()
    assert desk.state() is RunState.ROLLING_BACK
    undo(desk, "a")
    assert desk.state() is RunState.ROLLED_BACK
    with pytest.raises(Refused, match="rolled back already"):
        desk.roll_back()


def test_a_cancelled_run_can_be_rolled_back() -> None:
    desk = Desk(process("a"), manual("look")).start()
    desk.ends("a")
    desk.cancel()
    assert desk.state() is RunState.CANCELLED
    desk.roll_back()
    undo(desk, "a")
    assert desk.state() is RunState.ROLLED_BACK


def test_an_ended_run_whose_key_another_run_holds_is_not_rolled_back() -> None:
    desk = Desk(process("a")).start(lock="prod")
    desk.ends("a")
    with pytest.raises(Refused, match="run 8 holds 'prod' now"):
        desk.roll_back(lock_holder=8)
    desk.roll_back(lock_holder=None)
    assert desk.state() is RunState.ROLLING_BACK


def test_a_run_that_has_not_begun_has_nothing_to_undo() -> None:
    desk = Desk(process("a")).start(lock="prod", lock_holder=7, wait_for_lock=True)
    with pytest.raises(Refused, match="not begun yet"):
        desk.roll_back()


def test_rolling_back_from_a_step_that_waits_ends_its_wait_and_its_timers() -> None:
    desk = Desk(process("a"), wait("pause", 10_000, within_ms=60_000)).start()
    desk.ends("a")
    desk.roll_back()
    assert desk.states()["pause"] is StepState.CANCELLED
    assert desk.run.timers == {}
    undo(desk, "a")
    assert desk.state() is RunState.ROLLED_BACK


def test_a_rollback_can_be_paused_and_neither_cancelled_nor_left_by_a_jump() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.roll_back()
    desk.answer("b", Answer.UNDO)
    with pytest.raises(Refused, match="being rolled back"):
        desk.cancel()
    with pytest.raises(Refused, match="being rolled back"):
        desk.jump("a")
    with pytest.raises(Refused, match="already under way"):
        desk.roll_back()
    desk.pause()
    desk.ends("b")
    assert desk.run.tasks == {}
    desk.resume()
    assert desk.task("a").kind is TaskKind.ROLLBACK


def test_jumps_never_remove_an_entry() -> None:
    desk = Desk(process("a"), process("b"), process("c"), manual("look")).start()
    desk.ends("a")
    desk.ends("b")
    desk.ends("c")
    desk.jump("a")
    desk.ends("a")
    desk.ends("b")
    desk.ends("c")
    desk.jump("b")
    desk.ends("b")
    desk.ends("c")
    keys = ["a#1", "b#1", "c#1", "a#2", "b#2", "c#2", "b#3", "c#3"]
    assert list(desk.run.entries) == keys


def test_a_lost_undo_preview_is_taken_again() -> None:
    desk = Desk(process("a", undo_previews=True)).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.ROLLBACK)
    for _ in range(2):
        desk.lost("a")
        desk.survivors("a")
        assert desk.attending("a").purpose is Purpose.ROLLBACK_PREVIEW
    desk.lost("a")
    assert desk.task("a").kind is TaskKind.ROLLBACK_FAILED
