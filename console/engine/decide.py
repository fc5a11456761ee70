"""What follows from what somebody asks: `decide(run, command, at)` gives the events, or refuses with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.engine import answers, attempts, control, timers
from console.engine import commands as c
from console.engine.draft import Draft
from console.engine.events import AnyEvent, Recorded, stream_of
from console.engine.flow import advance
from console.engine.refused import Refused
from console.engine.run import Run

_HANDLERS: dict[type[c.Command], Callable[[Draft, Any], None]] = {
    c.StartRun: control.start,
    c.Admit: control.admit,
    c.Pause: control.pause,
    c.Resume: control.resume,
    c.Cancel: control.cancel,
    c.Jump: control.jump,
    c.Skip: control.skip,
    c.Rollback: control.rollback,
    c.AnswerTask: answers.answer_task,
    c.StepRendered: attempts.step_rendered,
    c.AttemptReported: attempts.attempt_reported,
    c.SurvivorsReported: attempts.survivors_reported,
    c.EvidenceReported: attempts.evidence_reported,
    c.TimerDue: timers.timer_due,
}
# Not an answer: who comes second to the last one is told who was first.
_BY_PEOPLE = (c.Pause, c.Resume, c.Cancel, c.Jump, c.Skip)


def decide(run: Run | None, command: c.AnyCommand, at: int) -> list[AnyEvent]:
    """The events that follow from a command at a moment (ms UTC); raises Refused. The given run is not changed."""
    return [one.event for one in _draft(run, command, at).recorded]


def take(run: Run | None, command: c.AnyCommand, at: int, *, owned: bool = False) -> tuple[Run, list[Recorded]]:
    """The run as it will be and the events, placed in its stream, that make it so; as `decide`, in one go.

    The given run is not changed, unless it is `owned` by the caller, who must then forget it. Raises Refused.
    """
    draft = _draft(run, command, at, owned=owned)
    return draft.run, draft.recorded


def _draft(run: Run | None, command: c.AnyCommand, at: int, *, owned: bool = False) -> Draft:
    if not command.verdict.allowed:
        raise Refused(command.verdict.reason)
    if run is not None and isinstance(command, c.StartRun):
        raise Refused(f"run {run.number} has started already")
    if run is not None and run.ended is not None and isinstance(command, _BY_PEOPLE):
        raise Refused(f"run {run.number} has ended: {run.ended.value}")
    draft = Draft(run if owned or run is None else run.copy(), command, at)
    _HANDLERS[type(command)](draft, command)
    advance(draft)
    return draft


def record(run: Run | None, decided: list[AnyEvent], command: c.AnyCommand, at: int) -> list[Recorded]:
    """The decided events with their places in the run's stream, as they go into the journal."""
    stream, seq = (run.stream, run.seq) if run is not None else ("", 0)
    if isinstance(command, c.StartRun):
        stream = stream_of(command.run)
    return [
        Recorded(stream=stream, seq=seq + number, at=at, who=command.who, cause=command.id, event=event)
        for number, event in enumerate(decided, 1)
    ]
