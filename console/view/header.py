"""The two rows that stand on every screen of a run: what it is and how it stands, and what needs a person."""

from __future__ import annotations

from console.engine.words import RUN_ENDS, RunState, StepState, TaskKind
from console.protocol import RunView, StepView, WaitingView
from console.view.canvas import Canvas
from console.view.possible import flat
from console.view.sanitise import line as clean
from console.view.spans import Line, Span, fit_line, shorten
from console.view.times import HOUR, elapsed, moment, until
from console.view.words import run_mark

SEPARATOR = Span(" | ", "dim")


def environment(name: str | None) -> Span:
    """The environment in capitals and reverse; the word stands as the runbook says it."""
    return Span(f" {clean(name, limit=24).upper()} " if name else " NO ENVIRONMENT ", "env" if name else "env-none")


def run_header(run: RunView, canvas: Canvas) -> tuple[Line, tuple[int, int]]:
    """Row 1 of a run, and the cells (first, number) in which its time ticks."""
    mark = run_mark(run.state, asked=bool(run.waiting))
    ticking = elapsed(run.started_at, run.ended_at, canvas.now)
    title = Span(f" #{run.id} {shorten(clean(run.runbook), max(12, canvas.width - 56))}", "strong")
    before: Line = (environment(run.environment), title, SEPARATOR, canvas.mark(mark), Span(" "))
    begin = sum(len(span.text) for span in before)
    rest: list[Span] = [Span(ticking, "strong"), SEPARATOR, Span(step_count(run))]
    rest += [part for note in _standing(run) for part in (SEPARATOR, Span(note, "waiting"))]
    rest += [SEPARATOR, Span(clean(run.started_by, limit=24))]
    return fit_line((*before, *rest), canvas.width), (begin, len(ticking))


def _standing(run: RunView) -> list[str]:
    if run.state in RUN_ENDS:
        return []
    notes = []
    if run.cancelling:
        notes.append("ending")
    if run.paused and run.state is not RunState.PAUSED:
        notes.append("paused")
    if run.late:
        notes.append("late")
    return notes


def step_count(run: RunView) -> str:
    """`step 3/7`: the step the run is at, of how many."""
    count = len(run.steps)
    for index, step in enumerate(run.steps, start=1):
        if run.cursor in (step.path, step.id):
            return f"step {index}/{count}"
    done = sum(1 for step in run.steps if step.state is not StepState.PENDING)
    return f"step {done}/{count}"


_WANTS = {
    TaskKind.MANUAL: "is to be done by hand",
    TaskKind.APPROVAL: "wants approval",
    TaskKind.FAILED: "did not succeed: how to go on?",
    TaskKind.IN_DOUBT: "is in doubt: what became of it?",
    TaskKind.SURVIVORS: "left processes behind: how to go on?",
    TaskKind.ROLLBACK: "is about to be undone: do it?",
    TaskKind.ROLLBACK_FAILED: "could not be undone: how to go on?",
    TaskKind.ROLLED_BACK_TO: "was rolled back to: how to go on?",
}


def wants(task: WaitingView) -> str:
    """What a task wants, as the rest of a sentence about its step."""
    return _WANTS.get(task.kind, "waits for an answer")


_ASKS = {
    TaskKind.MANUAL: "by hand",
    TaskKind.APPROVAL: "approve?",
    TaskKind.FAILED: "failed",
    TaskKind.IN_DOUBT: "in doubt",
    TaskKind.SURVIVORS: "left processes",
    TaskKind.ROLLBACK: "undo it?",
    TaskKind.ROLLBACK_FAILED: "undo failed",
    TaskKind.ROLLED_BACK_TO: "how to go on?",
}


def asks(task: WaitingView) -> str:
    """What a task wants, in two words."""
    return _ASKS.get(task.kind, "waits")


def need_line(run: RunView, canvas: Canvas) -> Line:
    """Row 2: the one thing that needs a person, else what the run waits for, else nothing."""
    if run.waiting:
        return _ask_line(run.waiting[0], len(run.waiting), canvas)
    return fit_line(_standing_line(run, canvas), canvas.width)


def _ask_line(task: WaitingView, count: int, canvas: Canvas) -> Line:
    key = Span("  [a] review", "key")
    votes = f" ({len(task.votes)} of {task.quorum})" if task.kind is TaskKind.APPROVAL else ""
    many = f" 1 of {count}" if count > 1 else ""
    left = moment(task.due)
    due = f", due {until(task.due, canvas.now)}" if left is not None and left - canvas.now < HOUR else ""
    head = Span(f"? NEEDS YOU{many} ", "ask")
    tail = f" {wants(task)}{votes}{due}"
    room = canvas.width - len(head.text) - len(key.text)
    title = shorten(clean(task.title, limit=60), max(12, room - len(tail) - 3))
    return (head, Span(shorten(f' "{title}"{tail}', room), "strong"), key)


def _standing_line(run: RunView, canvas: Canvas) -> Line:
    if run.queued_behind is not None and run.state is RunState.QUEUED:
        return (Span(f"Waits for run {run.queued_behind}, which holds the same key. It starts by itself.", "waiting"),)
    if run.state is RunState.PAUSED:
        return (Span("= PAUSED  Nothing new is started; what runs goes on. ", "paused"), Span("[x] resume", "key"))
    if run.state in RUN_ENDS:
        return (Span(_ENDED[run.state], "dim"),)
    retry = next((step for step in flat(run.steps) if step.retry_at), None)
    if retry is not None:
        return (Span(f"{_title(retry)} is tried again {until(retry.retry_at, canvas.now)}.", "waiting"),)
    return (Span(""),)


_ENDED = {
    RunState.SUCCEEDED: "The run is over: every step is done. esc goes back.",
    RunState.FAILED: "The run ended without success. x shows what can still be done.",
    RunState.CANCELLED: "The run was cancelled. x shows what can still be done.",
    RunState.ROLLED_BACK: "The run was rolled back. Nothing more happens here.",
}


def _title(step: StepView) -> str:
    return clean(step.title or step.id, limit=40)


def console_header(title: str, home: str, canvas: Canvas) -> Line:
    """Row 1 where no run is meant: the program, the screen, and whose home this is."""
    return fit_line(
        (Span(" CONSOLE ", "env"), Span(f" {title}", "strong"), SEPARATOR, Span(clean(home, limit=120), "dim")),
        canvas.width,
    )
