"""The fold: what a run is after an event. Total for the events that `decide` makes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from console.engine import events as e
from console.engine.branches import attempts, runs, steps, tasks, undoing
from console.engine.branches.registry import BRANCHES
from console.engine.run import Run

REGISTERED = (runs, steps, attempts, tasks, undoing)  # importing a module registers its branches


def evolve(run: Run | None, recorded: e.Recorded) -> Run:
    """The run after an event. It changes the run it is given (its dictionaries, not their frozen values)."""
    event = recorded.event
    if isinstance(event, e.RunStarted):
        return runs.begin(event, recorded)
    if run is None:
        raise ValueError(f"a stream begins with run_started, not {type(event).__name__}")
    run.seq = recorded.seq
    run.last_at = recorded.at
    BRANCHES[type(event)](run, event, recorded)
    if isinstance(event, e.StepEvent):
        step = run.steps[event.path]
        if step.version != recorded.seq:
            run.steps[event.path] = replace(step, version=recorded.seq)
    return run


def fold(recorded: Iterable[e.Recorded], run: Run | None = None) -> Run:
    """The run after all these events; raises ValueError for none."""
    for one in recorded:
        run = evolve(run, one)
    if run is None:
        raise ValueError("no events: there is no run to restore")
    return run
