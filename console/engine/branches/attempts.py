"""What events about processes change."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches.registry import change, change_step, on, visit_at
from console.engine.run import Attempt, RollbackEntry, Run, Visit, entry_key
from console.engine.runbook import UndoForm
from console.engine.words import AttemptState, Outcome, Purpose, RollbackState, StepState

_UNDOING = (Purpose.ROLLBACK, Purpose.ROLLBACK_PREVIEW)
_ENDED_AS: dict[Outcome, AttemptState] = {
    Outcome.SUCCEEDED: AttemptState.SUCCEEDED,
    Outcome.TIMED_OUT: AttemptState.TIMED_OUT,
    Outcome.CANCELLED: AttemptState.CANCELLED,
}
_KNOWN = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNVERIFIED)


@on(e.AttemptStarted)
def _attempt_started(run: Run, event: e.AttemptStarted, recorded: e.Recorded) -> None:
    visit = visit_at(run, event.path, event.visit)
    undoing = event.purpose in _UNDOING
    attempt = Attempt(
        number=event.attempt,
        purpose=event.purpose,
        state=AttemptState.RUNNING,
        digest=event.digest,
        started_at=recorded.at,
    )
    state = StepState.ROLLING_BACK if undoing else StepState.RUNNING
    if event.purpose is Purpose.DISCOVER:
        state = visit.state
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
    ended_as = _ENDED_AS.get(report.came_to, AttemptState.FAILED)
    visit = _close_attempt(run, event, recorded, ended_as if report.begun else AttemptState.NEVER_STARTED)
    if report.cut_short:
        change_step(run, event.path, suspect=True)
    if not report.begun:
        _put_back(run, event, visit)
    elif event.purpose is Purpose.APPLY:
        outputs = {**visit.outputs, **report.outputs} if report.outputs else visit.outputs
        change(run, event.path, event.visit, outputs=outputs, summary=report.summary)
        change_step(run, event.path, unknown=report.came_to not in _KNOWN)
    elif report.came_to is Outcome.SUCCEEDED:
        _keep_preview(run, event)


def _keep_preview(run: Run, event: e.AttemptEnded) -> None:
    key = entry_key(event.path, event.visit)
    if event.purpose is Purpose.PREVIEW:
        change(run, event.path, event.visit, state=StepState.PREVIEWED, preview=event.report.preview)
    elif event.purpose is Purpose.ROLLBACK_PREVIEW:
        run.entries[key] = replace(run.entries[key], preview=event.report.preview)


def _put_back(run: Run, event: e.AttemptEnded, visit: Visit) -> None:
    """The state to which an attempt that never started leads back; what never began needs no undoing."""
    if event.purpose is Purpose.PREVIEW:
        change(run, event.path, event.visit, state=StepState.PREPARED)
    elif event.purpose is Purpose.APPLY:
        state = StepState.PREPARED if visit.preview is None else StepState.PREVIEWED
        tries = visit.tries if event.report.error is not None else visit.tries - 1
        change(run, event.path, event.visit, state=state, tries=tries, summary=event.report.summary)
        if not visit.begun(Purpose.APPLY):
            run.entries.pop(entry_key(event.path, event.visit), None)


@on(e.AttemptInDoubt)
def _attempt_in_doubt(run: Run, event: e.AttemptInDoubt, recorded: e.Recorded) -> None:
    visit = _close_attempt(run, event, recorded, AttemptState.IN_DOUBT)
    changes: dict[str, Any] = {"evidence": event.report.evidence or visit.evidence}
    if event.purpose in (Purpose.APPLY, Purpose.ROLLBACK):
        changes |= {"state": StepState.IN_DOUBT, "doubt": event.purpose}
    elif event.purpose is Purpose.PREVIEW:
        changes["state"] = StepState.PREPARED
    change(run, event.path, event.visit, **changes)
    change_step(run, event.path, suspect=True)
    if event.purpose is Purpose.APPLY:
        change_step(run, event.path, unknown=True)


@on(e.AttemptCancelAsked)
def _attempt_cancel_asked(run: Run, event: e.AttemptCancelAsked, recorded: e.Recorded) -> None:
    visit = visit_at(run, event.path, event.visit)
    attempts = tuple(replace(one, cancel_asked=True) if one.number == event.attempt else one for one in visit.attempts)
    change(run, event.path, event.visit, attempts=attempts)


@on(e.SurvivorsSought)
def _survivors_sought(run: Run, event: e.SurvivorsSought, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, end_survivors=False)
    change_step(run, event.path, suspect=bool(event.found))


@on(e.SurvivorsEndAsked)
def _survivors_end_asked(run: Run, event: e.SurvivorsEndAsked, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, end_survivors=True)


@on(e.LookAsked)
def _look_asked(run: Run, event: e.LookAsked, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, look=True)


@on(e.EvidenceFound)
def _evidence_found(run: Run, event: e.EvidenceFound, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, look=False, evidence=event.evidence)
