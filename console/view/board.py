"""The board: runs that need a person, runs that go on, and runs that are over, in one table."""

from __future__ import annotations

from console.engine.words import RUN_ENDS
from console.protocol import RunSummary
from console.view.canvas import Canvas
from console.view.header import asks
from console.view.sanitise import line as clean
from console.view.spans import Line, Row, Span, fit, fit_line, rule, words
from console.view.times import elapsed, when
from console.view.words import run_mark

RECENT = 50
WORD = 7


def board_rows(runs: tuple[RunSummary, ...], canvas: Canvas, *, runbooks: int = 0, search: str = "") -> list[Row]:
    """The rows of the board. A row's key is the number of its run."""
    found = [run for run in runs if matches(run, search)]
    needing = sorted((run for run in found if run.waiting), key=lambda run: not _mine(run, canvas.me))
    going = [run for run in found if not run.waiting and run.state not in RUN_ENDS]
    over = [run for run in found if not run.waiting and run.state in RUN_ENDS][:RECENT]
    if not found:
        return _empty(runs, runbooks, search)
    rows: list[Row] = []
    for title, part in (("Needs you", needing), ("Running", going), ("Recent", over)):
        if part:
            rows.append(Row(rule(title, str(len(part)), canvas.width)))
            rows += [_row(run, canvas) for run in part]
    if not going and not needing and not search:
        rows += [Row(()), words("Nothing runs and nothing waits. n starts a run.", "dim")]
    return rows


def _empty(runs: tuple[RunSummary, ...], runbooks: int, search: str) -> list[Row]:
    if runs:
        return [Row(()), words(f"No run matches {clean(search)!r}. esc shows all {len(runs)}.", "dim")]
    count = f"{runbooks} runbooks" if runbooks != 1 else "1 runbook"
    hint = f"Press n to start one from {count}." if runbooks else "Press n for the runbooks, and for where they belong."
    return [Row(()), words(f"No runs yet. {hint}", "strong")]


def matches(run: RunSummary, search: str) -> bool:
    """Whether every word of a search is found in what the board says of a run."""
    told = " ".join((str(run.id), run.runbook, run.title, run.environment or "", run.started_by, run.state.value))
    told += " " + " ".join(str(value) for value in run.params.values())
    return all(word in told.lower() for word in search.lower().split())


def _mine(run: RunSummary, me: str) -> bool:
    return any(me in task.for_ for task in run.waiting)


def _row(run: RunSummary, canvas: Canvas) -> Row:
    mark = run_mark(run.state, asked=bool(run.waiting))
    over = run.state in RUN_ENDS
    time = when(run.ended_at, canvas.now) if over else elapsed(run.started_at, None, canvas.now)
    name = subject(run)
    wide = max(18, min(48, canvas.width * 36 // 100))
    parts: Line = (
        Span(" "),
        canvas.mark(mark, WORD),
        Span(f" {('#' + str(run.id)):>5} ", "strong"),
        Span(fit(clean(run.runbook) + (f" {name}" if name else ""), wide) + " "),
        Span(f"{time:>7} "),
        Span(_told(run), "ask-text" if run.waiting else "dim"),
    )
    return Row(fit_line(parts, canvas.width), key=str(run.id))


def subject(run: RunSummary) -> str:
    """What a run is about: the value of its parameter `name`, else of its first text."""
    values = run.params
    given = values.get("name") or next((value for value in values.values() if isinstance(value, str)), "")
    return clean(str(given), limit=40)


def _told(run: RunSummary) -> str:
    if run.waiting:
        return f"{clean(run.waiting[0].title, limit=60)}: {asks(run.waiting[0])}"
    if run.state in RUN_ENDS:
        return f"by {clean(run.started_by, limit=24)}"
    at = f"step {run.step_position}/{run.step_count}"
    late = ", late" if run.late else ""
    return f"{at} {clean(run.step or '', limit=40)}{late}"
