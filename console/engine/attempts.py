"""What follows when the outside reports: a step rendered, an attempt ended or lost, survivors found."""

from __future__ import annotations

from console.engine import commands as c
from console.engine import events as e
from console.engine.branches.registry import visit_at
from console.engine.draft import Draft, prepared_of, running_attempt
from console.engine.due import to_seek
from console.engine.questions import ask_about_doubt, ask_about_survivors
from console.engine.reports import AttemptReport, Evidence
from console.engine.rollback import settle, undo_failed
from console.engine.run import Attempt, Visit
from console.engine.runbook import Retry
from console.engine.words import AttemptState, Ending, Outcome, Purpose, RollbackState, StepState, TimerPurpose

AGAIN = 3  # so often in a row a process may be lost, or not come into being, before a person is asked
_LOOKING = (Purpose.DISCOVER, Purpose.VERIFY)
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
    path, report = command.path, command.report
    attempt = running_attempt(draft.run, path, command.visit)
    if attempt is None or attempt.number != command.attempt:
        return
    made = e.AttemptInDoubt if report.ending is Ending.LOST else e.AttemptEnded
    draft.emit(made(path=path, visit=command.visit, attempt=attempt.number, purpose=attempt.purpose, report=report))
    visit = visit_at(draft.run, path, command.visit)
    if report.ending is Ending.LOST:
        _lost(draft, path, visit, attempt)
    elif not report.begun and report.error is None and not _gives_up(visit, attempt):
        if attempt.purpose in _LOOKING:
            ask_about_doubt(draft, path, visit)
    else:
        _ended(draft, path, visit, attempt.purpose, report)


def _gives_up(visit: Visit, attempt: Attempt) -> bool:
    return visit.in_a_row(attempt.purpose, AttemptState.NEVER_STARTED) >= AGAIN


def _ended(draft: Draft, path: str, visit: Visit, purpose: Purpose, report: AttemptReport) -> None:
    match purpose:
        case Purpose.PREVIEW:
            _preview_ended(draft, path, visit, report)
        case Purpose.APPLY:
            _apply_ended(draft, path, visit, report)
        case Purpose.DISCOVER | Purpose.VERIFY:
            _discovered(draft, path, visit, report)
        case Purpose.ROLLBACK_PREVIEW | Purpose.ROLLBACK:
            _undo_ended(draft, path, visit, purpose, report)


def _lost(draft: Draft, path: str, visit: Visit, attempt: Attempt) -> None:
    """What follows when nobody saw an attempt's end: by itself only what does no harm, and not for ever."""
    again = visit.in_a_row(attempt.purpose, AttemptState.IN_DOUBT) < AGAIN
    match attempt.purpose:
        case Purpose.PREVIEW if again:
            return
        case Purpose.PREVIEW:
            draft.end_step(path, visit, StepState.FAILED, Outcome.FAILED, f"its preview was lost {AGAIN} times")
        case Purpose.ROLLBACK_PREVIEW if again:
            return
        case Purpose.ROLLBACK_PREVIEW:
            undo_failed(draft, path, visit, f"its preview was lost {AGAIN} times")
        case Purpose.APPLY if again and prepared_of(visit).repeatable and not draft.run.cancelling:
            draft.emit(e.RetryBegan(path=path, visit=visit.number, rendered_anew=False))
        case _:
            ask_about_doubt(draft, path, visit)


def _what(report: AttemptReport, else_: str) -> str:
    if not report.begun and report.error is None:
        return f"it never came into being, {AGAIN} times"
    return report.summary or report.error or else_


def _preview_ended(draft: Draft, path: str, visit: Visit, report: AttemptReport) -> None:
    outcome = report.came_to
    if outcome is Outcome.SUCCEEDED and report.preview is not None:
        return
    if outcome is Outcome.SUCCEEDED:
        draft.end_step(path, visit, StepState.FAILED, Outcome.FAILED, "the preview said nothing")
        return
    summary = f"the preview did not succeed: {_what(report, outcome.value)}"
    draft.end_step(path, visit, _ENDED_AS.get(outcome, StepState.FAILED), outcome, summary)


def _apply_ended(draft: Draft, path: str, visit: Visit, report: AttemptReport) -> None:
    outcome = report.came_to
    if outcome in (Outcome.FAILED, Outcome.TIMED_OUT) and _retries(draft, path, visit):
        return
    draft.end_step(path, visit, _ENDED_AS.get(outcome, StepState.FAILED), outcome, _what(report, ""))


def _retries(draft: Draft, path: str, visit: Visit) -> bool:
    """Begin or schedule an automatic retry, where one is allowed: only of what does no harm when done twice."""
    step = draft.run.definition_of(path)
    retry = step.retry
    if retry is None or not prepared_of(visit).repeatable or visit.tries >= retry.attempts or draft.run.cancelling:
        return False
    at = draft.at + _pause(retry, visit.tries)
    if step.within_ms is not None and at >= visit.since + step.within_ms:
        return False
    if at == draft.at:
        draft.emit(e.RetryBegan(path=path, visit=visit.number, rendered_anew=False))
    else:
        timer = f"retry/{path}/{visit.number}/{visit.tries}"
        draft.emit(e.TimerSet(path=path, visit=visit.number, timer=timer, purpose=TimerPurpose.RETRY, at=at))
    return True


def _pause(retry: Retry, tries: int) -> int:
    """The pause before the next try, in ms."""
    wait = min(retry.wait_ms, retry.wait_at_most_ms)
    for _ in range(tries - 1):
        longer = min(wait * retry.backoff_percent // 100, retry.wait_at_most_ms)
        if longer == wait:
            break
        wait = longer
    return wait


def _discovered(draft: Draft, path: str, visit: Visit, report: AttemptReport) -> None:
    evidence = report.evidence or Evidence(facts=(_what(report, "looking again said nothing"),))
    draft.emit(e.EvidenceFound(path=path, visit=visit.number, evidence=evidence))
    ask_about_doubt(draft, path, visit_at(draft.run, path, visit.number))


def _undo_ended(draft: Draft, path: str, visit: Visit, purpose: Purpose, report: AttemptReport) -> None:
    if report.came_to is not Outcome.SUCCEEDED:
        what = "its preview did not succeed" if purpose is Purpose.ROLLBACK_PREVIEW else "it did not succeed"
        undo_failed(draft, path, visit, _what(report, what))
    elif purpose is Purpose.ROLLBACK:
        settle(draft, path, visit, RollbackState.UNDONE)
    elif report.preview is None:
        undo_failed(draft, path, visit, "its preview said nothing")


def survivors_reported(draft: Draft, command: c.SurvivorsReported) -> None:
    """Record what was found of earlier attempts; a start waits until nothing is left or a person says so."""
    wanted = to_seek(draft.run)
    if wanted is None or (wanted.path, wanted.visit) != (command.path, command.visit):
        return
    draft.emit(e.SurvivorsSought(path=command.path, visit=command.visit, found=command.found, ended=command.ended))
    if command.found:
        visit = visit_at(draft.run, command.path, command.visit)
        ask_about_survivors(draft, command.path, visit, command.found)


def evidence_reported(draft: Draft, command: c.EvidenceReported) -> None:
    """Record what looking again found, and ask anew."""
    visit = draft.run.visit_of(command.path, command.visit)
    if visit is None or not visit.look:
        return
    draft.emit(e.EvidenceFound(path=command.path, visit=command.visit, evidence=command.evidence))
    ask_about_doubt(draft, command.path, visit_at(draft.run, command.path, command.visit))
