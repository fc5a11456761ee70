"""What is said where a step has no output to show."""

from __future__ import annotations

from console.engine.words import StepState
from console.protocol import RunView, StepView
from console.view.canvas import Canvas
from console.view.preview import shown_rows
from console.view.review import review_rows
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.spans import Row, Span, words, wrap


def quiet_rows(step: StepView | None, run: RunView, canvas: Canvas) -> list[Row]:
    """Rows on a step that printed nothing: what it waits for with its evidence, what it would run, what came of it."""
    if step is None:
        return [words("No step is chosen.", "dim")]
    task = next((task for task in run.waiting if task.step in (step.path, step.id)), None)
    if task is not None:
        return review_rows(task, run, canvas)
    width = canvas.width
    rows: list[Row] = []
    if step.summary:
        rows += [words(line) for line in wrap(clean_text(step.summary).strip(), width)]
    if step.note:
        rows += [words(line, "dim") for line in wrap("reason: " + clean_text(step.note).strip(), width)]
    for name, value in step.answers.items():
        rows.append(Row((Span(f"{clean(name, limit=40)} = ", "dim"), Span(clean(str(value), limit=200)))))
    if step.shown and not step.attempts:
        rows += shown_rows(step.shown, width)
    return rows or [words(_nothing(step), "dim")]


def _nothing(step: StepView) -> str:
    if step.state is StepState.PENDING:
        return "Not started yet. enter shows what it is."
    if step.state in (StepState.READY, StepState.PREPARED, StepState.PREVIEWED, StepState.RUNNING):
        return "Nothing printed yet."
    return "This step printed nothing."
