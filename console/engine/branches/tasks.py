"""What events about people, and what they were asked, change."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches.registry import change, change_step, on, visit_at
from console.engine.run import AnswerGiven, Run, Task, Timer, Vote, entry_key
from console.engine.words import Answer, StepState, TaskKind, TimerPurpose


def task_timer(task: int) -> str:
    """The id of the timer of a task's deadline."""
    return f"task/{task}"


@on(e.TaskOpened)
def _task_opened(run: Run, event: e.TaskOpened, recorded: e.Recorded) -> None:
    run.tasks[event.task] = Task(
        id=event.task,
        kind=event.kind,
        path=event.path,
        visit=event.visit,
        since=recorded.at,
        answers=event.answers,
        people=event.people,
        question=event.question,
        due_at=event.due_at,
        quorum=event.quorum,
        digest=event.digest,
        evidence=event.evidence,
    )
    run.next_task = event.task + 1
    if event.due_at is not None:
        timer = task_timer(event.task)
        run.timers[timer] = Timer(
            id=timer,
            purpose=TimerPurpose.TASK,
            at=event.due_at,
            path=event.path,
            visit=event.visit,
            task=event.task,
        )
    changes: dict[str, Any] = {"task": event.task}
    if event.kind in (TaskKind.MANUAL, TaskKind.APPROVAL) or (event.kind is TaskKind.SURVIVORS and run.rolling is None):
        changes["state"] = StepState.WAITING
    change(run, event.path, event.visit, **changes)


def _close_task(run: Run, path: str, visit: int, task: int) -> Task | None:
    run.timers.pop(task_timer(task), None)
    change(run, path, visit, task=None)
    return run.tasks.pop(task, None)


@on(e.TaskAnswered)
def _task_answered(run: Run, event: e.TaskAnswered, recorded: e.Recorded) -> None:
    task = run.tasks[event.task]
    if not event.closes:
        vote = Vote(by=event.by, at=recorded.at, self_approved=event.self_approved)
        run.tasks[event.task] = replace(task, votes=(*task.votes, vote))
        return
    _close_task(run, event.path, event.visit, event.task)
    run.last_answers[event.path] = AnswerGiven(
        kind=task.kind, answer=event.answer, by=event.by, at=recorded.at, seq=recorded.seq
    )
    visit = visit_at(run, event.path, event.visit)
    changes: dict[str, Any] = {"answered_by": event.by, "note": event.note or visit.note}
    if task.kind is TaskKind.MANUAL:
        changes["answers"] = event.values
    elif event.values:
        changes["outputs"] = {**visit.outputs, **event.values}
    if event.answer is Answer.APPROVE:
        changes["approved"] = True
    if event.answer is Answer.APPROVE or (task.kind is TaskKind.SURVIVORS and run.rolling is None):
        changes["state"] = StepState.PREVIEWED if visit.preview is not None else StepState.PREPARED
    change(run, event.path, event.visit, **changes)
    _answer_for_step(run, event, task.kind)
    _answer_for_entry(run, event, task.kind)


def _answer_for_step(run: Run, event: e.TaskAnswered, kind: TaskKind) -> None:
    """What a person says of the past of a step: what became of its attempt, or that what survived may stay."""
    if kind is TaskKind.SURVIVORS:
        change_step(run, event.path, suspect=event.answer is not Answer.START_ANYWAY)
    elif kind is TaskKind.FAILED or (kind is TaskKind.IN_DOUBT and event.answer is not Answer.LOOK_AGAIN):
        change_step(run, event.path, unknown=False)


def _answer_for_entry(run: Run, event: e.TaskAnswered, kind: TaskKind) -> None:
    """What a person says of an undo: do it, or try it again (shown anew where it has a preview)."""
    key = entry_key(event.path, event.visit)
    if event.answer is Answer.UNDO:
        run.entries[key] = replace(run.entries[key], confirmed=True)
    elif event.answer is Answer.RETRY and kind is TaskKind.ROLLBACK_FAILED:
        entry = run.entries[key]
        run.entries[key] = replace(entry, failed=False, preview=None, confirmed=not entry.undo.previews)


@on(e.TaskClosed)
def _task_closed(run: Run, event: e.TaskClosed, recorded: e.Recorded) -> None:
    _close_task(run, event.path, event.visit, event.task)
