"""Attempts whose end nobody saw: what is asked, what may be started again, and what is looked for first."""

from __future__ import annotations

import pytest

from console.engine import events as e
from console.engine.refused import Refused
from console.engine.reports import AttemptReport, Finding
from console.engine.runbook import Field, ParameterType, Retry
from console.engine.words import Answer, AttemptState, Ending, Outcome, Purpose, RunState, StepState, TaskKind
from tests.engine.desk import SURVIVOR, Desk
from tests.engine.plans import go_to, process, then

DOUBTS = (Answer.LOOK_AGAIN, Answer.DONE, Answer.NOT_DONE, Answer.PARTLY)


def test_a_lost_attempt_is_in_doubt_and_a_person_is_asked() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.lost("a")
    assert desk.state() is RunState.IN_DOUBT
    assert desk.states()["a"] is StepState.IN_DOUBT
    assert desk.task("a").kind is TaskKind.IN_DOUBT
    assert desk.task("a").answers == DOUBTS
    assert desk.owed() == []


def test_done_goes_on_under_its_own_name() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.lost("a")
    desk.answer("a", Answer.DONE)
    assert desk.states()["a"] is StepState.DONE_BY_HAND
    assert desk.owed() == ["Attend b"]


def test_done_without_the_outputs_is_refused_and_asks_still() -> None:
    desk = Desk(process("a", outputs={"port": Field(type=ParameterType.INTEGER)}), process("b")).start()
    desk.lost("a")
    with pytest.raises(Refused, match="port is missing"):
        desk.answer("a", Answer.DONE)
    assert desk.task("a").kind is TaskKind.IN_DOUBT
    desk.answer("a", Answer.DONE, values={"port": 80})
    assert desk.step("a").outputs == {"port": 80}


def test_what_is_in_doubt_can_be_said_to_be_done_without_outputs_once_the_run_is_cancelled() -> None:
    desk = Desk(process("a", outputs={"port": Field(type=ParameterType.INTEGER)}), process("b")).start()
    desk.cancel()
    desk.lost("a")
    desk.answer("a", Answer.DONE)
    assert desk.state() is RunState.CANCELLED
    assert desk.states()["a"] is StepState.DONE_BY_HAND


@pytest.mark.parametrize(("answer", "entries"), [(Answer.NOT_DONE, 0), (Answer.PARTLY, 1)])
def test_not_done_and_partly_lead_to_the_choices_of_a_failed_step(answer: Answer, entries: int) -> None:
    desk = Desk(process("a", then=then(failed=go_to("a"))), process("b")).start()
    desk.lost("a")
    desk.answer("a", answer)
    assert desk.task("a").kind is TaskKind.FAILED
    assert Answer.RETRY in desk.task("a").answers
    assert len(desk.run.entries) == entries


def test_not_done_keeps_the_entry_of_an_earlier_attempt_that_ran() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    desk.lost("a")
    desk.answer("a", Answer.NOT_DONE)
    assert list(desk.run.entries) == ["a#1"], "the first attempt may have changed something"


def test_looking_again_starts_what_discovers() -> None:
    desk = Desk(process("a", discovers=True)).start()
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    assert desk.attending("a").purpose is Purpose.DISCOVER
    assert desk.state() is RunState.IN_DOUBT, "looking again is no answer yet"
    desk.ends("a")
    assert desk.task("a").kind is TaskKind.IN_DOUBT


def test_looking_again_without_discover_asks_the_host() -> None:
    desk = Desk(process("a")).start()
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    assert desk.owed() == ["Look a"]
    assert desk.state() is RunState.IN_DOUBT
    desk.evidence("a", "its lock file is gone", finding=Finding.DONE)
    assert "its lock file is gone" in desk.task("a").question
    assert desk.evidence("a", "said twice") == []


def test_a_look_that_is_lost_itself_keeps_what_was_known_and_asks_again() -> None:
    desk = Desk(process("a", discovers=True)).start()
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    desk.ends("a", Outcome.FAILED, ending=Ending.LOST)
    assert desk.task("a").kind is TaskKind.IN_DOUBT
    assert desk.step("a").evidence is not None


def test_a_look_that_never_came_into_being_asks_again() -> None:
    desk = Desk(process("a", discovers=True)).start()
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    desk.never_started("a")
    assert desk.task("a").kind is TaskKind.IN_DOUBT


def test_looking_again_goes_on_while_the_run_is_cancelled_and_the_end_waits_for_the_answer() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.cancel()
    desk.lost("a")
    desk.answer("a", Answer.LOOK_AGAIN)
    assert desk.owed() == ["Look a"]
    desk.evidence("a", "nothing is left")
    assert desk.run.ended is None
    desk.answer("a", Answer.NOT_DONE)
    assert desk.state() is RunState.CANCELLED
    assert desk.run.tasks == {}


def test_a_run_in_doubt_is_not_cancelled_before_somebody_says_what_became_of_it() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.lost("a")
    with pytest.raises(Refused, match="a is in doubt"):
        desk.cancel()
    desk.answer("a", Answer.LOOK_AGAIN)
    with pytest.raises(Refused, match="a is in doubt"):
        desk.cancel()


def test_what_may_be_done_twice_is_started_again_by_itself_once_nothing_survived() -> None:
    desk = Desk(process("a", repeatable=True)).start()
    desk.lost("a")
    assert desk.owed() == ["SeekSurvivors a"]
    desk.survivors("a")
    assert desk.attending("a").attempt == 2


def test_what_is_lost_again_and_again_is_put_before_a_person() -> None:
    desk = Desk(process("a", repeatable=True)).start()
    for _ in range(2):
        desk.lost("a")
        desk.survivors("a")
    desk.lost("a")
    assert desk.task("a").kind is TaskKind.IN_DOUBT


def test_survivors_are_shown_before_a_second_start_and_ended_when_a_person_says_so() -> None:
    desk = Desk(process("a", repeatable=True)).start()
    desk.lost("a")
    desk.survivors("a", SURVIVOR)
    assert desk.task("a").kind is TaskKind.SURVIVORS
    assert "4711 terraform apply" in desk.task("a").question
    desk.answer("a", Answer.END_THEM)
    seek = next(one for one in desk.due() if type(one).__name__ == "SeekSurvivors")
    assert getattr(seek, "end", None) is True
    desk.survivors("a", ended=True)
    assert desk.attending("a").attempt == 2


def test_survivors_may_stay_when_a_person_says_so() -> None:
    desk = Desk(process("a", repeatable=True)).start()
    desk.lost("a")
    desk.survivors("a", SURVIVOR)
    desk.answer("a", Answer.START_ANYWAY)
    assert desk.attending("a").attempt == 2


def test_survivors_are_sought_for_the_next_visit_too() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.ends("a")
    desk.lost("b")
    desk.answer("b", Answer.PARTLY)
    desk.jump("a")
    desk.ends("a")
    assert desk.owed() == ["SeekSurvivors b"], "the lost attempt was of the visit before"
    desk.survivors("b")
    assert desk.attending("b").visit == 2


def test_survivors_are_sought_after_a_timeout() -> None:
    desk = Desk(process("a")).start()
    desk.ends("a", Outcome.TIMED_OUT, ending=Ending.TIMED_OUT)
    desk.answer("a", Answer.RETRY)
    assert desk.owed() == ["SeekSurvivors a"]


@pytest.mark.parametrize("ending", [Ending.TIMED_OUT, Ending.CANCELLED])
def test_the_runbook_does_not_start_again_what_was_cut_short_and_does_harm_when_done_twice(ending: Ending) -> None:
    outcome = Outcome(ending.value)
    desk = Desk(process("a", then=then(timed_out=go_to("a"), failed=go_to("a")))).start()
    if ending is Ending.CANCELLED:
        desk.cancel("a")
    desk.ends("a", outcome, ending=ending)
    if ending is Ending.CANCELLED:
        desk.jump("a")
    desk.survivors("a")
    assert desk.task("a").kind is TaskKind.FAILED, "a person is asked before it may be done twice"
    assert "cut short" in desk.task("a").question
    assert len(desk.attempts("a")) == 1
    desk.answer("a", Answer.RETRY)
    assert desk.attending("a").purpose is Purpose.APPLY


def test_a_timeout_of_what_may_be_done_twice_is_followed_as_the_runbook_says() -> None:
    desk = Desk(process("a", repeatable=True, then=then(timed_out=go_to("a")))).start()
    desk.ends("a", Outcome.TIMED_OUT, ending=Ending.TIMED_OUT)
    desk.survivors("a")
    assert desk.attending("a").visit == 2


def test_an_attempt_that_never_came_into_being_is_permitted_anew() -> None:
    desk = Desk(process("a")).start()
    desk.never_started("a")
    assert desk.attending("a").attempt == 2
    assert [one.state for one in desk.attempts("a")] == [AttemptState.NEVER_STARTED, AttemptState.RUNNING]
    assert list(desk.run.entries) == ["a#1"]


def test_an_attempt_that_keeps_not_coming_into_being_fails_the_step() -> None:
    desk = Desk(process("a")).start()
    for _ in range(3):
        desk.never_started("a")
    assert desk.task("a").kind is TaskKind.FAILED
    assert "never came into being" in desk.step("a").summary
    assert desk.run.entries == {}, "nothing of it ran, so nothing of it is undone"


def test_an_attempt_that_cannot_be_started_fails_the_step_each_time() -> None:
    desk = Desk(process("a", undo="impossible")).start()
    for _ in range(4):
        desk.never_started("a", error="no such program: terraform")
        assert desk.task("a").kind is TaskKind.FAILED
        assert desk.step("a").summary == "no such program: terraform"
        assert desk.run.entries == {}
        desk.answer("a", Answer.RETRY)
    desk.ends("a")
    assert desk.state() is RunState.SUCCEEDED


def test_automatic_tries_of_what_cannot_be_started_come_to_an_end() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=3))).start()
    for _ in range(3):
        desk.never_started("a", error="no such program")
    assert desk.task("a").kind is TaskKind.FAILED


def test_a_lost_preview_is_taken_again_and_not_for_ever() -> None:
    desk = Desk(process("a", previews=True)).start()
    for _ in range(2):
        desk.lost("a")
        assert desk.owed() == ["SeekSurvivors a"]
        desk.survivors("a")
        assert desk.attending("a").purpose is Purpose.PREVIEW
    desk.lost("a")
    assert desk.task("a").kind is TaskKind.FAILED


def test_a_preview_lost_while_paused_waits_for_resuming() -> None:
    desk = Desk(process("a", previews=True)).start()
    desk.pause()
    desk.lost("a")
    assert desk.owed() == []
    assert desk.state() is RunState.PAUSED
    desk.resume()
    assert desk.owed() == ["SeekSurvivors a"]


def test_a_preview_lost_while_the_run_is_cancelled_ends_it() -> None:
    desk = Desk(process("a", previews=True)).start()
    desk.cancel()
    desk.lost("a")
    assert desk.state() is RunState.CANCELLED


def test_an_exit_that_comes_after_all_changes_nothing() -> None:
    desk = Desk(process("a")).start()
    wanted = desk.attending("a")
    desk.lost("a")
    late = desk.report(wanted, AttemptReport(ending=Ending.EXITED, outcome=Outcome.SUCCEEDED))
    assert desk.send(late) == []
    assert desk.state() is RunState.IN_DOUBT


def test_late_reports_to_a_run_that_ended_change_nothing() -> None:
    desk = Desk(process("a")).start()
    wanted = desk.attending("a")
    desk.lost("a")
    desk.answer("a", Answer.PARTLY)
    desk.answer("a", Answer.STOP)
    assert desk.state() is RunState.FAILED
    assert desk.survivors("a", SURVIVOR) == []
    assert desk.evidence("a", "late") == []
    assert desk.send(desk.report(wanted, AttemptReport(ending=Ending.EXITED, outcome=Outcome.FAILED))) == []


def test_a_kind_cannot_make_up_an_outcome() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.ends("a", Outcome.SKIPPED)
    assert desk.states()["a"] is StepState.FAILED
    assert desk.task("a").kind is TaskKind.FAILED


def test_nothing_succeeded_that_never_ran() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.ends("a", Outcome.SUCCEEDED, ending=Ending.NEVER_STARTED, error="odd")
    assert desk.states()["a"] is StepState.FAILED


def test_events_tell_the_doubt_apart_from_an_end() -> None:
    desk = Desk(process("a")).start()
    events = desk.lost("a")
    assert isinstance(events[0], e.AttemptInDoubt)
    assert not any(isinstance(one, e.StepEnded) for one in events)


def test_a_time_that_passes_while_a_step_is_in_doubt_is_told_and_answers_nothing() -> None:
    desk = Desk(process("a", within_ms=5_000)).start()
    desk.lost("a")
    desk.fires("within/a/1")
    assert desk.run.told[-1].message == "a takes longer than the runbook allows."
    assert desk.state() is RunState.IN_DOUBT
    assert desk.task("a").kind is TaskKind.IN_DOUBT
