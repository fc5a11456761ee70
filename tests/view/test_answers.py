from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.words import Answer, TaskKind
from console.protocol import VoteView
from console.view.answers import choices, run_target, tier_of
from console.view.situation import Tier
from tests.view.samples import at_approval, at_failure, at_manual, preview, provision, waiting

# What the engine offers for each kind of task.
OFFERED = {
    TaskKind.MANUAL: (Answer.DONE, Answer.NOT_DONE),
    TaskKind.APPROVAL: (Answer.APPROVE, Answer.REJECT),
    TaskKind.FAILED: (Answer.RETRY, Answer.SKIP, Answer.DONE, Answer.ROLLBACK, Answer.STOP),
    TaskKind.IN_DOUBT: (Answer.LOOK_AGAIN, Answer.DONE, Answer.NOT_DONE, Answer.PARTLY),
    TaskKind.SURVIVORS: (Answer.LOOK_AGAIN, Answer.END_THEM, Answer.START_ANYWAY, Answer.STOP),
    TaskKind.ROLLBACK: (Answer.UNDO, Answer.DONE, Answer.LEAVE),
    TaskKind.ROLLBACK_FAILED: (Answer.RETRY, Answer.DONE, Answer.LEAVE),
    TaskKind.ROLLED_BACK_TO: (Answer.GO_ON, Answer.ROLLBACK, Answer.STOP),
}
WIDEST = 63


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_answer_says_what_follows_and_fits_beside_its_name(kind: TaskKind) -> None:
    run = at_failure()
    for choice in choices(waiting("configure", kind, *OFFERED[kind]), run):
        assert choice.sentence, choice.answer
        assert len(choice.sentence) <= WIDEST, choice.sentence


@pytest.mark.parametrize("kind", list(TaskKind))
def test_the_first_answer_is_never_a_dangerous_one(kind: TaskKind) -> None:
    found = choices(waiting("configure", kind, *OFFERED[kind]), at_failure())
    assert found[0].tier is not Tier.DANGEROUS
    tiers = [choice.tier for choice in found]
    assert tiers == sorted(tiers, key=lambda tier: tier is Tier.DANGEROUS)


def test_undo_comes_before_claiming_that_it_was_done_by_hand() -> None:
    found = choices(waiting("configure", TaskKind.ROLLBACK, *OFFERED[TaskKind.ROLLBACK]), at_failure())
    assert [choice.label for choice in found] == ["Undo it", "Done by hand", "Leave it"]


def test_done_waits_for_every_tick_and_every_field() -> None:
    run = at_manual()
    task = run.waiting[0]
    assert choices(task, run, unticked=2)[0].why_not == "2 still to tick"
    assert choices(task, run, wrong=1)[0].why_not == "1 to fill in above"
    assert choices(task, run)[0].why_not is None
    assert choices(task, run, unticked=2)[1].why_not is None


def test_reasons_are_asked_where_the_server_wants_them() -> None:
    needing = {
        (kind, choice.answer)
        for kind, answers in OFFERED.items()
        for choice in choices(waiting("configure", kind, *answers), at_failure())
        if choice.needs_note
    }
    assert needing == {
        (TaskKind.MANUAL, Answer.NOT_DONE),
        (TaskKind.FAILED, Answer.SKIP),
        (TaskKind.ROLLBACK, Answer.LEAVE),
        (TaskKind.ROLLBACK_FAILED, Answer.LEAVE),
    }


def test_approving_what_destroys_is_typed() -> None:
    calm = waiting("network", TaskKind.APPROVAL, Answer.APPROVE, preview=preview())
    harsh = waiting("network", TaskKind.APPROVAL, Answer.APPROVE, preview=preview(destroyed=2))
    assert tier_of(calm, Answer.APPROVE, None) is Tier.REVERSIBLE
    assert tier_of(harsh, Answer.APPROVE, None) is Tier.DANGEROUS
    assert tier_of(harsh, Answer.REJECT, None) is Tier.REVERSIBLE


def test_an_approval_says_what_runs_next_or_how_many_are_missing() -> None:
    run = at_approval()
    task = run.waiting[0]
    assert choices(task, run)[0].sentence == 'The run goes on with "Configure".'
    two = replace(task, quorum=3, votes=(VoteView(by="ben", at="2026-05-01T03:13:00Z"),))
    assert "1 more must agree" in choices(two, run)[0].sentence


def test_what_the_runbook_says_of_an_answer_is_said() -> None:
    run = at_approval()
    follows = {"approve": "goes to tell", "reject": "rolls everything back without asking before each undo"}
    task = replace(run.waiting[0], follows=follows)
    sentences = [choice.sentence for choice in choices(task, run)]
    assert sentences == ["The run goes to tell.", "The run rolls everything back without asking before each undo."]
    assert "1 more must agree" in choices(replace(task, quorum=2), run)[0].sentence


def test_a_rollback_without_asking_is_said_before_rejecting() -> None:
    run = replace(at_approval(), unattended_rollback=True)
    assert "without asking" in choices(run.waiting[0], run)[1].sentence


def test_a_rollback_counts_what_it_undoes() -> None:
    run = at_failure()
    rollback = next(one for one in choices(run.waiting[0], run) if one.answer is Answer.ROLLBACK)
    assert rollback.sentence.startswith("Undoes 1 step,")


def test_the_target_to_type_is_the_environments_name() -> None:
    assert run_target(provision()) == "demo"
    assert run_target(provision(params={"count": 3, "host": "db-3"})) == "db-3"
    assert run_target(provision(params={})) == "provision-environment"
