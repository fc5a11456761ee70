"""What events about a run as a whole change."""

from __future__ import annotations

from console.engine import events as e
from console.engine.branches.registry import on
from console.engine.run import LATEST_NOTICES, Notice, Run, StepRun, Timer
from console.engine.words import TimerPurpose

DEADLINE_TIMER = "deadline"


def begin(event: e.RunStarted, recorded: e.Recorded) -> Run:
    """A run at its beginning."""
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
    run.paused = False
    run.queued_behind = None
    run.timers.clear()
    run.tasks.clear()
    run.rolling = None


@on(e.Told)
def _told(run: Run, event: e.Told, recorded: e.Recorded) -> None:
    notice = Notice(at=recorded.at, to=event.to, message=event.message, path=event.path)
    run.told = (*run.told, notice)[-LATEST_NOTICES:]


@on(e.TimerFired)
def _timer_fired(run: Run, event: e.TimerFired, recorded: e.Recorded) -> None:
    run.timers.pop(event.timer, None)
