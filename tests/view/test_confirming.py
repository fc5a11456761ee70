from __future__ import annotations

from msgspec.structs import replace

from console.engine.words import Answer, TaskKind
from console.view.answers import choices
from console.view.confirming import Confirmation, confirm_action, confirm_answer, confirm_quit, confirm_start
from console.view.situation import Tier
from tests.view.samples import DIGEST, at_approval, at_failure, preview, provision, waiting


def text(question: Confirmation) -> str:
    return "\n".join((question.title, *(row.text for row in question.rows)))


def test_a_dangerous_action_wants_its_target_typed_exactly() -> None:
    question = confirm_action("rollback.all", at_failure(), None, 80)
    assert question.tier is Tier.DANGEROUS
    assert question.target == "demo"
    assert question.accepts("", "") == "type demo"
    assert question.accepts("Demo", "") == "type demo"
    assert question.accepts("demo", "") is None


def test_a_rollback_shows_every_undo_newest_first() -> None:
    shown = text(confirm_action("rollback.all", at_failure(), None, 80))
    assert "in STAGING?" in shown
    assert "1 Network" in shown
    assert "| terraform: previous" in shown


def test_stopping_names_what_runs() -> None:
    run = provision()
    assert "running now: Network" in text(confirm_action("run.cancel_stop", run, None, 80))
    stop = confirm_action("step.stop", run, run.steps[0], 80)
    assert stop.target == "network"
    assert "running now: Network" in text(stop)


def test_skipping_wants_a_reason() -> None:
    run = at_failure()
    question = confirm_action("step.skip", run, run.steps[2], 80)
    assert question.needs_note
    assert question.accepts("", "") == "a reason is required"
    assert question.accepts("", "not tonight") is None


def test_an_answer_names_the_frozen_thing() -> None:
    run = at_approval()
    approve = choices(run.waiting[0], run)[0]
    shown = text(confirm_answer(approve, run.waiting[0], run, 80))
    assert 'Approve: "Security review" of run 42 in STAGING?' in shown
    assert DIGEST in shown


def test_approving_what_destroys_shows_it_and_asks_for_the_step() -> None:
    run = at_approval()
    task = waiting("security-review", TaskKind.APPROVAL, Answer.APPROVE, preview=preview(2), digest=DIGEST)
    approve = choices(task, run)[0]
    question = confirm_answer(approve, task, run, 80)
    assert question.target == "security-review"
    assert "2 to destroy" in text(question)


def test_starting_says_where_and_whether_it_may_roll_back_by_itself() -> None:
    shown = text(confirm_start("Provision", "prod-eu", unattended=True))
    assert "Start Provision in PROD-EU?" in shown
    assert "without asking anybody" in shown
    assert "without asking" not in text(confirm_start("Provision", None, unattended=False))


def test_leaving_a_form_says_what_is_lost() -> None:
    assert "What was typed into the form is lost" in text(confirm_quit())


def test_a_hostile_name_stays_one_harmless_line() -> None:
    run = replace(provision(), environment="prod\x1b[2J\n[/]", params={"name": "a\u202eb\nc"})
    question = confirm_action("run.cancel_stop", run, None, 80)
    assert "\x1b" not in text(question)
    assert "\n" not in question.title
    assert "\n" not in question.target
