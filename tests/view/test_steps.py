from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.words import RunState, StepState
from console.view.canvas import Canvas
from console.view.cells import cell_width
from console.view.steps import current, find, merge, step_rows
from tests.view.samples import NOW, at_approval, at_failure, attempt, provision, step


@pytest.mark.parametrize("width", [38, 46, 60, 80, 140])
def test_every_step_has_a_row_of_the_width(width: int) -> None:
    rows = step_rows(at_failure(), Canvas(width, NOW))
    assert [row.key for row in rows] == [one.path for one in at_failure().steps]
    assert all(cell_width(row.text) <= width for row in rows)


def test_a_row_says_state_position_title_time_kind_and_counts() -> None:
    row = step_rows(at_approval(), Canvas(80, NOW))[0].text
    assert "✓ OK" in row
    assert "1 Network" in row
    assert "38s" in row
    assert "terraform" in row
    assert "+1 ~1 -0" in row


def test_a_step_that_asks_is_told_from_one_that_waits_for_time() -> None:
    asked = step_rows(at_approval(), Canvas(80, NOW))[1].text
    waits = step_rows(replace(at_approval(), waiting=()), Canvas(80, NOW))[1].text
    assert "? ASK" in asked
    assert "~ WAIT" in waits


def test_a_skipped_step_says_why() -> None:
    run = provision(steps=(step("drain", 1, StepState.SKIPPED, note="no batch tonight"),))
    assert "» SKIP" in step_rows(run, Canvas(80, NOW))[0].text
    assert "reason: no b" in step_rows(run, Canvas(80, NOW))[0].text


def test_attempts_are_counted() -> None:
    tried = step("healthy", 1, StepState.SUCCEEDED, attempts=(attempt(1, exit_code=1), attempt(2)))
    assert "2 attempts" in step_rows(provision(steps=(tried,)), Canvas(80, NOW))[0].text


def test_parts_of_a_group_stand_below_it() -> None:
    group = step("hosts", 1, StepState.RUNNING, steps=(step("one", 1, StepState.RUNNING, path="hosts/one"),))
    rows = step_rows(provision(steps=(group,)), Canvas(80, NOW))
    assert [row.key for row in rows] == ["hosts", "hosts/one"]
    assert find(provision(steps=(group,)), "hosts/one") is group.steps[0]


def test_the_mark_goes_along_with_a_rollback() -> None:
    run = at_approval()
    undoing = replace(run.steps[0], state=StepState.ROLLING_BACK)
    rolling = replace(run, state=RunState.ROLLING_BACK, steps=(undoing, *run.steps[1:]), waiting=())
    assert current(run) == "security-review"
    assert current(rolling) == "network"
    assert current(replace(rolling, ended_at="2026-05-01T03:13:00Z")) is None


def test_an_answer_with_what_changed_is_laid_over_what_is_known() -> None:
    old = provision()
    changed = replace(old.steps[0], state=StepState.SUCCEEDED, version=120)
    new = merge(old, replace(old, steps=(changed,), seq=120, partial=True))
    assert [one.path for one in new.steps] == [one.path for one in old.steps]
    assert new.steps[0].state is StepState.SUCCEEDED
    assert new.seq == 120
    assert not new.partial


def test_a_whole_answer_or_another_run_replaces_what_is_known() -> None:
    assert merge(provision(), provision(seq=7)).seq == 7
    other = provision(run=43)
    assert merge(provision(), other) is other
    assert merge(None, other) is other
