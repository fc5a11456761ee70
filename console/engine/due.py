"""What the outside owes a run now. Pure, and asked after every turn: the host does what is not under way already."""

from __future__ import annotations

from dataclasses import dataclass

from console.engine.run import Run, Visit
from console.engine.words import Purpose, StepState


@dataclass(frozen=True, slots=True)
class Prepare:
    """Render this step and report it with `StepRendered`."""

    path: str
    visit: int


@dataclass(frozen=True, slots=True)
class Attend:
    """See to it that this attempt runs: start it, adopt it, or report what became of it."""

    path: str
    visit: int
    attempt: int
    purpose: Purpose
    digest: str
    cancel: bool


@dataclass(frozen=True, slots=True)
class SeekSurvivors:
    """Look for processes of earlier attempts of this visit; `end` them first when a person said so."""

    path: str
    visit: int
    end: bool


@dataclass(frozen=True, slots=True)
class Look:
    """Look again at what is left of the attempt in doubt, and report it with `EvidenceReported`."""

    path: str
    visit: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Report this timer with `TimerDue` once its moment (ms UTC) has come."""

    timer: str
    at: int


Action = Prepare | Attend | SeekSurvivors | Look | Wake


def due(run: Run) -> list[Action]:
    """The actions that the state of the run calls for."""
    if run.ended is not None:
        return []
    actions: list[Action] = [Wake(timer.id, timer.at) for timer in run.timers.values()]
    if run.queued_behind is not None:
        return actions
    for key in run.running:
        path, _, number = key.rpartition("#")
        visit = run.visit_of(path, int(number))
        if visit is not None and (attempt := visit.running) is not None:
            actions.append(
                Attend(path, visit.number, attempt.number, attempt.purpose, attempt.digest, attempt.cancel_asked)
            )
    for path, visit in _attended(run):
        actions.extend(_of_visit(run, path, visit))
    return actions


def _attended(run: Run) -> list[tuple[str, Visit]]:
    """The visits that may need something at rest: where the run stands, and what is being undone."""
    found: dict[tuple[str, int], Visit] = {}
    if run.cursor is not None and (now := run.steps[run.cursor].now) is not None:
        found[run.cursor, now.number] = now
    if run.rolling is not None:
        for key in run.rolling.entries:
            path, _, number = key.rpartition("#")
            visit = run.visit_of(path, int(number))
            if visit is not None and (visit.suspect or visit.look):
                found[path, visit.number] = visit
    return [(path, visit) for (path, _), visit in found.items()]


def _of_visit(run: Run, path: str, visit: Visit) -> list[Action]:
    if visit.look:
        return [Look(path, visit.number)]
    if visit.task is not None or visit.running is not None or run.paused or run.cancelling:
        return []
    if visit.state is StepState.READY and run.rolling is None:
        return [Prepare(path, visit.number)]
    resting = visit.state in (StepState.PREPARED, StepState.PREVIEWED) or run.rolling is not None
    if visit.suspect and resting and visit.state is not StepState.IN_DOUBT:
        return [SeekSurvivors(path, visit.number, visit.end_survivors)]
    return []
