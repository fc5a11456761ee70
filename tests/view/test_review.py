from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.reports import Evidence, Finding, Process
from console.engine.words import Answer, RunState, StepState, TaskKind
from console.protocol import RunView, VoteView
from console.view.canvas import Canvas
from console.view.cells import cell_width
from console.view.detail import read_output_key
from console.view.review import checklist_rows, review_rows
from tests.view.samples import (
    DIGEST,
    NOW,
    at_approval,
    at_failure,
    at_manual,
    attempt,
    preview,
    provision,
    step,
    waiting,
)

CANVAS = Canvas(80, NOW)


def text(run: RunView, width: int = 80) -> str:
    return "\n".join(row.text for row in review_rows(run.waiting[0], run, Canvas(width, NOW)))


def test_the_question_comes_first_and_the_exact_digest_is_whole() -> None:
    shown = text(at_approval())
    assert shown.startswith("Is the network of demo acceptable?")
    assert f"sha256:{DIGEST}" in shown


def test_an_approval_shows_for_whom_since_when_and_the_voices() -> None:
    run = at_approval()
    task = replace(run.waiting[0], quorum=2, votes=(VoteView(by="ben", at="2026-05-01T03:12:30Z", self_approved=True),))
    shown = text(replace(run, waiting=(task,)))
    assert "For security, since 03:13Z (12s)" in shown
    assert "1 of 2   ben 03:12Z (own run)" in shown


def test_the_evidence_shows_plan_outputs_and_output_of_its_steps() -> None:
    run = at_approval()
    shown = text(run)
    assert "1 Network  ✓ OK" in shown
    assert "+1 to add" in shown
    assert "port = 18080" in shown
    keys = [read_output_key(row.key) for row in review_rows(run.waiting[0], run, CANVAS) if row.key]
    assert keys == [("network", 1, 1), ("network", 1, 2)]


def test_what_is_destroyed_stands_before_everything_else() -> None:
    run = at_approval(destroyed=2)
    lines = [line.strip() for line in text(run).splitlines()]
    assert "2 to destroy  ~1 to change  +1 to add" in lines
    first = next(number for number, line in enumerate(lines) if line.startswith("- destroy"))
    assert lines[first + 1].startswith("- destroy")
    assert lines[first + 2].startswith("~ change")
    assert lines[first + 3].startswith("+ add")


def test_an_approval_of_a_plan_shows_that_plan() -> None:
    asking = step("network", 1, StepState.WAITING, "terraform", shown=("terraform apply plan",), preview=preview())
    task = waiting("network", TaskKind.APPROVAL, Answer.APPROVE, Answer.REJECT, preview=preview(1), digest=DIGEST)
    shown = text(provision(RunState.WAITING, steps=(asking,), waiting=(task,)))
    assert "What would happen (terraform)" in shown
    assert "1 to destroy" in shown


def test_a_failed_step_shows_what_ran_and_its_output() -> None:
    shown = text(at_failure())
    assert "Configure: failed. How to go on?" in shown
    assert "1 of 12 hosts failed" in shown
    assert "Output of apply  12 lines  exit 2" in shown


def test_a_doubt_shows_what_is_known_and_who_is_still_there() -> None:
    evidence = Evidence(
        facts=("the supervisor was lost at 03:12Z",),
        survivors=(Process(pid=4711, started=1, command="terraform apply"),),
        finding=Finding.NOT_DONE,
    )
    doubt = step("network", 1, StepState.IN_DOUBT, "terraform", evidence=evidence, attempts=(attempt(lines=3),))
    task = waiting("network", TaskKind.IN_DOUBT, Answer.LOOK_AGAIN, question="What became of it?")
    shown = text(provision(RunState.IN_DOUBT, steps=(doubt,), waiting=(task,)))
    assert "the supervisor was lost at 03:12Z" in shown
    assert "It looks  not done" in shown
    assert "still there: pid 4711  terraform apply" in shown


def test_an_undo_shows_how_it_is_undone() -> None:
    done = step("network", 1, StepState.SUCCEEDED, "terraform", undo=("terraform: previous",), attempts=(attempt(),))
    task = waiting("network", TaskKind.ROLLBACK, Answer.UNDO, Answer.LEAVE, question="Undo Network?")
    shown = text(provision(RunState.ROLLING_BACK, steps=(done,), waiting=(task,)))
    assert "How it is undone\n  | terraform: previous" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("run", [at_approval(destroyed=1), at_manual(), at_failure()])
def test_every_row_fits(run: RunView, width: int) -> None:
    rows = review_rows(run.waiting[0], run, Canvas(width, NOW))
    wide = [row.text for row in rows if cell_width(row.text) > width and "sha256" not in row.text and not row.key]
    assert wide == []


def test_a_checklist_shows_what_is_ticked() -> None:
    rows = checklist_rows(at_manual().waiting[0], frozenset({1}), CANVAS)
    assert [row.text for row in rows] == [" [ ] The page loads", " [x] The version is right"]
    assert [row.key for row in rows] == ["0", "1"]
