"""The registry of the fold: one branch for each type of event, and what the branches share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from console.engine import events as e
from console.engine.run import Run, Visit
from console.engine.words import TimerPurpose

_E = TypeVar("_E", bound=e.Event)
Branch = Callable[[Run, Any, e.Recorded], None]
BRANCHES: dict[type[e.Event], Branch] = {}


def on(event: type[_E]) -> Callable[[Callable[[Run, _E, e.Recorded], None]], Callable[[Run, _E, e.Recorded], None]]:
    """Register the branch of the fold for one type of event."""

    def register(handler: Callable[[Run, _E, e.Recorded], None]) -> Callable[[Run, _E, e.Recorded], None]:
        BRANCHES[event] = handler
        return handler

    return register


def change(run: Run, path: str, number: int, **changes: Any) -> Visit:
    """Change fields of a visit, and give it back as it is now."""
    step = run.steps[path]
    visits = step.visits
    if visits[-1].number == number:
        visit = replace(visits[-1], **changes)
        visits = (*visits[:-1], visit)
    else:
        place = next(i for i, visit in enumerate(visits) if visit.number == number)
        visit = replace(visits[place], **changes)
        visits = (*visits[:place], visit, *visits[place + 1 :])
    run.steps[path] = replace(step, visits=visits, version=run.seq)
    return visit


def change_step(run: Run, path: str, **changes: Any) -> None:
    """Change fields of a step that hold for all its visits."""
    run.steps[path] = replace(run.steps[path], version=run.seq, **changes)


def visit_at(run: Run, path: str, number: int) -> Visit:
    """A visit that the event says is there; raises ValueError when it is not."""
    visit = run.visit_of(path, number)
    if visit is None:
        raise ValueError(f"{path} has no visit {number}")
    return visit


def drop_timers(run: Run, path: str, *purposes: TimerPurpose) -> None:
    """Forget the timers of a step: all, or those for some purposes."""
    for timer in [one for one in run.timers.values() if one.path == path]:
        if not purposes or timer.purpose in purposes:
            del run.timers[timer.id]
