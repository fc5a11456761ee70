"""Runbooks in a list, one runbook with what it would run, and what could not be loaded."""

from __future__ import annotations

from console.engine.words import Effect
from console.protocol import ProblemView, RunbookList, RunbookSummary, RunbookView, StepPlan
from console.view.canvas import Canvas
from console.view.preview import shown_rows
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.spans import Row, Span, ends, fit, fit_line, rule, words, wrap
from console.view.times import when
from console.view.words import run_mark

_RISK = {Effect.READS: "dim", Effect.CHANGES: "change", Effect.DESTROYS: "destroy"}


def catalogue_rows(found: RunbookList, canvas: Canvas, *, search: str = "") -> list[Row]:
    """The rows of the catalogue. A row's key is the runbook's id."""
    shown = [one for one in found.runbooks if matches(one, search)]
    rows = [_row(one, canvas) for one in sorted(shown, key=lambda one: one.id)]
    if not rows:
        rows = _empty(found, search)
    if found.problems and not search:
        rows += [Row(()), Row(rule("Could not be loaded", str(len(found.problems)), canvas.width))]
        rows += [row for problem in found.problems for row in _problem(problem, canvas.width)]
    return rows


def matches(one: RunbookSummary, search: str) -> bool:
    """Whether every word of a search is found in what the catalogue knows of a runbook."""
    told = " ".join((one.id, one.title, one.owner or "", one.environment or "", one.purpose or "", *one.tags))
    return all(word in told.lower() for word in search.lower().split())


def _empty(found: RunbookList, search: str) -> list[Row]:
    if search:
        text = f"No runbook matches {clean(search)!r}. esc shows all {len(found.runbooks)}."
        return [Row(()), words(text, "dim")]
    return [Row(()), words("No runbooks yet. Put YAML files into the folder runbooks/ of your console home.", "strong")]


def _row(one: RunbookSummary, canvas: Canvas) -> Row:
    name = max(18, min(34, canvas.width // 3))
    left = (
        Span(f" {fit(clean(one.id), name)} ", "strong"),
        Span(f"{one.risk.value:<8} ", _RISK[one.risk]),
        Span(clean(one.title)),
    )
    return Row(ends(left, _last(one, canvas), canvas.width), key=one.id)


def _last(one: RunbookSummary, canvas: Canvas) -> tuple[Span, ...]:
    if one.last_state is None:
        return (Span("never run", "dim"),)
    mark = run_mark(one.last_state)
    return (Span(f"{when(one.last_at, canvas.now)} ", "dim"), Span(f"{canvas.glyph(mark)} {mark.word}", mark.style))


def _problem(problem: ProblemView, width: int) -> list[Row]:
    rows = [words(f" {part}", "failed-text") for part in wrap(clean(problem.what, limit=400), width - 2)]
    if problem.where:
        rows.append(Row(fit_line((Span("   where: ", "dim"), Span(clean(problem.where, limit=300))), width)))
    if problem.mend:
        rows += [words(part, "dim") for part in wrap("to mend: " + clean(problem.mend, limit=400), width, indent=3)]
    return rows


def about_rows(runbook: RunbookView, width: int) -> list[Row]:
    """What a runbook is for, when not to use it, whose it is, and its steps in short."""
    rows: list[Row] = []
    for text, role in (
        (runbook.summary.purpose or "", ""),
        (runbook.when_not or "", "waiting"),
        ("May roll back by itself, without asking anybody." if runbook.unattended_rollback else "", "danger"),
    ):
        rows += [words(part, role) for part in wrap(clean_text(text).strip(), width)] if text else []
    people = [clean(name, limit=60) for name in (runbook.summary.owner, runbook.contact) if name]
    if people:
        rows.append(Row(fit_line((Span("owner ", "dim"), Span(", ".join(people))), width)))
    rows.append(Row(()))
    for number, step in enumerate(runbook.steps, start=1):
        left = (Span(f" {number} {clean(step.title or step.id)}"),)
        right = (Span(clean(step.kind, limit=16) + "  ", "dim"), Span(step.effect.value, _RISK[step.effect]))
        rows.append(Row(ends(left, right, width)))
    return rows


def plan_rows(runbook: RunbookView, steps: tuple[StepPlan, ...], canvas: Canvas) -> list[Row]:
    """What a run would do, step by step: the exact commands, what they do to the world, the way back, who is asked."""
    width = canvas.width
    purpose = clean_text(runbook.summary.purpose or "").strip()
    rows = [words(part) for part in wrap(purpose, width)] if purpose else []
    if runbook.when_not:
        rows += [words(part, "waiting") for part in wrap(clean_text(runbook.when_not).strip(), width)]
    if runbook.unattended_rollback:
        text = "! This runbook may roll back by itself, without asking anybody (unattended rollback)."
        rows += [words(part, "danger") for part in wrap(text, width)]
    for warning in runbook.warnings:
        rows += [words(part, "waiting") for part in wrap("! " + clean(warning, limit=400), width)]
    for number, step in enumerate(steps, start=1):
        rows += _plan_step(number, step, width)
    if runbook.verdict:
        rows += [Row(()), *(words(part, "dim") for part in wrap(clean(runbook.verdict, limit=600), width))]
    return rows


def _plan_step(number: int, step: StepPlan, width: int) -> list[Row]:
    left = (Span(f"{number} {clean(step.title or step.id)}", "title"),)
    right = (Span(clean(step.kind, limit=16) + "  ", "dim"), Span(step.effect.value, _RISK[step.effect]))
    rows = [Row(()), Row(ends(left, right, width))]
    if step.when:
        rows.append(Row(fit_line((Span("  only when ", "dim"), Span(clean(step.when))), width)))
    rows += shown_rows(step.shown, width)
    if step.approval is not None:
        people = ", ".join(clean(name, limit=40) for name in step.approval) or "anybody"
        rows.append(Row(fit_line((Span("  asks for approval by ", "ask-text"), Span(people)), width)))
    for follow in step.follows:
        rows.append(Row(fit_line((Span(f"  if {clean(follow, limit=200)}", "ask-text"),), width)))
    if step.undo:
        rows.append(Row(fit_line((Span("  undo: ", "undoing"), Span(clean(step.undo, limit=400))), width)))
    return rows


def typed_parameters(values: dict[str, str | int | bool | None], width: int) -> list[Row]:
    """The parameters as they were typed, above what will run."""
    rows = []
    for name, value in values.items():
        said = str(value).lower() if isinstance(value, bool) else str(value)
        rows.append(Row(fit_line((Span(f"  {clean(name, limit=40)} = ", "dim"), Span(clean(said, limit=400))), width)))
    return rows
