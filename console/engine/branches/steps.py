"""What events about a visit to a step change."""

from __future__ import annotations

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches.registry import change, drop_timers, on, visit_at
from console.engine.run import Run, SkipAhead, Timer, Visit, jump_key
from console.engine.words import Outcome, StepState, TimerPurpose


@on(e.StepEntered)
def _entered(run: Run, event: e.StepEntered, recorded: e.Recorded) -> None:
    step = run.steps[event.path]
    at, seq = recorded.at, recorded.seq
    visit = Visit(number=event.visit, state=StepState.READY, entered_at=at, entered_seq=seq, since=at)
    run.steps[event.path] = replace(step, visits=(*step.visits, visit))
    run.cursor = event.path


@on(e.StepSkipped)
def _skipped(run: Run, event: e.StepSkipped, recorded: e.Recorded) -> None:
    if event.ahead:
        run.skips[event.path] = SkipAhead(by=recorded.who.name, reason=event.reason)
        return
    run.skips.pop(event.path, None)
    drop_timers(run, event.path)
    change(
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
    change(run, event.path, event.visit, state=StepState.PREPARED, prepared=event.prepared, preview=None)


@on(e.PreparationFailed)
def _preparation_failed(run: Run, event: e.PreparationFailed, recorded: e.Recorded) -> None:
    change(run, event.path, event.visit, summary=event.error)


@on(e.RetryBegan)
def _retry_began(run: Run, event: e.RetryBegan, recorded: e.Recorded) -> None:
    drop_timers(run, event.path, TimerPurpose.RETRY)
    anew = event.rendered_anew
    visit = visit_at(run, event.path, event.visit)
    change(
        run,
        event.path,
        event.visit,
        state=StepState.READY if anew else StepState.PREPARED,
        prepared=None if anew else visit.prepared,
        outcome=None,
        ended_at=None,
        preview=None,
        approved=visit.approved and not anew and visit.preview is None,
        since=recorded.at if anew else visit.since,
        tries=0 if anew else visit.tries,
        summary="",
        doubt=None,
    )


@on(e.TimerSet)
def _timer_set(run: Run, event: e.TimerSet, recorded: e.Recorded) -> None:
    run.timers[event.timer] = Timer(
        id=event.timer, purpose=event.purpose, at=event.at, path=event.path, visit=event.visit
    )
    if event.purpose in (TimerPurpose.WAIT, TimerPurpose.RETRY):
        change(run, event.path, event.visit, state=StepState.WAITING)


@on(e.StepEnded)
def _step_ended(run: Run, event: e.StepEnded, recorded: e.Recorded) -> None:
    drop_timers(run, event.path)
    visit = visit_at(run, event.path, event.visit)
    change(
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
        key = jump_key(event.path, event.to)
        run.jumps[key] = run.jumps.get(key, 0) + 1
    else:
        run.skips.pop(event.to, None)
