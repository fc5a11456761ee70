"""What happened to a run between two looks at it, as lines that are only ever appended: `time step word text`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from console.engine.words import RUN_ENDS, AttemptState, Purpose, RunState, StepState
from console.protocol import AttemptView, RunView, StepView, WaitingView
from console.view.plain import attempt_facts
from console.view.sanitise import line as clean
from console.view.times import clock, elapsed
from console.view.words import RUN_MARKS, STEP_MARKS, attempt_mark

_QUIET = frozenset({StepState.PENDING, StepState.READY, StepState.PREPARED, StepState.PREVIEWED})
_FINE = frozenset({AttemptState.SUCCEEDED, AttemptState.RUNNING})
_UNDONE = frozenset({StepState.ROLLED_BACK, StepState.ROLLBACK_FAILED})
_LONGEST = 200


def tell(before: RunView | None, now: RunView) -> list[str]:
    """The lines to append for what changed; all that happened so far when there was no look before."""
    known = {step.path: step for step in flat(before.steps)} if before else {}
    width = min(24, max(len(name) for name in (f"run {now.id}", *(step.path for step in flat(now.steps)))))
    happened = [one for step in flat(now.steps) for one in _step(known.get(step.path), step)]
    happened.sort(key=lambda one: one[0])
    asked = {_key(task) for task in before.waiting} if before else set()
    happened += [_asked(task) for task in now.waiting if _key(task) not in asked]
    if before is None:
        text = f"started by {clean(now.started_by)}: {clean(now.title)}"
        happened.insert(0, (now.started_at, f"run {now.id}", "RUN", text))
    if now.state is not (before.state if before else RunState.RUNNING):
        happened.append(_run(now))
    return [_line(at, name, word, text, width) for at, name, word, text in happened]


_Told = tuple[str, str, str, str]


def _line(at: str, name: str, word: str, text: str, width: int) -> str:
    return f"{clock(at, seconds=True) or '-':<9} {clean(name):<{width}} {word:<9} {text}".rstrip()


def flat(steps: tuple[StepView, ...]) -> Iterator[StepView]:
    """All steps, those of a group after it."""
    for step in steps:
        yield step
        yield from flat(step.steps)


def _key(task: WaitingView) -> tuple[object, ...]:
    return (task.step, task.kind, task.since, len(task.votes))


def _step(before: StepView | None, now: StepView) -> Iterator[_Told]:
    known = {(one.visit, one.number): one for one in before.attempts} if before else {}
    tried: Counter[tuple[int, Purpose]] = Counter()
    for attempt in now.attempts:
        tried[attempt.visit, attempt.purpose] += 1
        number = tried[attempt.visit, attempt.purpose]
        yield from _attempt(known.get((attempt.visit, attempt.number)), attempt, now, number)
    if before is not None and (before.state, before.visit, before.summary) == (now.state, now.visit, now.summary):
        return
    # A running step is told by its attempt, one that asks by its question.
    if now.state in _QUIET or now.state in (StepState.RUNNING, StepState.ROLLING_BACK):
        return
    if now.state is StepState.WAITING and not now.retry_at:
        return
    yield _became(now)


def _became(now: StepView) -> _Told:
    at, text = now.ended_at or now.started_at or "", now.summary
    if now.state in _UNDONE and now.attempts:
        # The step's own end and summary are those of going forward.
        at, text = now.attempts[-1].ended_at or at, now.attempts[-1].summary
    until = f"until {clock(now.retry_at, seconds=True)}" if now.retry_at else ""
    return (at, now.path, STEP_MARKS[now.state].word, clean(text, limit=_LONGEST) or until or clean(now.title))


def _attempt(before: AttemptView | None, now: AttemptView, step: StepView, tried: int) -> Iterator[_Told]:
    number = f" for the {tried}. time" if tried > 1 else ""
    purpose = now.purpose.value.replace("_", " ")
    if before is None:
        word = STEP_MARKS[StepState.ROLLING_BACK].word if now.purpose == "rollback" else "RUN"
        yield (now.started_at, step.path, word, f"{purpose}{number}: {clean(step.title)}")
    if now.state not in _FINE and (before is None or before.state is not now.state):
        text = f"{purpose}{number}: {attempt_facts(now)}"
        yield (now.ended_at or now.started_at, step.path, attempt_mark(now.state).word, text)


def _asked(task: WaitingView) -> _Told:
    people = ", ".join(clean(name) for name in task.for_) or "anybody"
    question = clean(" ".join((task.question or task.title).split()), limit=_LONGEST)
    votes = f" ({len(task.votes)} of {task.quorum} approved)" if task.quorum > 1 else ""
    text = f"{question}{votes} [{', '.join(task.answers)}; for {people}]"
    return (task.since, task.step, "ASK", text)


def _times(step: StepView) -> Iterator[str | None]:
    for attempt in step.attempts:
        yield from (attempt.started_at, attempt.ended_at)


def _run(now: RunView) -> _Told:
    text = now.state.value.replace("_", " ")
    if now.state in RUN_ENDS:
        text += f" after {elapsed(now.started_at, now.ended_at, 0)}"
    elif now.queued_behind is not None and now.state == "queued":
        text += f" behind run {now.queued_behind}"
    latest = max(
        (at or "" for step in flat(now.steps) for at in (step.ended_at, *_times(step))),
        default="",
    )
    return (now.ended_at or latest or now.started_at, f"run {now.id}", RUN_MARKS[now.state].word, text)
