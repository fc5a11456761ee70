"""What follows when a timer is due. A deadline tells; it never kills."""

from __future__ import annotations

from console.engine import commands as c
from console.engine import events as e
from console.engine.draft import Draft
from console.engine.run import Timer, Visit
from console.engine.words import Outcome, StepState, TimerPurpose


def timer_due(draft: Draft, command: c.TimerDue) -> None:
    """Act on a timer; one that is no longer set, or not yet due, changes nothing."""
    timer = draft.run.timers.get(command.timer)
    if timer is None or timer.at > draft.at:
        return
    draft.emit(e.TimerFired(timer=timer.id))
    if timer.purpose is TimerPurpose.DEADLINE:
        draft.emit(e.DeadlinePassed())
        draft.emit(e.Told(to=(draft.run.started_by,), message=f"Run {draft.run.number} is past its deadline."))
        return
    visit = draft.run.visit_of(timer.path, timer.visit) if timer.path else None
    if timer.path is None or visit is None:
        return
    waiting = visit.state is StepState.WAITING and visit.task is None
    match timer.purpose:
        case TimerPurpose.WAIT if waiting:
            draft.end_step(timer.path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED)
        case TimerPurpose.RETRY if waiting:
            draft.emit(e.RetryBegan(path=timer.path, visit=visit.number, rendered_anew=False))
        case TimerPurpose.WITHIN if not _asks_until_now(draft, visit):
            message = f"{timer.path} takes longer than the runbook allows."
            draft.emit(e.Told(to=(draft.run.started_by,), message=message, path=timer.path))
        case TimerPurpose.TASK:
            _task_timed_out(draft, timer, timer.path, visit)


def _asks_until_now(draft: Draft, visit: Visit) -> bool:
    """Whether the step asks somebody, and that question's own timer tells what there is to tell."""
    task = draft.run.tasks.get(visit.task or 0)
    return task is not None and task.due_at is not None and task.due_at <= draft.at


def _task_timed_out(draft: Draft, timer: Timer, path: str, visit: Visit) -> None:
    task = draft.run.tasks.get(timer.task or 0)
    if task is None:
        return
    draft.close_task(path, "timed out")
    summary = "nobody answered in time"
    draft.emit(e.Told(to=(*task.people, draft.run.started_by), message=f"{path}: {summary}.", path=path))
    draft.end_step(path, visit, StepState.TIMED_OUT, Outcome.TIMED_OUT, summary)
