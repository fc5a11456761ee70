"""Why something cannot be done now, in words for the operator; None where it can.

The server judges in the end. These rules only say beforehand what it would refuse.
"""

from __future__ import annotations

from console.engine.words import RUN_ENDS, RollbackState, RunState, StepState, TaskKind
from console.protocol import RunView, StepView
from console.view.situation import Place, Situation, WhyNot


def server(at: Situation) -> str | None:
    """Whether the server answers."""
    return None if at.connected else "the server does not answer"


def open_run(at: Situation) -> str | None:
    """Whether a run is chosen that has not ended."""
    if at.run is None:
        return "the run is not read yet"
    if at.run.state in RUN_ENDS:
        return "the run has ended"
    return server(at)


def running_steps(run: RunView) -> tuple[StepView, ...]:
    """The steps of which a process runs now."""
    return tuple(step for step in flat(run.steps) if _runs(step))


def flat(steps: tuple[StepView, ...]) -> tuple[StepView, ...]:
    """All steps, those in groups after their group."""
    return tuple(one for step in steps for one in (step, *flat(step.steps)))


def _runs(step: StepView) -> bool:
    return any(attempt.ended_at is None and attempt.state == "running" for attempt in step.attempts)


def undoable(run: RunView) -> tuple[StepView, ...]:
    """The steps that a rollback of everything would undo, newest first."""
    standing = (RollbackState.STANDING, RollbackState.UNDOING)
    return tuple(step for step in reversed(flat(run.steps)) if step.rollback in standing)


def _doubt(run: RunView) -> str | None:
    if any(task.kind is TaskKind.IN_DOUBT for task in run.waiting):
        return "something of it is in doubt: say first what became of it"
    return None


def pause(at: Situation) -> str | None:
    """Whether the run can be paused."""
    if at.run is not None and at.run.paused:
        return "the run is paused already"
    return open_run(at)


def resume(at: Situation) -> str | None:
    """Whether the run can be resumed."""
    if why := open_run(at):
        return why
    return None if at.run is not None and at.run.paused else "the run is not paused"


def _rolling(run: RunView) -> str | None:
    return "the run is being rolled back" if run.state is RunState.ROLLING_BACK else None


def cancel(at: Situation) -> str | None:
    """Whether the run can be cancelled."""
    if (why := open_run(at)) or at.run is None:
        return why
    return _doubt(at.run) or _rolling(at.run)


def stop_step(at: Situation) -> str | None:
    """Whether something of the step runs that could be stopped."""
    if (why := open_run(at)) or at.run is None:
        return why
    if at.step is None:
        return "no step is chosen"
    return None if _runs(at.step) else "nothing of this step is running"


_NOT_YET = (StepState.PENDING,)
_OVER = (StepState.SUCCEEDED, StepState.SKIPPED, StepState.DONE_BY_HAND, StepState.ROLLED_BACK)


def skip(at: Situation) -> str | None:
    """Whether the step can be passed over."""
    if (why := _step_at_rest(at)) or at.step is None or at.run is None:
        return why
    if at.step.kind == "approval":
        return "approvals cannot be skipped"
    if at.step.state in _OVER or (at.step.state not in _NOT_YET and at.step.path != at.run.cursor):
        return "the run is past this step already"
    return None


def _step_at_rest(at: Situation) -> str | None:
    if (why := open_run(at)) or at.run is None:
        return why
    if at.step is None:
        return "no step is chosen"
    if at.run.cancelling:
        return "the run is being cancelled"
    if why := _rolling(at.run) or _doubt(at.run):
        return why
    if running := running_steps(at.run):
        ahead = at.step.state in _NOT_YET
        return None if ahead and at.step not in running else "something of the run is still running"
    return None


def jump(at: Situation) -> str | None:
    """Whether the run can go on at the step."""
    if (why := _step_at_rest(at)) or at.step is None or at.run is None:
        return why
    if running_steps(at.run):
        return "something of the run is still running"
    return "the run stands at this step" if at.step.path == at.run.cursor else None


def rollback(at: Situation) -> str | None:
    """Whether the run can be rolled back as a whole."""
    if at.run is None:
        return "the run is not read yet"
    if at.run.state is RunState.ROLLED_BACK:
        return "the run is rolled back already"
    if at.run.cancelling and at.run.state not in RUN_ENDS:
        return "the run is being cancelled"
    if why := server(at) or _rolling(at.run) or _doubt(at.run):
        return why
    if running_steps(at.run):
        return "something of the run is still running"
    return None if undoable(at.run) else "there is nothing to undo"


def rollback_to(at: Situation) -> str | None:
    """Whether the run can be rolled back to the step."""
    if (why := rollback(at)) or at.run is None:
        return why
    if at.run.state in RUN_ENDS:
        return "the run has ended: it can only be rolled back as a whole"
    if at.step is None:
        return "no step is chosen"
    return None if at.step.visit else "the run has not come to this step"


def review(at: Situation) -> str | None:
    """Whether something waits for an answer."""
    if at.place is Place.BOARD:
        return None if at.waiting is not None else "nothing of this run waits for an answer"
    if at.run is None:
        return "the run is not read yet"
    return None if at.run.waiting else "nothing waits for an answer"


def answers(answer: str) -> WhyNot:
    """The rule for one answer: whether what waits accepts it."""

    def why_not(at: Situation) -> str | None:
        if at.waiting is None:
            return "nothing waits for an answer"
        return server(at) if answer in at.waiting.answers else "this is not asked here"

    return why_not


def several(at: Situation) -> str | None:
    """Whether more than one thing waits, where answers are given."""
    if at.place is Place.REVIEW and (at.run is None or len(at.run.waiting) < 2):
        return "nothing else waits"
    return None


def checklist(at: Situation) -> str | None:
    """Whether there is a checklist to tick."""
    return None if at.waiting is not None and at.waiting.checklist else "there is nothing to tick here"


def printed(at: Situation) -> str | None:
    """Whether the step printed anything."""
    if at.step is None:
        return "no step is chosen"
    return None if at.step.attempts else "this step started nothing that prints"
