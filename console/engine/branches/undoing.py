"""What events about a rollback change."""

from __future__ import annotations

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches.registry import change, on, visit_at
from console.engine.run import Rolling, Run, Visit, entry_key
from console.engine.words import Purpose, RollbackState, StepState


@on(e.RollbackBegan)
def _rollback_began(run: Run, event: e.RollbackBegan, recorded: e.Recorded) -> None:
    keys = tuple(entry_key(path, visit) for path, visit in event.paths)
    run.rolling = Rolling(to=event.to, entries=keys, unattended=event.unattended)
    for key in keys:
        entry = run.entries[key]
        run.entries[key] = replace(entry, state=RollbackState.STANDING, preview=None, confirmed=False, failed=False)
    run.ended = None
    run.ended_at = None
    run.cancelling = False
    run.cancelling_stops = False


@on(e.RollbackStepFailed)
def _rollback_step_failed(run: Run, event: e.RollbackStepFailed, recorded: e.Recorded) -> None:
    key = entry_key(event.path, event.visit)
    run.entries[key] = replace(run.entries[key], failed=True)
    change(run, event.path, event.visit, state=StepState.ROLLBACK_FAILED, summary=event.summary, doubt=None)


@on(e.RollbackSettled)
def _rollback_settled(run: Run, event: e.RollbackSettled, recorded: e.Recorded) -> None:
    key = entry_key(event.path, event.visit)
    entry = run.entries[key]
    run.entries[key] = replace(entry, state=event.state, failed=False)
    if run.rolling is not None:
        run.rolling = replace(run.rolling, settled=run.rolling.settled + 1)
    visit = visit_at(run, event.path, event.visit)
    state = _left_as(visit) if event.state is RollbackState.LEFT else StepState.ROLLED_BACK
    change(run, event.path, event.visit, state=state, forward=None, doubt=None, note=event.note or visit.note)


def _left_as(visit: Visit) -> StepState:
    """The state of a step whose undo is left: as it was, unless an undo ran and did not succeed."""
    return StepState.ROLLBACK_FAILED if visit.begun(Purpose.ROLLBACK) else visit.forward or visit.state


@on(e.RollbackDropped)
def _rollback_dropped(run: Run, event: e.RollbackDropped, recorded: e.Recorded) -> None:
    run.entries.pop(entry_key(event.path, event.visit), None)


@on(e.RollbackEnded)
def _rollback_ended(run: Run, event: e.RollbackEnded, recorded: e.Recorded) -> None:
    run.rolling = None
    if event.to is not None:
        run.cursor = event.to
