"""What events about processes change."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches.registry import change, on, visit_at
from console.engine.run import Attempt, RollbackEntry, Run, Visit, entry_key
from console.engine.runbook import UndoForm
from console.engine.words import AttemptState, Ending, Outcome, Purpose, RollbackState, StepState

_READ: dict[Ending, AttemptState] = {
    Ending.TIMED_OUT: AttemptState.TIMED_OUT,
    Ending.CANCELLED: AttemptState.CANCELLED,
    Ending.NEVER_STARTED: AttemptState.NEVER_STARTED,
    Ending.LOST: AttemptState.IN_DOUBT,
}


@on(e.AttemptStarted)
def _attempt_started(run: Run, event: e.AttemptStarted, recorded: e.Recorded) -> None:
    visit = visit_at(run, event.path, event.visit)
    undoing = event.purpose in (Purpose.ROLLBACK, Purpose.ROLLBACK_PREVIEW)
    attempt = Attempt(
        number=event.attempt,
        purpose=event.purpose,
        state=AttemptState.RUNNING,
        digest=event.digest,
        started_at=recorded.at,
    )
    state = {Purpose.ROLLBACK: StepState.ROLLING_BACK, Purpose.ROLLBACK_PREVIEW: StepState.ROLLING_BACK}.get(
        event.purpose, visit.state if event.purpose is Purpose.DISCOVER else StepState.RUNNING
    )
    change(
        run,
        event.path,
        event.visit,
        attempts=(*visit.attempts, attempt),
        state=state,
        forward=visit.forward or visit.state if undoing else visit.forward,
        started_at=visit.started_at or recorded.at,
        tries=visit.tries + (event.purpose is Purpose.APPLY),
    )
    run.running[entry_key(event.path, event.visit)] = event.attempt
    if event.purpose is Purpose.APPLY:
        _list_for_rollback(run, event.path, visit)
    if undoing:
        key = entry_key(event.path, event.visit)
        run.entries[key] = replace(run.entries[key], state=RollbackState.UNDOING, failed=False)


def _list_for_rollback(run: Run, path: str, visit: Visit) -> None:
    undo = visit.prepared.undo if visit.prepared else None
    key = entry_key(path, visit.number)
    if undo is not None and undo.form is not UndoForm.NOTHING and key not in run.entries:
        run.entries[key] = RollbackEntry(path=path, visit=visit.number, undo=undo)


def _close_attempt(
    run: Run, event: e.AttemptEnded | e.AttemptInDoubt, recorded: e.Recorded, state: AttemptState
) -> Visit:
    visit = visit_at(run, event.path, event.visit)
    attempts = tuple(
        replace(one, state=state, ended_at=event.report.ended_at or recorded.at, report=event.report)
        if one.number == event.attempt
        else one
        for one in visit.attempts
    )
    run.running.pop(entry_key(event.path, event.visit), None)
    return change(run, event.path, event.visit, attempts=attempts)


@on(e.AttemptEnded)
def _attempt_ended(run: Run, event: e.AttemptEnded, recorded: e.Recorded) -> None:
    report = event.report
    succeeded = report.outcome is Outcome.SUCCEEDED
    state = _READ.get(report.ending, AttemptState.SUCCEEDED if succeeded else AttemptState.FAILED)
    visit = _close_attempt(run, event, recorded, state)
    changes: dict[str, Any] = {}
    if report.ending is Ending.NEVER_STARTED and report.error is None:
        changes = _as_before(visit, event.purpose)
    elif event.purpose is Purpose.PREVIEW and succeeded:
        changes = {"state": StepState.PREVIEWED, "preview": report.preview}
    elif event.purpose is Purpose.APPLY:
        changes = {"outputs": {**visit.outputs, **report.outputs}, "summary": report.summary}
        if report.ending is Ending.TIMED_OUT:
            changes["suspect"] = True
    elif event.purpose is Purpose.ROLLBACK_PREVIEW and succeeded:
        key = entry_key(event.path, event.visit)
        run.entries[key] = replace(run.entries[key], preview=report.preview)
    if changes:
        change(run, event.path, event.visit, **changes)


def _as_before(visit: Visit, purpose: Purpose) -> dict[str, Any]:
    """The state to which an attempt that never started leads back."""
    if purpose is Purpose.PREVIEW:
        return {"state": StepState.PREPARED}
    if purpose is Purpose.APPLY:
        state = StepState.PREPARED if visit.preview is None else StepState.PREVIEWED
        return {"state": state, "tries": visit.tries - 1}
    return {}


@on(e.AttemptInDoubt)
def _attempt_in_doubt(run: Run, event: e.AttemptInDoubt, recorded: e.Recorded) -> None:
    changes: dict[str, Any] = {"suspect": True, "evidence": event.report.evidence}
    if event.purpose in (Purpose.APPLY, Purpose.ROLLBACK):
        changes |= {"state": StepState.IN_DOUBT, "doubt": event.purpose}
    elif event.purpose is Purpose.PREVIEW:
        changes["state"] = StepState.PREPARED
    _close_attempt(run, event, recorded, AttemptState.IN_DOUBT)
    change(run, event.path, event.visit, **changes)


@on(e.AttemptCancelAsked)
def _attempt_cancel_asked(run: Run, event: e.AttemptCancelAsked, recorded: e.Recorded) -> None:
    visit = visit_at(run, event.path, event.visit)
    attempts = tuple(replace(one, cancel_asked=True) if one.number == event.attempt else one for one in visit.attempts)
    change(run, event.path, event.visit, attempts=attempts)


@on(e.SurvivorsSought)
def _survivors_sought(run: Run, event: e.SurvivorsSought, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, suspect=bool(event.found), end_survivors=False)


@on(e.SurvivorsEndAsked)
def _survivors_end_asked(run: Run, event: e.SurvivorsEndAsked, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, end_survivors=True)


@on(e.LookAsked)
def _look_asked(run: Run, event: e.LookAsked, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, look=True)


@on(e.EvidenceFound)
def _evidence_found(run: Run, event: e.EvidenceFound, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, look=False, evidence=event.evidence)
