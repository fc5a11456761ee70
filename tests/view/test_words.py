from __future__ import annotations

import unicodedata

import pytest

from console.engine.words import AttemptState, RunState, StepState
from console.view.words import (
    ASK,
    ATTEMPT_MARKS,
    RUN_MARKS,
    STEP_MARKS,
    Mark,
    attempt_mark,
    run_mark,
    step_mark,
)

EVERY = {*STEP_MARKS.values(), *RUN_MARKS.values(), *ATTEMPT_MARKS.values(), ASK}


def test_every_state_has_a_look() -> None:
    assert set(STEP_MARKS) == set(StepState)
    assert set(RUN_MARKS) == set(RunState)
    assert set(ATTEMPT_MARKS) == set(AttemptState)


@pytest.mark.parametrize("mark", sorted(EVERY))
def test_a_look_is_a_glyph_of_one_cell_in_every_locale_an_ascii_form_and_a_word(mark: Mark) -> None:
    assert len(mark.glyph) == 1
    assert unicodedata.east_asian_width(mark.glyph) in ("N", "Na")
    assert mark.ascii.isascii()
    assert len(mark.ascii) == 1
    assert mark.word.isupper()
    assert len(mark.word) <= 9


def test_nothing_looks_green_that_did_not_succeed() -> None:
    green = {state for state, mark in STEP_MARKS.items() if mark.style == "ok"}
    assert green == {StepState.SUCCEEDED}
    assert {state for state, mark in RUN_MARKS.items() if mark.style == "ok"} == {RunState.SUCCEEDED}
    assert {state for state, mark in ATTEMPT_MARKS.items() if mark.style == "ok"} == {AttemptState.SUCCEEDED}


def test_two_states_that_end_differently_have_different_words() -> None:
    ends = [
        StepState.SUCCEEDED, StepState.FAILED, StepState.TIMED_OUT, StepState.UNVERIFIED, StepState.DONE_BY_HAND,
        StepState.SKIPPED, StepState.CANCELLED, StepState.IN_DOUBT, StepState.ROLLED_BACK, StepState.ROLLBACK_FAILED,
    ]  # fmt: skip
    assert len({STEP_MARKS[state].word for state in ends}) == len(ends)


def test_waiting_for_a_person_looks_unlike_waiting_for_time() -> None:
    assert step_mark(StepState.WAITING, asked=True) == run_mark(RunState.WAITING, asked=True) == ASK
    assert step_mark(StepState.WAITING).word == "WAIT"
    assert step_mark(StepState.FAILED, asked=True).word == "FAIL"
    assert run_mark(RunState.IN_DOUBT, asked=True).word == "DOUBT"
    assert attempt_mark(AttemptState.NEVER_STARTED).word == "NEVER"
