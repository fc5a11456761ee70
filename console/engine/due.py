"""What the outside owes a run now. Pure, and asked after every turn: the host does what is not under way already."""

from __future__ import annotations

from dataclasses import dataclass

from console.engine.run import Run, visit_key
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
    """Look for processes of earlier attempts of this step, of all its visits; `end` them first if a person said so."""

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
    for key in run.running:
        path, number = visit_key(key)
        visit = run.visit_of(path, number)
        if visit is not None and (attempt := visit.running) is not None:
            actions.append(Attend(path, number, attempt.number, attempt.purpose, attempt.digest, attempt.cancel_asked))
    path, visit = run.at_hand or ("", None)
    if visit is not None and visit.look:
        actions.append(Look(path, visit.number))
    if _held(run):
        return actions
    if (prepare := to_prepare(run)) is not None:
        actions.append(prepare)
    if (seek := to_seek(run)) is not None:
        actions.append(seek)
    return actions


def _held(run: Run) -> bool:
    """Whether nothing new is begun now."""
    return run.ended is not None or run.paused or run.cancelling or run.queued_behind is not None


def to_prepare(run: Run) -> Prepare | None:
    """The step that is to be rendered now."""
    if run.rolling is not None or _held(run):
        return None
    path, visit = run.at_hand or ("", None)
    return Prepare(path, visit.number) if visit is not None and visit.state is StepState.READY else None


def to_seek(run: Run) -> SeekSurvivors | None:
    """The step whose next start waits until survivors of its earlier attempts were sought."""
    path, visit = run.at_hand or ("", None)
    if visit is None or not run.steps[path].suspect:
        return None
    if visit.task is not None or visit.running is not None or visit.look:
        return None
    starts = visit.state is not StepState.IN_DOUBT if run.rolling is not None else visit.state in _ABOUT_TO_START
    return SeekSurvivors(path, visit.number, visit.end_survivors) if starts else None


_ABOUT_TO_START = (StepState.PREPARED, StepState.PREVIEWED)
