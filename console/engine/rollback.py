"""Undoing: which entries a rollback covers, what stands in its way, and its next move."""

from __future__ import annotations

from console.engine import events as e
from console.engine.draft import Draft
from console.engine.refused import Refused
from console.engine.run import RollbackEntry, Run, Visit
from console.engine.runbook import UndoForm
from console.engine.words import (
    Answer,
    Purpose,
    RollbackState,
    RunState,
    StepState,
    TaskKind,
)


def standing(run: Run, to: str | None = None) -> list[RollbackEntry]:
    """The entries that a rollback would undo, newest first: all, or those of visits begun after the step `to`."""
    since = 0
    if to is not None:
        visit = run.steps[to].now
        since = visit.entered_seq if visit is not None else 0
    entries = []
    for entry in reversed(run.entries.values()):
        visit = run.visit_of(entry.path, entry.visit)
        if visit is not None and not entry.undone and visit.entered_seq > since:
            entries.append(entry)
    return entries


def may_roll_back(run: Run) -> bool:
    """Whether there is something to undo and nothing that forbids it."""
    entries = standing(run)
    return bool(entries) and obstacle(entries) is None


def obstacle(entries: list[RollbackEntry]) -> str | None:
    """Why these entries cannot be undone, or None."""
    for entry in entries:
        if entry.undo.form is UndoForm.IMPOSSIBLE:
            instead = f"; what can be done instead: {entry.undo.instead}" if entry.undo.instead else ""
            return f"{entry.path} cannot be undone: {entry.undo.why}{instead}"
    return None


def begin_rollback(draft: Draft, to: str | None, *, unattended: bool, reason: str | None) -> None:
    """Begin to undo; raises Refused past an impossible step, over a doubt, or while something runs."""
    run = draft.run
    if run.rolling is not None:
        raise Refused("a rollback is already under way")
    if run.running:
        raise Refused("something of this run is still running", "let it finish, or cancel that step first")
    if run.in_doubt is not None:
        raise Refused(f"{run.in_doubt} is in doubt", "say first what became of it")
    if to is not None:
        _check_target(run, to)
    entries = standing(run, to)
    if why := obstacle(entries):
        raise Refused(why)
    for task in list(run.tasks.values()):
        draft.close_task(task.path, "rolled back")
    draft.leave("rolled back")
    paths = tuple((entry.path, entry.visit) for entry in entries)
    unattended = unattended or run.runbook.unattended_rollback
    draft.emit(e.RollbackBegan(to=to, paths=paths, unattended=unattended, reason=reason))


def _check_target(run: Run, to: str) -> None:
    """Refuse what does not lie behind the run, or was undone itself: the way on must lead over all that follows."""
    visit = run.steps[to].now if to in run.places else None
    if visit is None:
        raise Refused(f"the run has not come to the step {to!r} yet")
    if run.cursor is None or run.places[to] >= run.places[run.cursor]:
        raise Refused(f"the run stands at {run.cursor}: nothing after {to} has started")
    if visit.state in (StepState.ROLLED_BACK, StepState.ROLLBACK_FAILED):
        raise Refused(f"{to} was undone itself", "roll back to a step before it")


def advance_rollback(draft: Draft) -> bool:
    """The next move of the rollback under way; False when it waits for a process or a person."""
    rolling = draft.run.rolling
    if rolling is None:
        return False
    entry = draft.run.undoing
    if entry is None:
        return _end_rollback(draft, rolling.to)
    return _undo_one(draft, entry, rolling.unattended)


def _undo_one(draft: Draft, entry: RollbackEntry, unattended: bool) -> bool:
    run = draft.run
    visit = run.visit_of(entry.path, entry.visit)
    if visit is None or visit.task is not None or run.steps[entry.path].suspect:
        return False
    if visit.running is not None or visit.state is StepState.IN_DOUBT:
        return False
    undo = entry.undo
    if undo.previews and entry.preview is None:
        draft.start_attempt(entry.path, visit, Purpose.ROLLBACK_PREVIEW, undo.digest)
    elif entry.confirmed or unattended or undo.unattended:
        digest = entry.preview.digest if entry.preview is not None else undo.digest
        draft.start_attempt(entry.path, visit, Purpose.ROLLBACK, digest)
    else:
        _ask_before(draft, entry, visit)
    return True


def _ask_before(draft: Draft, entry: RollbackEntry, visit: Visit) -> None:
    shown = entry.preview.summary if entry.preview is not None else "; ".join(entry.undo.shown[:3])
    step = draft.run.definition_of(entry.path)
    draft.open_task(
        entry.path,
        visit,
        TaskKind.ROLLBACK,
        (Answer.UNDO, Answer.DONE, Answer.LEAVE),
        question=f"Undo {step.title or step.id}? {shown}".strip(),
        digest=entry.preview.digest if entry.preview is not None else entry.undo.digest,
    )


def _end_rollback(draft: Draft, to: str | None) -> bool:
    run = draft.run
    draft.emit(e.RollbackEnded(to=to))
    if to is None:
        left = any(entry.state is RollbackState.LEFT for entry in run.entries.values())
        draft.emit(e.RunEnded(state=RunState.FAILED if left else RunState.ROLLED_BACK))
        return True
    visit = draft.visit(to)
    answers = [Answer.GO_ON]
    if may_roll_back(run):
        answers.append(Answer.ROLLBACK)
    answers.append(Answer.STOP)
    draft.open_task(to, visit, TaskKind.ROLLED_BACK_TO, tuple(answers), question=f"Rolled back to {to}. How to go on?")
    return True


def undo_failed(draft: Draft, path: str, visit: Visit, summary: str) -> None:
    """Record that an undo did not succeed, and ask what to do."""
    draft.emit(e.RollbackStepFailed(path=path, visit=visit.number, summary=summary))
    step = draft.run.definition_of(path)
    draft.open_task(
        path,
        visit,
        TaskKind.ROLLBACK_FAILED,
        (Answer.RETRY, Answer.DONE, Answer.LEAVE),
        question=f"Undoing {step.title or step.id} did not succeed: {summary}",
    )


def settle(draft: Draft, path: str, visit: Visit, state: RollbackState, note: str | None = None) -> None:
    """Deal with an entry of the rollback under way."""
    draft.emit(e.RollbackSettled(path=path, visit=visit.number, state=state, note=note))
