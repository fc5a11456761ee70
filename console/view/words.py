"""How a state looks: a glyph, its form in ASCII, a short word, and the name of a style; never one of them alone."""

from __future__ import annotations

from typing import NamedTuple

from console.engine.words import AttemptState, RunState, StepState


class Mark(NamedTuple):
    """The look of a state. Glyphs are one cell wide in every locale; `style` is a name that a theme knows."""

    glyph: str
    ascii: str
    word: str
    style: str


ASK = Mark("?", "?", "ASK", "ask")
_PEND = Mark("◌", ".", "PEND", "pending")
_READY = Mark("◌", ".", "READY", "pending")
_RUN = Mark("►", ">", "RUN", "running")
_WAIT = Mark("~", "~", "WAIT", "waiting")
_OK = Mark("✓", "+", "OK", "ok")
_FAIL = Mark("✗", "x", "FAIL", "failed")
_LATE = Mark("✗", "x", "LATE", "late")
_STOP = Mark("▪", "#", "STOP", "cancelled")
_DOUBT = Mark("!", "!", "DOUBT", "doubt")
_UNDOING = Mark("↺", "<", "UNDOING", "undoing")
_UNDO = Mark("↺", "<", "UNDO", "undone")

STEP_MARKS = {
    StepState.PENDING: _PEND,
    StepState.READY: _READY,
    StepState.PREPARED: _READY,
    StepState.PREVIEWED: _READY,
    StepState.WAITING: _WAIT,
    StepState.RUNNING: _RUN,
    StepState.IN_DOUBT: _DOUBT,
    StepState.SUCCEEDED: _OK,
    StepState.FAILED: _FAIL,
    StepState.TIMED_OUT: _LATE,
    StepState.UNVERIFIED: Mark("✗", "x", "UNVER", "unverified"),
    StepState.DONE_BY_HAND: Mark("✓", "+", "HAND", "by-hand"),
    StepState.SKIPPED: Mark("»", "-", "SKIP", "skipped"),
    StepState.CANCELLED: _STOP,
    StepState.ROLLING_BACK: _UNDOING,
    StepState.ROLLED_BACK: _UNDO,
    StepState.ROLLBACK_FAILED: Mark("↺", "<", "UNDO-FAIL", "undo-failed"),
}

RUN_MARKS = {
    RunState.QUEUED: Mark("~", "~", "QUEUED", "waiting"),
    RunState.RUNNING: _RUN,
    RunState.WAITING: _WAIT,
    RunState.PAUSED: Mark("=", "=", "PAUSED", "paused"),
    RunState.IN_DOUBT: _DOUBT,
    RunState.ROLLING_BACK: _UNDOING,
    RunState.SUCCEEDED: _OK,
    RunState.FAILED: _FAIL,
    RunState.CANCELLED: _STOP,
    RunState.ROLLED_BACK: _UNDO,
}

ATTEMPT_MARKS = {
    AttemptState.RUNNING: _RUN,
    AttemptState.SUCCEEDED: _OK,
    AttemptState.FAILED: _FAIL,
    AttemptState.TIMED_OUT: _LATE,
    AttemptState.CANCELLED: _STOP,
    AttemptState.NEVER_STARTED: Mark("»", "-", "NEVER", "skipped"),
    AttemptState.IN_DOUBT: _DOUBT,
}


def step_mark(state: StepState, *, asked: bool = False) -> Mark:
    """The look of a step; `asked` when it waits for a person, and not for time."""
    return ASK if asked and state is StepState.WAITING else STEP_MARKS[state]


def run_mark(state: RunState, *, asked: bool = False) -> Mark:
    """The look of a run; `asked` when it waits for a person, and not for time."""
    return ASK if asked and state is RunState.WAITING else RUN_MARKS[state]


def attempt_mark(state: AttemptState) -> Mark:
    """The look of one process of a step."""
    return ATTEMPT_MARKS[state]
