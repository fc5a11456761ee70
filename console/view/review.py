"""What waits for a person, with everything to judge it by: the question, the evidence, the voices, the exact digest."""

from __future__ import annotations

from console.engine.words import TaskKind
from console.protocol import RunView, StepView, WaitingView
from console.view.answers import Choice
from console.view.canvas import Canvas
from console.view.detail import output_key, outputs_rows
from console.view.preview import preview_rows, shown_rows
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.spans import Row, Span, fit, fit_line, words, wrap
from console.view.steps import find
from console.view.times import clock, elapsed, until
from console.view.words import step_mark


def review_rows(task: WaitingView, run: RunView, canvas: Canvas) -> list[Row]:
    """The text of a task from its question to its evidence. Rows with the key of an output open it."""
    step = find(run, task.step)
    rows = _question(task, canvas)
    rows += _who(task, canvas)
    if task.digest:
        rows.append(Row((Span("Digest ", "dim"), Span(f"sha256:{clean(task.digest, limit=80)}"))))
    rows += _preview(task, step, canvas)
    if step is not None and step.shown and task.kind not in (TaskKind.MANUAL, TaskKind.APPROVAL):
        rows += [Row(()), words("What ran" if step.attempts else "What will run", "title")]
        rows += shown_rows(step.shown, canvas.width)
    rows += _undo(task, step, canvas)
    rows += _doubt(step, canvas) if task.kind in (TaskKind.IN_DOUBT, TaskKind.SURVIVORS) else []
    for path in dict.fromkeys((*task.evidence, task.step)):
        if (found := find(run, path)) is not None:
            rows += _evidence(found, canvas, own=found is step)
    return rows


def _question(task: WaitingView, canvas: Canvas) -> list[Row]:
    text = clean_text(task.question or task.title).strip().expandtabs(4)
    return [words(line, "strong") for line in wrap(text, canvas.width)]


def _who(task: WaitingView, canvas: Canvas) -> list[Row]:
    people = ", ".join(clean(name, limit=40) for name in task.for_) or "anybody"
    due = f", due {until(task.due, canvas.now)}" if task.due else ""
    since = f"For {people}, since {clock(task.since)} ({elapsed(task.since, None, canvas.now)}){due}"
    rows = [Row(fit_line((Span(since, "dim"),), canvas.width))]
    if task.kind is TaskKind.APPROVAL:
        given = ", ".join(
            f"{clean(vote.by, limit=40)} {clock(vote.at)}{' (own run)' if vote.self_approved else ''}"
            for vote in task.votes
        )
        count = f"{len(task.votes)} of {task.quorum}"
        rows.append(Row((Span("Approvals     ", "dim"), Span(f"{count}{'   ' + given if given else ''}"))))
    return rows


def _preview(task: WaitingView, step: StepView | None, canvas: Canvas) -> list[Row]:
    if task.preview is None:
        return []
    title = f"What would happen ({clean(step.kind, limit=20)})" if step else "What would happen"
    return [Row(()), words(title, "title"), *preview_rows(task.preview, canvas.width)]


def _undo(task: WaitingView, step: StepView | None, canvas: Canvas) -> list[Row]:
    if step is None or step.undo is None or task.kind not in (TaskKind.ROLLBACK, TaskKind.ROLLBACK_FAILED):
        return []
    return [Row(()), words("How it is undone", "title"), *shown_rows(step.undo, canvas.width)]


def _doubt(step: StepView | None, canvas: Canvas) -> list[Row]:
    if step is None or step.evidence is None:
        return [words("Nothing is known yet. Look again asks the tool.", "dim")]
    found = step.evidence
    rows = [Row(()), words("What is known", "title")]
    rows += [words(line) for fact in found.facts for line in wrap(clean(fact, limit=400), canvas.width, indent=2)]
    rows.append(Row((Span("  It looks  ", "dim"), Span(found.finding.value.replace("_", " "), "strong"))))
    for one in found.survivors:
        rows.append(words(f"  still there: pid {one.pid}  {clean(one.command)}", "doubt-text"))
    return rows


def _evidence(step: StepView, canvas: Canvas, *, own: bool) -> list[Row]:
    mark = step_mark(step.state)
    title = clean(step.title or step.id, limit=50)
    name = Span(f"{step.position} {title}", "title")
    head = Row((name, Span("  "), canvas.mark(mark), Span(f"  {clean(step.summary)}", "dim")))
    body: list[Row] = []
    if step.preview is not None and not own:
        body += preview_rows(step.preview, canvas.width)
    body += outputs_rows(step, canvas.width)
    for attempt in step.attempts:
        if attempt.output_lines or attempt.ended_at is None:
            count = "" if attempt.ended_at is None else f"  {attempt.output_lines:,} lines"
            label = f"Output of {attempt.purpose.value.replace('_', ' ')}{count}"
            exit_ = "" if attempt.exit_code is None else f"  exit {attempt.exit_code}"
            key = output_key(step.path, attempt.visit, attempt.number)
            body.append(
                Row((Span("  "), Span(label, "link"), Span(exit_, "dim"), Span("  enter reads it", "dim")), key)
            )
    return [Row(()), Row(fit_line(head.line, canvas.width)), *body] if body or not own else []


def checklist_rows(task: WaitingView, ticked: frozenset[int], canvas: Canvas) -> list[Row]:
    """The checklist of a manual step; a row's key is its number."""
    rows = []
    for number, text in enumerate(task.checklist):
        box = Span(" [x] " if number in ticked else " [ ] ", "ok" if number in ticked else "strong")
        rows.append(Row(fit_line((box, Span(clean(text))), canvas.width), key=str(number)))
    return rows


def choice_rows(found: list[Choice], canvas: Canvas) -> list[Row]:
    """The answers, one row each; a row's key is the answer. One that cannot be given yet says why."""
    rows = []
    for choice in found:
        key = Span(f" {choice.key:<2}", "key")
        name = Span(fit(choice.label, 14), _role(choice))
        told = f"not yet: {choice.why_not}" if choice.why_not else choice.sentence
        line = (key, name, Span(told, "dim" if choice.why_not else ""))
        rows.append(Row(fit_line(line, canvas.width), choice.answer))
    return rows


def _role(choice: Choice) -> str:
    if choice.why_not:
        return "dim"
    return "danger" if choice.tier == 2 else "strong"
