"""The steps of a run, one row each: how it stands, what it is, how long it took, who did what, and what it counts."""

from __future__ import annotations

from console.engine.words import StepState
from console.protocol import RunView, StepView
from console.view.canvas import LONGEST_WORD, Canvas
from console.view.sanitise import line as clean
from console.view.spans import Row, Span, fit, fit_line
from console.view.times import elapsed
from console.view.words import step_mark

NARROW = 60


def step_rows(run: RunView, canvas: Canvas) -> list[Row]:
    """A row for each step, parts of groups below their group. A row's key is the step's path."""
    asked = {task.step for task in run.waiting}
    return [_row(step, depth, run, asked, canvas) for step, depth in _walk(run.steps, 0)]


def _walk(steps: tuple[StepView, ...], depth: int) -> list[tuple[StepView, int]]:
    return [one for step in steps for one in ((step, depth), *_walk(step.steps, depth + 1))]


def _row(step: StepView, depth: int, run: RunView, asked: set[str], canvas: Canvas) -> Row:
    mark = step_mark(step.state, asked=step.path in asked or step.id in asked)
    here = ">" if step.path == current(run) else " "
    time = elapsed(step.started_at, step.ended_at, canvas.now) if step.visit else ""
    narrow = canvas.width < NARROW
    label = "  " * depth + f"{step.position} {clean(step.title or step.id)}"
    role = "dim" if step.state in (StepState.PENDING, StepState.SKIPPED) else ""
    room = canvas.width - (2 + LONGEST_WORD + 2)
    title = max(8, room - 8) if narrow else max(16, min(48, room * 54 // 100))
    parts = [
        Span(here, "strong"),
        canvas.mark(mark, LONGEST_WORD),
        Span(fit(" " + label, title), role),
        Span(f"{time:>7}", "dim"),
    ]
    if not narrow:
        parts += [Span(" " + fit(clean(step.kind), 10), "dim"), Span(remark(step), _remark_role(step))]
    return Row(fit_line(tuple(parts), canvas.width), key=step.path)


def _remark_role(step: StepView) -> str:
    bad = (StepState.FAILED, StepState.TIMED_OUT, StepState.UNVERIFIED, StepState.ROLLBACK_FAILED)
    return "failed-text" if step.state in bad else "dim"


def remark(step: StepView) -> str:
    """What is worth saying about a step in few words: its reason, who answered, its counts, its attempts."""
    parts = []
    if step.state is StepState.SKIPPED and step.note:
        parts.append(f"reason: {clean(step.note, limit=80)}")
    elif step.answered_by and step.answered_by not in step.summary:
        parts.append(clean(step.answered_by, limit=24))
    if step.preview is not None:
        parts.append(f"+{step.preview.added} ~{step.preview.changed} -{step.preview.destroyed}")
    tried = sum(1 for attempt in step.attempts if attempt.purpose == "apply" and attempt.visit == step.visit)
    if tried > 1:
        parts.append(f"{tried} attempts")
    if not (step.preview or step.note) and step.summary:
        parts.append(clean(step.summary, limit=80))
    return " ".join(parts)


def current(run: RunView) -> str | None:
    """The path of the step that something happens to now: what is being undone, else where the run stands.

    None once the run has ended.
    """
    if run.ended_at is not None:
        return None
    undoing = (step for step, _ in _walk(run.steps, 0) if step.state is StepState.ROLLING_BACK)
    asked = next((task.step for task in run.waiting if task.kind.value.startswith("rollback")), None)
    step = next(undoing, None)
    return step.path if step is not None else asked or run.cursor


def find(run: RunView, path: str | None) -> StepView | None:
    """The step of a path (or id) in a run."""
    for step, _ in _walk(run.steps, 0):
        if path in (step.path, step.id):
            return step
    return None


def merge(old: RunView | None, new: RunView) -> RunView:
    """What is known of a run after an answer that may hold only the steps that changed."""
    if old is None or old.id != new.id or not new.partial:
        return new
    changed = {step.path: step for step in new.steps}
    known = {step.path for step in old.steps}
    steps = tuple(changed.get(step.path, step) for step in old.steps)
    added = tuple(step for step in new.steps if step.path not in known)
    from msgspec.structs import replace

    return replace(new, steps=steps + added, partial=False)
