"""Runs as plain lines: words instead of colours, one fact after the other, for a pipe, a log or a screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from console.engine.reports import Value
from console.engine.runbook import Field
from console.engine.words import RunState, StepState
from console.protocol import AttemptView, RunSummary, RunView, StepView, WaitingView
from console.view.cells import cell_width, pad
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.times import clock, elapsed
from console.view.words import attempt_mark, run_mark, step_mark

_LONGEST_SUMMARY = 160


def table(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Rows as lines with aligned columns; the last column is not filled."""
    if not rows:
        return []
    widths = [max(cell_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [gap.join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def date(text: str | None) -> str:
    """A moment of the protocol as `2026-05-01 03:12Z`."""
    return f"{text[:10]} {text[11:16]}Z" if text and len(text) >= 16 else ""


def values(given: Mapping[str, Value]) -> str:
    """Values as `name=value, …`."""
    return ", ".join(f"{clean(name)}={value_text(value)}" for name, value in given.items())


def value_text(value: Value) -> str:
    """A value as it is written in a runbook."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else clean(str(value))


def field_type(field: Field) -> str:
    """What may be given, in a few words."""
    if field.choices:
        return "|".join(clean(choice) for choice in field.choices)
    bounds = [f"{word} {bound}" for word, bound in (("from", field.min), ("to", field.max)) if bound is not None]
    pattern = f" like {clean(field.pattern)}" if field.pattern else ""
    return " ".join([field.type.value, *bounds]) + pattern


def runs_lines(runs: Sequence[RunSummary], _width: int = 0) -> list[str]:
    """A table of runs, with what each waits for below."""
    if not runs:
        return ["No runs. Start one: console run RUNBOOK"]
    head = ("RUN", "STATE", "RUNBOOK", "STEP", "STARTED", "BY")
    return table([head, *(_summary_row(one) for one in runs)])


def _summary_row(one: RunSummary) -> tuple[str, ...]:
    state = run_mark(one.state, asked=bool(one.waiting)).word + (" late" if one.late else "")
    step = f"{one.step_position}/{one.step_count} {clean(one.step)}" if one.step else f"-/{one.step_count}"
    runbook = clean(one.runbook) + (f" ({values(one.params)})" if one.params else "")
    return (f"#{one.id}", state, runbook, step, date(one.started_at), clean(one.started_by))


def waiting_lines(tasks: Iterable[WaitingView]) -> Iterator[str]:
    """What waits for a person, and the words that answer it."""
    for task in tasks:
        people = ", ".join(clean(name) for name in task.for_) or "anybody"
        due = f", due {date(task.due)}" if task.due else ""
        yield f"#{task.run} {clean(task.step)} asks ({task.kind.value}): {clean(task.title)}"
        for part in clean_text(task.question).splitlines():
            yield f"    {part}"
        for item in task.checklist:
            yield f"    [ ] {clean(item)}"
        for name, field in task.asks.items():
            help_text = f": {clean(field.help)}" if field.help else ""
            yield f"    --set {clean(name)}=... ({field_type(field)}){help_text}"
        if task.votes or task.quorum > 1:
            given = ", ".join(clean(vote.by) for vote in task.votes) or "nobody yet"
            yield f"    approved by {given}; {task.quorum} needed"
        yield f"    for {people}, since {date(task.since)}{due}"
        for answer, what in task.follows.items():
            yield f"    {clean(answer)}: the run {clean(what)}"
        yield f"    console answer {task.run} {clean(task.step)} {' | '.join(task.answers)}"


def run_lines(run: RunView, _width: int = 0) -> list[str]:
    """A whole run."""
    trouble = [f"! {clean(run.trouble, limit=600)}"] if run.trouble else []
    lines = [*trouble, f"#{run.id} {clean(run.title)}", *_facts(run), "", "Steps"]
    asked = {task.step for task in run.waiting}
    for step in run.steps:
        lines += _step_lines(step, asked, "  ")
    if run.waiting:
        lines += ["", "Waiting for a person", *(f"  {line}" for line in waiting_lines(run.waiting))]
    return lines


def _facts(run: RunView) -> list[str]:
    newer = " (a newer version exists; this run keeps its own)" if run.newer_definition else ""
    state = run_mark(run.state, asked=bool(run.waiting))
    rows = [
        ("state", f"{state.word} ({run.state.value}){_besides(run)}"),
        ("runbook", f"{clean(run.runbook)}  {clean(run.source)}{newer}"),
        ("environment", clean(run.environment or "")),
        ("parameters", values(run.params)),
        ("started", f"{date(run.started_at)} by {clean(run.started_by)}"),
        ("ended", f"{date(run.ended_at)} after {elapsed(run.started_at, run.ended_at, 0)}" if run.ended_at else ""),
        ("deadline", f"{date(run.deadline_at)}{', passed' if run.late else ''}" if run.deadline_at else ""),
        ("queued", f"behind run {run.queued_behind}" if run.queued_behind and run.state is RunState.QUEUED else ""),
    ]
    return [f"  {name:<12}{text}" for name, text in rows if text]


def _besides(run: RunView) -> str:
    flags = [("paused", run.paused and run.state is not RunState.PAUSED), ("being cancelled", run.cancelling)]
    return "".join(f", {word}" for word, holds in flags if holds)


def _step_lines(step: StepView, asked: set[str], indent: str) -> list[str]:
    mark = step_mark(step.state, asked=step.path in asked)
    time = elapsed(step.started_at, step.ended_at, 0) if step.ended_at else ""
    facts = [clean(step.kind), time, clean(step.summary, limit=_LONGEST_SUMMARY)]
    head = f"{indent}{step.position:>3} {mark.word:<9} {clean(step.path)}  {'  '.join(fact for fact in facts if fact)}"
    below = indent + " " * 14
    lines = [head.rstrip()]
    lines += [f"{below}{_attempt_line(attempt)}" for attempt in step.attempts]
    if step.outputs:
        lines.append(f"{below}outputs: {values(step.outputs)}")
    if step.answers:
        lines.append(f"{below}answers: {values(step.answers)}")
    if step.answered_by:
        lines.append(f"{below}answered by {clean(step.answered_by)}")
    if step.note:
        lines += [f"{below}note: {part}" for part in clean_text(step.note).splitlines()]
    if step.rollback is not None and step.state is not StepState.PENDING:
        lines.append(f"{below}rollback: {step.rollback.value}")
    for part in step.steps:
        lines += _step_lines(part, asked, indent + "  ")
    return lines


def _attempt_line(attempt: AttemptView) -> str:
    ended = bool(attempt.ended_at)
    took = elapsed(attempt.started_at, attempt.ended_at, 0) if ended else f"since {clock(attempt.started_at)}"
    return f"attempt {attempt.visit}.{attempt.number} {attempt.purpose.value}: {attempt_facts(attempt)}, {took}"


def attempt_facts(attempt: AttemptView) -> str:
    """How an attempt stands: its word, exit code, how much it printed, what went wrong."""
    facts = [attempt_mark(attempt.state).word]
    if attempt.exit_code is not None:
        facts.append(f"exit {attempt.exit_code}")
    if attempt.signal is not None:
        facts.append(f"signal {attempt.signal}")
    if attempt.output_lines or attempt.output_bytes:
        facts.append(f"{attempt.output_lines} lines")
    if attempt.output_lost_bytes:
        facts.append(f"{attempt.output_lost_bytes} bytes lost")
    if attempt.error:
        facts.append(clean(attempt.error, limit=_LONGEST_SUMMARY))
    return ", ".join(facts)
