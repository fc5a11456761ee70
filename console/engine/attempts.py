"""What follows when the outside reports: a step rendered, an attempt ended or lost, survivors found, a timer due."""

from __future__ import annotations

from console.engine import commands as c
from console.engine import events as e
from console.engine.draft import Draft, prepared_of, running_attempt
from console.engine.reports import AttemptReport, Evidence
from console.engine.rollback import settle, undo_failed
from console.engine.run import Attempt, Timer, Visit
from console.engine.words import (
    Answer,
    Ending,
    Outcome,
    Purpose,
    RollbackState,
    StepState,
    TaskKind,
    TimerPurpose,
)

IN_DOUBT_ANSWERS = (Answer.LOOK_AGAIN, Answer.DONE, Answer.NOT_DONE, Answer.PARTLY)
SURVIVOR_ANSWERS = (Answer.LOOK_AGAIN, Answer.END_THEM, Answer.START_ANYWAY, Answer.STOP)
_ENDED_AS = {
    Outcome.SUCCEEDED: StepState.SUCCEEDED,
    Outcome.TIMED_OUT: StepState.TIMED_OUT,
    Outcome.CANCELLED: StepState.CANCELLED,
    Outcome.UNVERIFIED: StepState.UNVERIFIED,
}


def step_rendered(draft: Draft, command: c.StepRendered) -> None:
    """Record what was made ready; a report about a visit that is no longer ready is too late and changes nothing."""
    visit = draft.step(command.path).now
    if visit is None or visit.number != command.visit or visit.state is not StepState.READY:
        return
    if command.skip is not None:
        draft.emit(e.StepSkipped(path=command.path, visit=visit.number, why="when", detail=f"not so: {command.skip}"))
    elif command.prepared is not None:
        draft.emit(e.StepPrepared(path=command.path, visit=visit.number, prepared=command.prepared))
    else:
        error = command.error or "it could not be made ready"
        draft.emit(e.PreparationFailed(path=command.path, visit=visit.number, error=error))
        draft.end_step(command.path, visit, StepState.FAILED, Outcome.FAILED, error)


def attempt_reported(draft: Draft, command: c.AttemptReported) -> None:
    """Record the end of a running attempt; anything else is a late repetition and changes nothing."""
    attempt = running_attempt(draft.run, command.path, command.visit)
    if attempt is None or attempt.number != command.attempt:
        return
    if command.report.ending is Ending.LOST:
        _lost(draft, command, attempt)
        return
    draft.emit(
        e.AttemptEnded(
            path=command.path,
            visit=command.visit,
            attempt=attempt.number,
            purpose=attempt.purpose,
            report=command.report,
        )
    )
    if command.report.ending is Ending.NEVER_STARTED and command.report.error is None:
        if attempt.purpose is Purpose.DISCOVER:
            _ask_about_doubt(draft, command.path, command.visit)
        return
    match attempt.purpose:
        case Purpose.PREVIEW:
            _preview_ended(draft, command.path, command.visit, command.report)
        case Purpose.APPLY:
            _apply_ended(draft, command.path, command.visit, command.report)
        case Purpose.DISCOVER | Purpose.VERIFY:
            _discovered(draft, command.path, command.visit, command.report)
        case Purpose.ROLLBACK_PREVIEW | Purpose.ROLLBACK:
            _undo_ended(draft, command.path, command.visit, attempt.purpose, command.report)


def _at(draft: Draft, path: str, number: int) -> Visit:
    visit = draft.run.visit_of(path, number)
    if visit is None:
        raise ValueError(f"{path} has no visit {number}")
    return visit


def _lost(draft: Draft, command: c.AttemptReported, attempt: Attempt) -> None:
    draft.emit(
        e.AttemptInDoubt(
            path=command.path,
            visit=command.visit,
            attempt=attempt.number,
            purpose=attempt.purpose,
            report=command.report,
        )
    )
    visit = _at(draft, command.path, command.visit)
    repeatable = visit.prepared is not None and visit.prepared.repeatable
    if attempt.purpose is Purpose.APPLY and repeatable and not draft.run.cancelling:
        draft.emit(e.RetryBegan(path=command.path, visit=command.visit, rendered_anew=False))
    elif attempt.purpose in (Purpose.APPLY, Purpose.ROLLBACK) or attempt.purpose in (Purpose.DISCOVER, Purpose.VERIFY):
        _ask_about_doubt(draft, command.path, command.visit)


def _ask_about_doubt(draft: Draft, path: str, number: int) -> None:
    visit = _at(draft, path, number)
    step = draft.run.definition_of(path)
    facts = " ".join(visit.evidence.facts) if visit.evidence else ""
    what = "the undo of " if visit.doubt is Purpose.ROLLBACK else ""
    question = f"Nobody saw the end of {what}{step.title or step.id}. {facts} What became of it?"
    draft.open_task(path, visit, TaskKind.IN_DOUBT, IN_DOUBT_ANSWERS, question=question)


def _preview_ended(draft: Draft, path: str, number: int, report: AttemptReport) -> None:
    if report.outcome is Outcome.SUCCEEDED and report.preview is not None:
        return
    visit = _at(draft, path, number)
    summary = f"the preview did not succeed: {report.summary or report.error or report.outcome.value}"
    state = _ENDED_AS.get(report.outcome, StepState.FAILED)
    outcome = report.outcome
    if report.outcome is Outcome.SUCCEEDED:
        state, outcome, summary = StepState.FAILED, Outcome.FAILED, "the preview said nothing"
    draft.end_step(path, visit, state, outcome, summary)


def _apply_ended(draft: Draft, path: str, number: int, report: AttemptReport) -> None:
    visit = _at(draft, path, number)
    if report.outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and _retries(draft, path, visit):
        return
    state = _ENDED_AS.get(report.outcome, StepState.FAILED)
    draft.end_step(path, visit, state, report.outcome, report.summary or report.error or "")


def _retries(draft: Draft, path: str, visit: Visit) -> bool:
    """Begin or schedule an automatic retry, where one is allowed: only of what does no harm when done twice."""
    step = draft.run.definition_of(path)
    retry = step.retry
    if retry is None or not prepared_of(visit).repeatable or visit.tries >= retry.attempts:
        return False
    if draft.run.cancelling:
        return False
    if step.within_ms is not None and draft.at >= visit.entered_at + step.within_ms:
        return False
    wait = retry.wait_ms
    for _ in range(visit.tries - 1):
        wait = min(wait * retry.backoff_percent // 100, retry.wait_at_most_ms)
    if wait <= 0:
        draft.emit(e.RetryBegan(path=path, visit=visit.number, rendered_anew=False))
        return True
    timer = f"retry/{path}/{visit.number}/{visit.tries}"
    draft.emit(e.TimerSet(path=path, visit=visit.number, timer=timer, purpose=TimerPurpose.RETRY, at=draft.at + wait))
    return True


def _discovered(draft: Draft, path: str, number: int, report: AttemptReport) -> None:
    evidence = report.evidence or Evidence(facts=(report.summary or report.error or "looking again said nothing",))
    draft.emit(e.EvidenceFound(path=path, visit=number, evidence=evidence))
    _ask_about_doubt(draft, path, number)


def _undo_ended(draft: Draft, path: str, number: int, purpose: Purpose, report: AttemptReport) -> None:
    visit = _at(draft, path, number)
    if report.outcome is not Outcome.SUCCEEDED:
        what = "its preview did not succeed" if purpose is Purpose.ROLLBACK_PREVIEW else "it did not succeed"
        undo_failed(draft, path, visit, report.summary or report.error or what)
    elif purpose is Purpose.ROLLBACK_PREVIEW and report.preview is None:
        undo_failed(draft, path, visit, "its preview said nothing")
    elif purpose is Purpose.ROLLBACK:
        settle(draft, path, visit, RollbackState.UNDONE)


def survivors_reported(draft: Draft, command: c.SurvivorsReported) -> None:
    """Record what was found of earlier attempts; a start waits until nothing is left or a person says so."""
    visit = draft.run.visit_of(command.path, command.visit)
    if visit is None or not visit.suspect or visit.task is not None:
        return
    draft.emit(e.SurvivorsSought(path=command.path, visit=command.visit, found=command.found, ended=command.ended))
    if command.found:
        names = ", ".join(f"{one.pid} {one.command}" for one in command.found[:5])
        draft.open_task(
            command.path,
            _at(draft, command.path, command.visit),
            TaskKind.SURVIVORS,
            SURVIVOR_ANSWERS if draft.run.rolling is None else SURVIVOR_ANSWERS[:-1],
            question=f"{len(command.found)} processes of an earlier attempt are still there: {names}",
        )


def evidence_reported(draft: Draft, command: c.EvidenceReported) -> None:
    """Record what looking again found, and ask anew."""
    visit = draft.run.visit_of(command.path, command.visit)
    if visit is None or not visit.look:
        return
    draft.emit(e.EvidenceFound(path=command.path, visit=command.visit, evidence=command.evidence))
    _ask_about_doubt(draft, command.path, command.visit)


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
    match timer.purpose:
        case TimerPurpose.WAIT:
            if visit.state is StepState.WAITING:
                draft.end_step(timer.path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED)
        case TimerPurpose.RETRY:
            if visit.state is StepState.WAITING:
                draft.emit(e.RetryBegan(path=timer.path, visit=visit.number, rendered_anew=False))
        case TimerPurpose.WITHIN:
            message = f"{timer.path} takes longer than the runbook allows."
            draft.emit(e.Told(to=(draft.run.started_by,), message=message, path=timer.path))
        case TimerPurpose.TASK:
            _task_timed_out(draft, timer, timer.path, visit)


def _task_timed_out(draft: Draft, timer: Timer, path: str, visit: Visit) -> None:
    task = draft.run.tasks.get(timer.task or 0)
    if task is None:
        return
    draft.close_task(path, "timed out")
    summary = "nobody answered in time"
    draft.emit(e.Told(to=(*task.people, draft.run.started_by), message=f"{path}: {summary}.", path=path))
    draft.end_step(path, visit, StepState.TIMED_OUT, Outcome.TIMED_OUT, summary)
