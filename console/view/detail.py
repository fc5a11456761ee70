"""One step in full: what runs, its attempts, what it gave back, what people said, and how it is undone."""

from __future__ import annotations

from console.engine.reports import Value
from console.protocol import AttemptView, RunView, StepView
from console.view.canvas import LONGEST_WORD, Canvas
from console.view.preview import preview_rows, shown_rows
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.spans import Line, Row, Span, fit, fit_line, words, wrap
from console.view.times import clock, elapsed
from console.view.words import attempt_mark, step_mark

_OUTPUT = "output"


def output_key(path: str, visit: int, attempt: int) -> str:
    """The key of a row that opens the output of an attempt."""
    return f"{_OUTPUT}\t{path}\t{visit}\t{attempt}"


def read_output_key(key: str) -> tuple[str, int, int] | None:
    """Step, visit and attempt of such a key, or None for any other."""
    kind, *rest = key.split("\t")
    return (rest[0], int(rest[1]), int(rest[2])) if kind == _OUTPUT and len(rest) == 3 else None


def detail_rows(step: StepView, run: RunView, canvas: Canvas) -> list[Row]:
    """A step in full. The rows of its attempts open their output."""
    rows = _facts(step, run, canvas)
    rows += [Row(()), words("Attempts", "title"), *_attempts(step, canvas)]
    if step.shown:
        rows += [Row(()), words("What ran" if step.attempts else "What will run", "title")]
        rows += shown_rows(step.shown, canvas.width)
    if step.digest:
        rows.append(Row((Span("  sha256:", "dim"), Span(clean(step.digest, limit=80)))))
    if step.preview is not None:
        rows += [Row(()), words("Preview", "title"), *preview_rows(step.preview, canvas.width)]
    if given := outputs_rows(step, canvas.width):
        rows += [Row(()), words("Outputs", "title"), *given]
    if step.evidence is not None:
        rows += [Row(()), words("What is known", "title")]
        rows += [words(line) for fact in step.evidence.facts for line in wrap(clean(fact), canvas.width, indent=2)]
    rows += [Row(()), words("Undo", "title"), *_undo(step, canvas)]
    return rows


def _facts(step: StepView, run: RunView, canvas: Canvas) -> list[Row]:
    mark = step_mark(step.state, asked=any(task.step in (step.path, step.id) for task in run.waiting))
    visit = f", visit {step.visit}" if step.visit > 1 else ""
    effect = f"  effect: {step.effect.value}" if step.effect else ""
    rows = [
        Row((canvas.mark(mark), Span(f"  {clean(step.kind)}{effect}{visit}", "dim"))),
    ]
    if step.started_at:
        took = elapsed(step.started_at, step.ended_at, canvas.now)
        ended = f" to {clock(step.ended_at, seconds=True)}" if step.ended_at else ""
        rows.append(_fact("When", f"{clock(step.started_at, seconds=True)}{ended}, {took}"))
    for label, value in (("Summary", step.summary), ("Answered", step.answered_by or ""), ("Note", step.note or "")):
        for index, part in enumerate(wrap(clean_text(value).strip(), canvas.width - 12) if value else []):
            rows.append(_fact("" if index else label, part))
    return [Row(fit_line(row.line, canvas.width)) for row in rows]


def _fact(label: str, value: str) -> Row:
    return Row((Span(fit(label, 10) + "  ", "dim"), Span(value)))


def _attempts(step: StepView, canvas: Canvas) -> list[Row]:
    if not step.attempts:
        return [words("  nothing was started", "dim")]
    return [row for attempt in step.attempts for row in _attempt(step, attempt, canvas)]


def _attempt(step: StepView, attempt: AttemptView, canvas: Canvas) -> list[Row]:
    mark = attempt_mark(attempt.state)
    exit_ = f"exit {attempt.exit_code}" if attempt.exit_code is not None else ""
    exit_ = f"signal {attempt.signal}" if attempt.signal else exit_
    line: Line = (
        Span(f"  {attempt.visit}.{attempt.number} "),
        canvas.mark(mark, LONGEST_WORD),
        Span(fit(attempt.purpose.value.replace("_", " "), 16)),
        Span(f" {clock(attempt.started_at, seconds=True)} ", "dim"),
        Span(f"{elapsed(attempt.started_at, attempt.ended_at, canvas.now):>7}  ", "dim"),
        Span(fit(exit_, 9), "failed-text" if attempt.exit_code else "dim"),
        Span(" "),
        Span("output" if attempt.ended_at is None else f"{attempt.output_lines:,} lines", "link"),
    )
    rows = [Row(fit_line(line, canvas.width), output_key(step.path, attempt.visit, attempt.number))]
    if attempt.error:
        rows += [words(part, "failed-text") for part in wrap(clean(attempt.error, limit=800), canvas.width, indent=6)]
    for left in attempt.leftovers:
        rows.append(words(f"      left behind: pid {left.pid}  {clean(left.command)}", "doubt-text"))
    return rows


def outputs_rows(step: StepView, width: int) -> list[Row]:
    """The named values of a step, and what people answered."""
    rows = []
    for name, value in (*step.outputs.items(), *step.answers.items()):
        line = (Span(f"  {clean(name, limit=40)} = ", "dim"), Span(clean(_said(value), limit=400)))
        rows.append(Row(fit_line(line, width)))
    return rows


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else str(value)


def _undo(step: StepView, canvas: Canvas) -> list[Row]:
    if step.undo is None:
        return [words("  nothing says how to undo it", "dim")]
    rows = shown_rows(step.undo, canvas.width)
    if step.rollback is not None:
        rows.append(Row((Span("  stands  ", "dim"), Span(step.rollback.value.replace("_", " ")))))
    return rows
