"""The fold: what a run is after an event. Total for the events that `decide` makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from console.engine import events as e
from console.engine.run import (
    LATEST_NOTICES,
    AnswerGiven,
    Attempt,
    Notice,
    RollbackEntry,
    Rolling,
    Run,
    SkipAhead,
    StepRun,
    Task,
    Timer,
    Visit,
    Vote,
    entry_key,
)
from console.engine.runbook import UndoForm
from console.engine.words import (
    Answer,
    AttemptState,
    Ending,
    Outcome,
    Purpose,
    RollbackState,
    StepState,
    TaskKind,
    TimerPurpose,
)

_E = TypeVar("_E", bound=e.Event)
_Handler = Callable[[Run, Any, e.Recorded], None]
HANDLERS: dict[type[e.Event], _Handler] = {}
DEADLINE_TIMER = "deadline"


def on(event: type[_E]) -> Callable[[Callable[[Run, _E, e.Recorded], None]], Callable[[Run, _E, e.Recorded], None]]:
    """Register the branch of the fold for one type of event."""

    def register(handler: Callable[[Run, _E, e.Recorded], None]) -> Callable[[Run, _E, e.Recorded], None]:
        HANDLERS[event] = handler
        return handler

    return register


def evolve(run: Run | None, recorded: e.Recorded) -> Run:
    """The run after an event. It changes the run it is given (its dictionaries, not their frozen values)."""
    event = recorded.event
    if isinstance(event, e.RunStarted):
        return _begin(event, recorded)
    if run is None:
        raise ValueError(f"a stream begins with run_started, not {type(event).__name__}")
    run.seq = recorded.seq
    run.last_at = recorded.at
    HANDLERS[type(event)](run, event, recorded)
    if isinstance(event, e.StepEvent):
        step = run.steps[event.path]
        run.steps[event.path] = replace(step, version=recorded.seq)
    return run


def fold(recorded: Iterable[e.Recorded], run: Run | None = None) -> Run:
    """The run after all these events; raises ValueError for none."""
    for one in recorded:
        run = evolve(run, one)
    if run is None:
        raise ValueError("no events: there is no run to restore")
    return run


def _begin(event: e.RunStarted, recorded: e.Recorded) -> Run:
    order = tuple(step.id for step in event.runbook.steps)
    run = Run(
        number=event.run,
        stream=recorded.stream,
        runbook=event.runbook,
        definition=event.definition,
        source=event.source,
        parameters=event.parameters,
        started_by=event.started_by,
        started_at=recorded.at,
        seq=recorded.seq,
        order=order,
        places={path: place for place, path in enumerate(order)},
        steps={path: StepRun(path=path) for path in order},
        files=event.files,
        plugins=event.plugins,
        environment=event.environment,
        lock=event.lock,
        queued_behind=event.queued_behind,
        deadline_at=event.deadline_at,
        last_at=recorded.at,
    )
    if event.deadline_at is not None:
        run.timers[DEADLINE_TIMER] = Timer(id=DEADLINE_TIMER, purpose=TimerPurpose.DEADLINE, at=event.deadline_at)
    return run


def _change(run: Run, path: str, number: int, **changes: Any) -> Visit:
    step = run.steps[path]
    visits = step.visits
    if visits[-1].number == number:
        visit = replace(visits[-1], **changes)
        visits = (*visits[:-1], visit)
    else:
        place = next(i for i, visit in enumerate(visits) if visit.number == number)
        visit = replace(visits[place], **changes)
        visits = (*visits[:place], visit, *visits[place + 1 :])
    run.steps[path] = replace(step, visits=visits)
    return visit


def _visit(run: Run, path: str, number: int) -> Visit:
    visit = run.visit_of(path, number)
    if visit is None:
        raise ValueError(f"{path} has no visit {number}")
    return visit


@on(e.RunAdmitted)
def _admitted(run: Run, event: e.RunAdmitted, recorded: e.Recorded) -> None:
    run.queued_behind = None


@on(e.RunPaused)
def _paused(run: Run, event: e.RunPaused, recorded: e.Recorded) -> None:
    run.paused = True


@on(e.RunResumed)
def _resumed(run: Run, event: e.RunResumed, recorded: e.Recorded) -> None:
    run.paused = False


@on(e.CancelAsked)
def _cancel_asked(run: Run, event: e.CancelAsked, recorded: e.Recorded) -> None:
    run.cancelling = True
    run.cancelling_stops = event.stop


@on(e.DeadlinePassed)
def _deadline_passed(run: Run, event: e.DeadlinePassed, recorded: e.Recorded) -> None:
    run.deadline_passed = True


@on(e.RunEnded)
def _ended(run: Run, event: e.RunEnded, recorded: e.Recorded) -> None:
    run.ended = event.state
    run.ended_at = recorded.at
    run.timers.clear()
    run.tasks.clear()
    run.rolling = None


@on(e.StepEntered)
def _entered(run: Run, event: e.StepEntered, recorded: e.Recorded) -> None:
    step = run.steps[event.path]
    visit = Visit(number=event.visit, state=StepState.READY, entered_at=recorded.at, entered_seq=recorded.seq)
    run.steps[event.path] = replace(step, visits=(*step.visits, visit))
    run.cursor = event.path


@on(e.StepSkipped)
def _skipped(run: Run, event: e.StepSkipped, recorded: e.Recorded) -> None:
    if event.ahead:
        run.skips[event.path] = SkipAhead(by=recorded.who.name, reason=event.reason)
        return
    run.skips.pop(event.path, None)
    _drop_timers(run, event.path)
    _change(
        run,
        event.path,
        event.visit,
        state=StepState.SKIPPED,
        outcome=Outcome.SKIPPED,
        ended_at=recorded.at,
        summary=event.detail or event.why,
        skipped_why=event.why,
        note=event.reason,
    )


@on(e.StepPrepared)
def _prepared(run: Run, event: e.StepPrepared, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, state=StepState.PREPARED, prepared=event.prepared, preview=None)


@on(e.PreparationFailed)
def _preparation_failed(run: Run, event: e.PreparationFailed, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, summary=event.error)


@on(e.RetryBegan)
def _retry_began(run: Run, event: e.RetryBegan, recorded: e.Recorded) -> None:
    _drop_timers(run, event.path)
    anew = event.rendered_anew
    visit = _visit(run, event.path, event.visit)
    _change(
        run,
        event.path,
        event.visit,
        state=StepState.READY if anew else StepState.PREPARED,
        prepared=None if anew else visit.prepared,
        outcome=None,
        ended_at=None,
        preview=None,
        approved=visit.approved and not anew and visit.preview is None,
        tries=0 if anew else visit.tries,
        summary="",
        doubt=None,
    )


_READ: dict[Ending, AttemptState] = {
    Ending.TIMED_OUT: AttemptState.TIMED_OUT,
    Ending.CANCELLED: AttemptState.CANCELLED,
    Ending.NEVER_STARTED: AttemptState.NEVER_STARTED,
    Ending.LOST: AttemptState.IN_DOUBT,
}


@on(e.AttemptStarted)
def _attempt_started(run: Run, event: e.AttemptStarted, recorded: e.Recorded) -> None:
    visit = _visit(run, event.path, event.visit)
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
    _change(
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
    run: Run, event: e.AttemptEnded | e.AttemptInDoubt, recorded: e.Recorded, state: AttemptState, **changes: Any
) -> Visit:
    visit = _visit(run, event.path, event.visit)
    attempts = tuple(
        replace(one, state=state, ended_at=event.report.ended_at or recorded.at, report=event.report)
        if one.number == event.attempt
        else one
        for one in visit.attempts
    )
    run.running.pop(entry_key(event.path, event.visit), None)
    return _change(run, event.path, event.visit, attempts=attempts, **changes)


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
        _change(run, event.path, event.visit, **changes)


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
    _close_attempt(run, event, recorded, AttemptState.IN_DOUBT, **changes)


@on(e.AttemptCancelAsked)
def _attempt_cancel_asked(run: Run, event: e.AttemptCancelAsked, recorded: e.Recorded) -> None:
    visit = _visit(run, event.path, event.visit)
    attempts = tuple(replace(one, cancel_asked=True) if one.number == event.attempt else one for one in visit.attempts)
    _change(run, event.path, event.visit, attempts=attempts)


@on(e.SurvivorsSought)
def _survivors_sought(run: Run, event: e.SurvivorsSought, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, suspect=bool(event.found), end_survivors=False)


@on(e.SurvivorsEndAsked)
def _survivors_end_asked(run: Run, event: e.SurvivorsEndAsked, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, end_survivors=True)


@on(e.LookAsked)
def _look_asked(run: Run, event: e.LookAsked, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, look=True)


@on(e.EvidenceFound)
def _evidence_found(run: Run, event: e.EvidenceFound, recorded: e.Recorded) -> None:
    _change(run, event.path, event.visit, look=False, evidence=event.evidence)


@on(e.TimerSet)
def _timer_set(run: Run, event: e.TimerSet, recorded: e.Recorded) -> None:
    run.timers[event.timer] = Timer(
        id=event.timer, purpose=event.purpose, at=event.at, path=event.path, visit=event.visit
    )
    if event.purpose in (TimerPurpose.WAIT, TimerPurpose.RETRY):
        _change(run, event.path, event.visit, state=StepState.WAITING)


@on(e.TimerFired)
def _timer_fired(run: Run, event: e.TimerFired, recorded: e.Recorded) -> None:
    run.timers.pop(event.timer, None)


def _drop_timers(run: Run, path: str) -> None:
    for timer in [one.id for one in run.timers.values() if one.path == path]:
        del run.timers[timer]


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
    _change(run, event.path, event.visit, **changes)


def _close_task(run: Run, path: str, visit: int, task: int) -> Task | None:
    run.timers.pop(task_timer(task), None)
    _change(run, path, visit, task=None)
    return run.tasks.pop(task, None)


@on(e.TaskAnswered)
def _task_answered(run: Run, event: e.TaskAnswered, recorded: e.Recorded) -> None:
    task = run.tasks[event.task]
    if not event.closes:
        vote = Vote(by=event.by, at=recorded.at, self_approved=event.self_approved)
        run.tasks[event.task] = replace(task, votes=(*task.votes, vote))
        return
    _close_task(run, event.path, event.visit, event.task)
    run.last_answers[event.path] = AnswerGiven(kind=task.kind, answer=event.answer, by=event.by, at=recorded.at)
    visit = _visit(run, event.path, event.visit)
    changes: dict[str, Any] = {"answered_by": event.by, "note": event.note or visit.note}
    if task.kind is TaskKind.MANUAL:
        changes["answers"] = event.values
    elif event.values:
        changes["outputs"] = {**visit.outputs, **event.values}
    if event.answer is Answer.APPROVE and visit.prepared is not None:
        changes["approved"] = True
        changes["state"] = StepState.PREVIEWED if visit.preview is not None else StepState.PREPARED
    if task.kind is TaskKind.SURVIVORS:
        if run.rolling is None:
            changes["state"] = StepState.PREPARED
        changes["suspect"] = event.answer is not Answer.START_ANYWAY
    _change(run, event.path, event.visit, **changes)
    if event.answer is Answer.UNDO:
        key = entry_key(event.path, event.visit)
        run.entries[key] = replace(run.entries[key], confirmed=True)
    elif event.answer is Answer.RETRY and task.kind is TaskKind.ROLLBACK_FAILED:
        key = entry_key(event.path, event.visit)
        run.entries[key] = replace(run.entries[key], failed=False, preview=None, confirmed=False)


@on(e.TaskClosed)
def _task_closed(run: Run, event: e.TaskClosed, recorded: e.Recorded) -> None:
    _close_task(run, event.path, event.visit, event.task)


@on(e.Told)
def _told(run: Run, event: e.Told, recorded: e.Recorded) -> None:
    notice = Notice(at=recorded.at, to=event.to, message=event.message, path=event.path)
    run.told = (*run.told, notice)[-LATEST_NOTICES:]


@on(e.StepEnded)
def _step_ended(run: Run, event: e.StepEnded, recorded: e.Recorded) -> None:
    _drop_timers(run, event.path)
    visit = _visit(run, event.path, event.visit)
    _change(
        run,
        event.path,
        event.visit,
        state=event.state,
        outcome=event.outcome,
        ended_at=recorded.at,
        summary=event.summary or visit.summary,
        doubt=None,
    )


@on(e.Jumped)
def _jumped(run: Run, event: e.Jumped, recorded: e.Recorded) -> None:
    if event.by_runbook:
        run.jumps[event.path] = run.jumps.get(event.path, 0) + 1


@on(e.RollbackBegan)
def _rollback_began(run: Run, event: e.RollbackBegan, recorded: e.Recorded) -> None:
    keys = tuple(entry_key(path, visit) for path, visit in event.paths)
    run.rolling = Rolling(to=event.to, entries=keys, unattended=event.unattended)
    run.ended = None
    run.ended_at = None


@on(e.RollbackStepFailed)
def _rollback_step_failed(run: Run, event: e.RollbackStepFailed, recorded: e.Recorded) -> None:
    key = entry_key(event.path, event.visit)
    run.entries[key] = replace(run.entries[key], failed=True)
    _change(run, event.path, event.visit, state=StepState.ROLLBACK_FAILED, summary=event.summary, doubt=None)


@on(e.RollbackSettled)
def _rollback_settled(run: Run, event: e.RollbackSettled, recorded: e.Recorded) -> None:
    key = entry_key(event.path, event.visit)
    entry = run.entries[key]
    run.entries[key] = replace(entry, state=event.state, failed=False)
    visit = _visit(run, event.path, event.visit)
    left = visit.state if entry.failed else visit.forward or visit.state
    state = left if event.state is RollbackState.LEFT else StepState.ROLLED_BACK
    _change(run, event.path, event.visit, state=state, doubt=None, note=event.note or visit.note)


@on(e.RollbackDropped)
def _rollback_dropped(run: Run, event: e.RollbackDropped, recorded: e.Recorded) -> None:
    run.entries.pop(entry_key(event.path, event.visit), None)


@on(e.RollbackEnded)
def _rollback_ended(run: Run, event: e.RollbackEnded, recorded: e.Recorded) -> None:
    run.rolling = None
    if event.to is not None:
        run.cursor = event.to
