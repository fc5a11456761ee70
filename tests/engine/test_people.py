"""What people are asked, and what becomes of their answers: in time, late, twice, stale and wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from console.engine import commands as c
from console.engine import events as e
from console.engine.prepared import ApprovalWork
from console.engine.refused import Refused
from console.engine.runbook import Approve, Field, Follow, ParameterType, Step
from console.engine.words import Answer, Outcome, RunState, StepState, TaskKind
from tests.engine.desk import Desk
from tests.engine.plans import NEXT, Plan, approval, go_to, manual, process, tell, then, wait


def by_hand(desk: Desk, path: str, answer: Answer, by: str, **options: Any) -> c.AnswerTask:
    """The command of an answer."""
    return c.AnswerTask(**desk.by(by), path=path, answer=answer, **options)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_the_second_to_answer_is_told_who_was_first_and_what() -> None:
    desk = Desk(manual("look"), process("a")).start()
    desk.answer("look", Answer.DONE, by="ben")
    refused = desk.refuses(by_hand(desk, "look", Answer.DONE, "ana"))
    assert refused.reason == "ben answered first: done, at 00:16:40Z"


def test_the_second_to_answer_is_told_even_if_something_else_is_asked_by_then() -> None:
    desk = Desk(manual("look")).start()
    seen = desk.run.steps["look"].version
    desk.answer("look", Answer.NOT_DONE, by="ben")
    stale = desk.refuses(by_hand(desk, "look", Answer.DONE, "ana", version=seen))
    assert "changed since you looked at it; ben answered first: not_done" in stale.reason
    wrong = desk.refuses(by_hand(desk, "look", Answer.APPROVE, "ana"))
    assert "no answer to what look asks now (failed); ben answered first: not_done" in wrong.reason
    assert wrong.mend == "answer with retry, skip, done, stop"


def test_an_answer_that_was_drawn_from_an_older_version_of_the_step_does_not_count() -> None:
    desk = Desk(process("a"), process("b")).start()
    desk.ends("a", Outcome.FAILED)
    seen = desk.run.steps["a"].version
    desk.answer("a", Answer.RETRY, version=seen)
    desk.ends("a", Outcome.FAILED)
    assert "changed since" in desk.refuses(by_hand(desk, "a", Answer.RETRY, "ben", version=seen)).reason
    desk.answer("a", Answer.RETRY, version=desk.run.steps["a"].version)


def test_what_a_neighbour_does_spoils_no_confirmation() -> None:
    desk = Desk(process("a"), manual("look"), process("c")).start()
    desk.ends("a")
    seen = desk.run.steps["look"].version
    desk.skip("c")
    desk.pause()
    desk.resume()
    desk.answer("look", Answer.DONE, version=seen)


def test_a_vote_changes_what_the_next_one_confirms() -> None:
    desk = Desk(approval("may", quorum=2)).start()
    seen = desk.run.steps["may"].version
    desk.answer("may", Answer.APPROVE, by="ben", version=seen)
    assert "changed since" in desk.refuses(by_hand(desk, "may", Answer.APPROVE, "cem", version=seen)).reason


def test_nothing_is_answered_where_nothing_is_asked() -> None:
    desk = Desk(process("a"), manual("look")).start()
    assert desk.refuses(by_hand(desk, "a", Answer.DONE, "ana")).mend == "waiting for an answer: nothing"
    desk.ends("a")
    assert desk.refuses(by_hand(desk, "a", Answer.DONE, "ana")).mend == "waiting for an answer: look"
    assert "no step 'b'" in desk.refuses(by_hand(desk, "b", Answer.DONE, "ana")).reason


@pytest.mark.parametrize(
    ("answer", "reason"), [(Answer.NOT_DONE, "say why it was not done"), (Answer.SKIP, "say why the step is skipped")]
)
def test_some_answers_need_a_reason(answer: Answer, reason: str) -> None:
    desk = Desk(manual("look")).start()
    if answer is Answer.SKIP:
        desk.answer("look", Answer.NOT_DONE)
    assert reason in desk.refuses(by_hand(desk, "look", answer, "ana")).reason


def test_a_refusal_of_access_says_what_the_verdict_says() -> None:
    desk = Desk(manual("look")).start()
    denied = c.Verdict(allowed=False, reason="ben has no role here; security can grant it")
    command = msgspec.structs.replace(by_hand(desk, "look", Answer.DONE, "ben"), verdict=denied)
    assert desk.refuses(command).reason == "ben has no role here; security can grant it"


def test_a_manual_step_keeps_what_was_answered() -> None:
    asks = {"version": Field(pattern=r"[0-9.]+"), "hosts": Field(type=ParameterType.INTEGER, optional=True)}
    desk = Desk(manual("look", asks=asks)).start()
    refused = desk.refuses(by_hand(desk, "look", Answer.DONE, "ana", values={"versoin": "1.2"}))
    assert "versoin is not asked here" in refused.reason
    assert "version is missing" in refused.reason
    desk.answer("look", Answer.DONE, values={"version": "1.2"})
    assert desk.step("look").answers == {"version": "1.2"}
    assert desk.state() is RunState.SUCCEEDED


# --- approvals -------------------------------------------------------------------------------------------------------


def test_a_quorum_counts_names_and_one_rejection_rejects() -> None:
    desk = Desk(approval("may", quorum=2), process("a")).start()
    desk.answer("may", Answer.APPROVE, by="ben")
    assert "ben approved already" in desk.refuses(by_hand(desk, "may", Answer.APPROVE, "ben")).reason
    assert [vote.by for vote in desk.task("may").votes] == ["ben"]
    desk.answer("may", Answer.REJECT, by="cem")
    assert desk.step("may").outcome is Outcome.REJECTED
    assert desk.task("may").kind is TaskKind.FAILED
    assert desk.task("may").answers == (Answer.RETRY, Answer.STOP), "an approval is neither skipped nor done by hand"
    desk.answer("may", Answer.RETRY)
    assert desk.task("may").votes == (), "votes for the old question do not count for the new one"
    desk.answer("may", Answer.APPROVE, by="ben")
    desk.answer("may", Answer.APPROVE, by="dee")
    assert desk.step("may").summary == "approved by ben, dee"
    assert desk.owed() == ["Attend a"]


def test_one_who_approved_may_still_reject() -> None:
    desk = Desk(approval("may", quorum=2)).start()
    desk.answer("may", Answer.APPROVE, by="ben")
    desk.answer("may", Answer.REJECT, by="ben")
    assert desk.step("may").outcome is Outcome.REJECTED


def test_self_approval_follows_the_verdict_and_is_recorded() -> None:
    desk = Desk(approval("may")).start()
    no = c.Verdict(self_approval=False)
    command = msgspec.structs.replace(by_hand(desk, "may", Answer.APPROVE, "ana"), verdict=no)
    assert desk.refuses(command).reason == "nobody approves what they started"
    events = desk.answer("may", Answer.APPROVE, by="ana")
    assert any(isinstance(one, e.TaskAnswered) and one.self_approved for one in events)


def test_the_option_approve_asks_after_the_preview_and_binds_to_it() -> None:
    desk = Desk(process("a", previews=True, approve=Approve(from_=("security",)))).start()
    desk.ends("a")
    assert desk.task("a").kind is TaskKind.APPROVAL
    assert desk.task("a").digest == "seen-1"
    desk.answer("a", Answer.APPROVE)
    assert desk.attending("a").digest == "seen-1"


def test_a_new_preview_is_approved_anew() -> None:
    desk = Desk(process("a", previews=True, approve=Approve())).start()
    desk.ends("a")
    desk.answer("a", Answer.APPROVE)
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.RETRY)
    desk.ends("a")
    assert desk.task("a").digest == "seen-2"
    assert desk.task("a").kind is TaskKind.APPROVAL


@pytest.mark.parametrize(
    "plan", [manual("x", approve=Approve()), tell("x", approve=Approve()), wait("x", 5, approve=Approve())]
)
def test_the_option_approve_asks_on_any_step(plan: Plan) -> None:
    desk = Desk(plan).start()
    assert desk.task("x").kind is TaskKind.APPROVAL
    desk.answer("x", Answer.APPROVE, by="ben")
    assert desk.states()["x"] in (StepState.WAITING, StepState.SUCCEEDED)
    if plan.step.kind == "manual":
        assert desk.task("x").kind is TaskKind.MANUAL


def test_an_approval_with_the_option_approve_asks_both_questions() -> None:
    work = ApprovalWork(ask="Really?", from_=("board",))
    desk = Desk(Plan(Step(id="x", kind="approval", approve=Approve(from_=("security",))), work), process("a")).start()
    desk.answer("x", Answer.APPROVE)
    assert desk.task("x").people == ("board",)
    desk.answer("x", Answer.APPROVE)
    assert desk.owed() == ["Attend a"]


def test_an_approval_times_out_and_is_asked_anew() -> None:
    desk = Desk(process("a", approve=Approve(within_ms=5_000))).start()
    desk.fires("task/1")
    assert desk.states()["a"] is StepState.TIMED_OUT
    assert Answer.SKIP not in desk.task("a").answers
    assert desk.attempts("a") == []
    desk.now += 60_000
    desk.answer("a", Answer.RETRY)
    assert desk.task("a").due_at == desk.now + 5_000, "the time counts from the new question"
    desk.answer("a", Answer.APPROVE)
    assert desk.owed() == ["Attend a"]


def test_a_runbook_does_not_pass_an_approval_that_nobody_gave() -> None:
    desk = Desk(approval("may", allows_ms=5_000, then=then(timed_out=NEXT, rejected=go_to("a"))), process("a")).start()
    desk.fires("task/1")
    assert desk.task("may").kind is TaskKind.FAILED
    assert "cannot be passed" in desk.task("may").question
    desk.answer("may", Answer.RETRY)
    desk.answer("may", Answer.REJECT)
    assert "cannot be jumped over" in desk.task("may").question


@pytest.mark.parametrize("follow", [NEXT, go_to("b"), go_to("c")])
def test_a_runbook_does_not_pass_a_step_whose_approval_was_refused(follow: Follow) -> None:
    desk = Desk(process("a", approve=Approve(), then=then(rejected=follow)), process("b"), process("c")).start()
    desk.answer("a", Answer.REJECT)
    assert desk.task("a").kind is TaskKind.FAILED
    assert desk.attempts("a") == []


def test_a_step_whose_condition_is_false_needs_no_approval() -> None:
    desk = Desk(process("a", approve=Approve(), when="false"), process("b"), renders=False).start()
    desk.send(c.StepRendered(**desk.server(), path="a", visit=1, skip="false"))
    assert desk.owed() == ["Prepare b"]


def test_the_runbook_jumps_over_no_approval() -> None:
    desk = Desk(process("a", then=then(failed=go_to("c"))), approval("may"), process("c")).start()
    desk.ends("a", Outcome.FAILED)
    assert "may needs an approval" in desk.task("a").question


def test_operators_neither_skip_nor_jump_over_nor_mark_done_what_needs_an_approval() -> None:
    desk = Desk(manual("look"), approval("may"), process("a", approve=Approve()), process("b")).start()
    for path in ("may", "a"):
        with pytest.raises(Refused, match="cannot be skipped"):
            desk.skip(path)
    with pytest.raises(Refused, match="may needs an approval, and approvals cannot be jumped over"):
        desk.jump("b")
    desk.jump("may")
    with pytest.raises(Refused, match="cannot be skipped"):
        desk.skip("may")
    with pytest.raises(Refused, match="cannot be jumped over"):
        desk.jump("a")
    desk.answer("may", Answer.APPROVE)
    desk.answer("a", Answer.APPROVE)
    desk.ends("a", Outcome.FAILED)
    desk.answer("a", Answer.SKIP)
    assert desk.owed() == ["Attend b"], "what was approved and failed may be passed over"


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_question_times_out_while_the_run_is_paused_and_nothing_follows_until_it_is_resumed() -> None:
    desk = Desk(approval("may", allows_ms=5_000, then=then(timed_out=go_to("a"))), process("a")).start()
    desk.pause()
    desk.fires("task/1")
    assert desk.states()["may"] is StepState.TIMED_OUT
    assert desk.run.tasks == {}
    assert desk.state() is RunState.PAUSED
    desk.resume()
    assert desk.task("may").kind is TaskKind.FAILED


def test_a_question_is_due_when_the_whole_step_is() -> None:
    desk = Desk(approval("may", allows_ms=60_000, within_ms=5_000)).start()
    assert desk.task("may").due_at == desk.now + 5_000


def test_a_manual_step_that_is_tried_again_has_its_whole_time_again() -> None:
    desk = Desk(manual("look", within_ms=5_000)).start()
    desk.fires("task/1")
    assert desk.states()["look"] is StepState.TIMED_OUT
    desk.now += 3_600_000
    desk.answer("look", Answer.RETRY)
    assert desk.task("look").due_at == desk.now + 5_000


def test_the_timer_of_a_step_does_not_say_what_its_question_says_already() -> None:
    desk = Desk(manual("look", within_ms=5_000)).start()
    assert [one for one in desk.fires("within/look/1") if isinstance(one, e.Told)] == []
    told = [one for one in desk.fires("task/1") if isinstance(one, e.Told)]
    assert [one.message for one in told] == ["look: nobody answered in time."]


def test_the_timer_of_an_answered_question_says_nothing() -> None:
    desk = Desk(approval("may", allows_ms=5_000), manual("look")).start()
    desk.answer("may", Answer.APPROVE)
    late = c.TimerDue(**desk.server(), timer="task/1")
    desk.now += 60_000
    assert desk.send(late) == []


def test_a_deadline_tells_and_never_kills() -> None:
    desk = Desk(process("a"), deadline_ms=10_000).start()
    desk.fires("deadline")
    assert desk.run.deadline_passed
    assert desk.owed() == ["Attend a"]
    assert desk.run.told[-1].message == "Run 1 is past its deadline."
    assert not desk.attending("a").cancel


def test_a_deadline_after_the_end_says_nothing() -> None:
    desk = Desk(process("a"), deadline_ms=10_000).start()
    desk.ends("a")
    desk.now += 60_000
    assert desk.due() == []
    assert desk.send(c.TimerDue(**desk.server(), timer="deadline")) == []
    assert not desk.run.deadline_passed


def test_a_timer_that_comes_too_early_changes_nothing_and_stays() -> None:
    desk = Desk(wait("pause", 10_000)).start()
    assert desk.fires("wait/pause/1", after_ms=9_999) == []
    assert desk.states()["pause"] is StepState.WAITING
    desk.fires("wait/pause/1", after_ms=1)
    assert desk.state() is RunState.SUCCEEDED


def test_a_step_without_names_asks_anyone() -> None:
    desk = Desk(manual("look")).start()
    assert desk.task("look").people == ("anyone",)
