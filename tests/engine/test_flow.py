"""The way through a runbook: what follows an outcome, jumps, skips, retries, waits."""

from __future__ import annotations

import pytest

from console.engine import commands as c
from console.engine import events as e
from console.engine.refused import Refused
from console.engine.runbook import Retry
from console.engine.words import Answer, Outcome, Purpose, RunState, StepState, TaskKind
from tests.engine.desk import Desk
from tests.engine.plans import ASK, NEXT, STOP, approval, go_to, manual, process, tell, then, wait


def test_a_run_goes_through_its_steps_in_order() -> None:
    desk = Desk(process("a", previews=True), tell("t"), manual("look"), wait("pause", 1_000), process("b")).start()
    assert desk.attending("a").purpose is Purpose.PREVIEW
    desk.ends("a")
    desk.ends("a")
    assert desk.run.told[-1].message == "t it is"
    desk.answer("look", Answer.DONE)
    desk.fires("wait/pause/1")
    desk.ends("b")
    assert desk.state() is RunState.SUCCEEDED
    assert set(desk.states().values()) == {StepState.SUCCEEDED}
    assert desk.due() == []


def test_a_runbook_without_steps_is_done_at_once() -> None:
    assert Desk().start().state() is RunState.SUCCEEDED


@pytest.mark.parametrize(
    ("follow", "state"), [(STOP, RunState.FAILED), (ASK, RunState.WAITING), (NEXT, RunState.RUNNING)]
)
def test_what_follows_a_failure_is_what_the_runbook_says(follow: object, state: RunState) -> None:
    desk = Desk(process("a", then=then(failed=follow)), process("b")).start()  # type: ignore[arg-type]
    desk.ends("a", Outcome.FAILED)
    assert desk.state() is state


def test_stopping_where_all_is_well_is_a_success() -> None:
    desk = Desk(process("a", then=then(succeeded=STOP)), process("b")).start()
    desk.ends("a")
    assert desk.state() is RunState.SUCCEEDED
    assert desk.states()["b"] is StepState.PENDING


def test_a_condition_that_is_false_skips_the_step_and_says_so() -> None:
    desk = Desk(process("a", when="params.size == 'large'"), process("b"), renders=False).start()
    desk.send(c.StepRendered(**desk.server(), path="a", visit=1, skip="params.size == 'large'"))
    assert desk.step("a").summary == "not so: params.size == 'large'"
    assert desk.states()["a"] is StepState.SKIPPED
    assert desk.owed() == ["Prepare b"]


def test_a_step_that_cannot_be_made_ready_fails_and_is_made_ready_anew() -> None:
    desk = Desk(process("a"), renders=False).start()
    desk.send(c.StepRendered(**desk.server(), path="a", visit=1, error="steps.x is undefined"))
    assert desk.task("a").kind is TaskKind.FAILED
    assert desk.step("a").summary == "steps.x is undefined"
    desk.answer("a", Answer.RETRY)
    assert desk.owed() == ["Prepare a"]
    desk.send(desk.rendered("a", 1))
    desk.ends("a")
    assert desk.state() is RunState.SUCCEEDED


def test_a_rendering_that_comes_twice_or_too_late_changes_nothing() -> None:
    desk = Desk(process("a"), process("b"), renders=False).start()
    first = desk.rendered("a", 1)
    desk.jump("a")
    assert desk.send(first) == [], "the visit it was for was left"
    desk.send(desk.rendered("a", 2))
    assert desk.send(desk.rendered("a", 2)) == []
    assert desk.attending("a").digest == "a-2"


# --- retries ---------------------------------------------------------------------------------------------------------


def test_what_does_no_harm_twice_is_tried_again_by_itself_after_longer_and_longer_pauses() -> None:
    retry = Retry(attempts=4, wait_ms=1_000, backoff_percent=300, wait_at_most_ms=5_000)
    desk = Desk(process("a", repeatable=True, retry=retry)).start()
    pauses = []
    for tries in (1, 2, 3):
        desk.ends("a", Outcome.FAILED)
        timer = desk.run.timers[f"retry/a/1/{tries}"]
        pauses.append(timer.at - desk.now)
        assert desk.state() is RunState.WAITING
        desk.fires(timer.id)
    assert pauses == [1_000, 3_000, 5_000]
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.FAILED


def test_what_does_harm_twice_is_not_tried_again_by_itself() -> None:
    desk = Desk(process("a", retry=Retry(attempts=4))).start()
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.FAILED


def test_a_person_who_tries_again_gives_all_tries_again() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=2))).start()
    for _ in range(2):
        desk.ends("a", Outcome.FAILED)
        desk.ends("a", Outcome.FAILED)
        desk.answer("a", Answer.RETRY)
    assert len(desk.attempts("a")) == 5


def test_no_try_begins_after_the_time_of_the_step() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9, wait_ms=4_000), within_ms=10_000)).start()
    desk.ends("a", Outcome.FAILED)
    desk.fires("retry/a/1/1")
    desk.ends("a", Outcome.FAILED)
    desk.fires("retry/a/1/2")
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.FAILED, "the next try would begin after 12 s"


def test_the_time_of_a_process_step_tells_and_lets_it_run() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9), within_ms=10_000)).start()
    desk.ends("a", Outcome.FAILED)
    assert "within/a/1" in desk.run.timers, "a try of its own does not give the step more time"
    desk.fires("within/a/1")
    assert desk.run.told[-1].message == "a takes longer than the runbook allows."
    assert desk.owed() == ["Attend a"]
    desk.ends("a", Outcome.FAILED)
    assert desk.task("a").kind is TaskKind.FAILED
    desk.answer("a", Answer.RETRY)
    assert desk.run.timers["within/a/1"].at == desk.now + 10_000


def test_an_operator_ends_the_wait_for_the_next_try() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9, wait_ms=60_000))).start()
    desk.ends("a", Outcome.FAILED)
    desk.cancel("a")
    assert desk.run.timers == {}
    assert desk.states()["a"] is StepState.CANCELLED
    assert desk.task("a").kind is TaskKind.FAILED


def test_jumping_away_from_a_step_that_waits_for_its_next_try_forgets_the_try() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9, wait_ms=60_000)), process("b")).start()
    desk.ends("a", Outcome.FAILED)
    desk.jump("b")
    assert desk.run.timers == {}
    desk.now += 120_000
    assert desk.send(c.TimerDue(**desk.server(), timer="retry/a/1/1")) == []
    assert desk.owed() == ["Attend b"]


def test_a_retry_that_is_due_while_the_run_is_paused_starts_when_it_is_resumed() -> None:
    desk = Desk(process("a", repeatable=True, retry=Retry(attempts=9, wait_ms=60_000))).start()
    desk.ends("a", Outcome.FAILED)
    desk.pause()
    desk.fires("retry/a/1/1")
    assert desk.owed() == []
    desk.resume()
    assert desk.attending("a").attempt == 2


# --- jumps and skips -------------------------------------------------------------------------------------------------


def test_a_forward_jump_marks_what_it_passes_over_as_skipped() -> None:
    desk = Desk(manual("look"), process("b"), process("c")).start()
    desk.jump("c")
    assert desk.states() == {"look": StepState.CANCELLED, "b": StepState.SKIPPED, "c": StepState.RUNNING}
    assert desk.step("b").summary == "jumped to c"


def test_a_forward_jump_leaves_alone_what_was_done_before() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    desk.ends("a")
    desk.ends("b", outputs={"port": 80})
    desk.jump("a")
    desk.ends("a", Outcome.FAILED)
    desk.jump("look")
    assert desk.states()["b"] is StepState.SUCCEEDED
    assert desk.step("b").outputs == {"port": 80}


def test_a_jump_back_makes_a_new_visit_with_attempts_of_its_own() -> None:
    desk = Desk(process("a"), manual("look")).start()
    desk.ends("a", outputs={"port": 80})
    desk.jump("a")
    assert desk.step("a").number == 2
    assert desk.step("a").outputs == {}
    assert desk.attending("a").attempt == 1


def test_one_may_jump_to_the_step_where_one_stands() -> None:
    desk = Desk(manual("look")).start()
    desk.jump("look")
    assert desk.step("look").number == 2
    assert desk.task("look").visit == 2


def test_a_jump_needs_a_step_at_rest() -> None:
    desk = Desk(process("a"), process("b")).start()
    with pytest.raises(Refused, match="still running"):
        desk.jump("b")
    desk.lost("a")
    with pytest.raises(Refused, match="a is in doubt"):
        desk.jump("b")
    with pytest.raises(Refused, match="no step 'x'"):
        desk.jump("x")


def test_the_runbook_jumps_as_often_as_it_says_and_then_asks() -> None:
    desk = Desk(process("a"), process("b", then=then(failed=go_to("a", at_most=2)))).start()
    for _ in range(2):
        desk.ends("a")
        desk.ends("b", Outcome.FAILED)
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    assert desk.task("b").question == "The jump to a was taken 2 times already."


def test_two_jumps_of_one_step_are_counted_apart() -> None:
    follows = then(failed=go_to("a", at_most=1), timed_out=go_to("b", at_most=1))
    desk = Desk(process("a"), process("b", repeatable=True, then=follows)).start()
    desk.ends("a")
    desk.ends("b", Outcome.FAILED)
    desk.ends("a")
    desk.ends("b", Outcome.TIMED_OUT)
    assert desk.attending("b").visit == 3


def test_a_runbook_that_only_jumps_in_circles_comes_to_a_person() -> None:
    desk = Desk(tell("t", then=then(succeeded=go_to("t", at_most=1_000)))).start()
    assert desk.task("t").kind is TaskKind.FAILED


def test_a_jump_that_does_not_say_how_often_is_not_taken_for_ever() -> None:
    desk = Desk(process("a", repeatable=True, then=then(failed=go_to("a", at_most=None)))).start()
    for _ in range(11):
        desk.ends("a", Outcome.FAILED)
    assert desk.task("a").question == "The jump to a was taken 10 times already."


def test_a_jump_to_nowhere_asks() -> None:
    desk = Desk(process("a", then=then(failed=go_to("x")))).start()
    desk.ends("a", Outcome.FAILED)
    assert "no such step" in desk.task("a").question


def test_a_step_is_skipped_when_the_run_comes_to_it() -> None:
    desk = Desk(process("a"), process("b"), process("c")).start()
    desk.skip("b")
    with pytest.raises(Refused, match="to be skipped already"):
        desk.skip("b")
    assert desk.states()["b"] is StepState.PENDING
    desk.ends("a")
    assert desk.states()["b"] is StepState.SKIPPED
    assert desk.step("b").note == "not today"
    assert desk.owed() == ["Attend c"]


def test_jumping_to_a_step_that_was_to_be_skipped_takes_it_back() -> None:
    desk = Desk(manual("look"), process("b"), process("c")).start()
    desk.skip("b")
    desk.jump("b")
    assert desk.owed() == ["Attend b"]


def test_jumping_over_a_step_that_was_to_be_skipped_skips_it_once() -> None:
    desk = Desk(manual("look"), process("b"), process("c"), manual("end")).start()
    desk.skip("b")
    desk.jump("c")
    desk.ends("c")
    desk.jump("look")
    desk.answer("look", Answer.DONE)
    assert desk.owed() == ["Attend b"]


def test_a_skip_needs_a_reason_and_a_step_that_is_not_over() -> None:
    desk = Desk(process("a"), process("b"), manual("look")).start()
    assert "a reason is required" in desk.refuses(c.Skip(**desk.by(), path="b")).reason
    desk.ends("a")
    with pytest.raises(Refused, match="past a already"):
        desk.skip("a")
    desk.pause()
    desk.ends("b")
    with pytest.raises(Refused, match="b is over: succeeded"):
        desk.skip("b")


def test_what_failed_and_was_passed_over_is_not_green_and_stays_on_the_list() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.SKIP)
    assert desk.states()["a"] is StepState.SKIPPED
    assert list(desk.run.entries) == ["a#1", "b#1"]
    desk.ends("b")
    assert desk.state() is RunState.SUCCEEDED


def test_a_preview_that_says_nothing_is_no_preview() -> None:
    desk = Desk(process("a", previews=True)).start()
    desk.ends("a", Outcome.SUCCEEDED, preview=None)
    assert desk.step("a").summary == "the preview said nothing"
    assert desk.attempts("a") == []


def test_a_run_starts_once() -> None:
    desk = Desk(process("a")).start()
    with pytest.raises(Refused, match="has started already"):
        desk.start()


def test_nothing_is_done_to_a_run_that_is_not_there() -> None:
    desk = Desk(process("a"))
    assert desk.refuses(c.Pause(**desk.by())).reason == "there is no such run"


def test_an_event_says_who_when_and_why() -> None:
    desk = Desk(approval("may")).start()
    desk.now += 5
    desk.send(c.AnswerTask(**{**desk.by("ben"), "id": "his-click"}, path="may", answer=Answer.APPROVE))
    answered = next(one for one in desk.journal if isinstance(one.event, e.TaskAnswered))
    assert (answered.who.name, answered.at, answered.cause) == ("ben", desk.now, "his-click")


def test_where_the_way_of_a_step_that_succeeded_is_barred_one_may_just_go_on() -> None:
    desk = Desk(process("a", then=then(succeeded=go_to("a", at_most=1))), process("b")).start()
    desk.ends("a")
    desk.ends("a")
    assert desk.task("a").answers == (Answer.GO_ON, Answer.ROLLBACK, Answer.STOP), "what succeeded is not skipped"
    desk.answer("a", Answer.GO_ON)
    assert desk.states()["a"] is StepState.SUCCEEDED
    assert desk.owed() == ["Attend b"]
