"""What is asked before something is done: what will happen, to what exactly, and what must be typed or said."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.protocol import RunView, StepView, WaitingView
from console.view.actions import BY_ID
from console.view.answers import Choice, run_target, typed_target
from console.view.possible import running_steps, undoable
from console.view.preview import preview_rows, shown_rows
from console.view.sanitise import line as clean
from console.view.situation import Tier
from console.view.spans import Row, Span, words, wrap


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question before something is done. With tier DANGEROUS, `target` must be typed; `note_for` names the reason."""

    title: str
    tier: Tier = Tier.REVERSIBLE
    rows: list[Row] = field(default_factory=list)
    target: str = ""
    note_for: str = ""
    needs_note: bool = False
    yes: str = "yes"

    def accepts(self, typed: str, note: str) -> str | None:
        """Why it cannot be confirmed with what was typed, or None."""
        if self.tier is Tier.DANGEROUS and typed.strip() != self.target:
            return f"type {self.target}"
        if self.needs_note and not note.strip():
            return "a reason is required"
        return None


def confirm_answer(choice: Choice, task: WaitingView, run: RunView, width: int) -> Confirmation:
    """The question before an answer is sent."""
    rows = [words(line) for line in wrap(choice.sentence, width)]
    if task.preview is not None and choice.tier is Tier.DANGEROUS:
        rows += preview_rows(task.preview, width)
    if task.digest:
        rows.append(Row((Span("Digest ", "dim"), Span(f"sha256:{clean(task.digest, limit=80)}"))))
    return Confirmation(
        title=f'{choice.label}: "{clean(task.title, limit=60)}" of run {run.id}{_where(run)}?',
        tier=choice.tier,
        rows=rows,
        target=typed_target(task, choice.answer, run),
        note_for="reason" if choice.needs_note else "note",
        needs_note=choice.needs_note,
        yes=choice.label.lower(),
    )


def _where(run: RunView) -> str:
    return f" in {clean(run.environment, limit=24).upper()}" if run.environment else ""


def confirm_action(action: str, run: RunView, step: StepView | None, width: int) -> Confirmation:
    """The question before something is done that nobody asked about."""
    known = BY_ID[action]
    title = f"{known.label}: run {run.id}{_where(run)}?"
    if step is not None and (action.startswith("step.") or action == "rollback.to"):
        title = f'{known.label}: "{clean(step.title or step.id, limit=60)}" of run {run.id}{_where(run)}?'
    on_run = action in ("run.cancel", "run.cancel_stop", "rollback.all") or step is None
    return Confirmation(
        title=title,
        tier=known.tier,
        rows=_effects(action, run, step, width),
        target=run_target(run) if on_run or step is None else clean(step.id, limit=60),
        note_for="reason",
        needs_note=action == "step.skip",
        yes=known.label.lower(),
    )


def _effects(action: str, run: RunView, step: StepView | None, width: int) -> list[Row]:
    rows = [words(line) for line in wrap(_SAID.get(action, BY_ID[action].help + "."), width)]
    if action in ("run.cancel", "run.cancel_stop", "step.stop"):
        running = running_steps(run) if action != "step.stop" or step is None else (step,)
        rows += [words(f"  running now: {clean(one.title or one.id)}", "waiting") for one in running]
    if action.startswith("rollback"):
        rows += _undos(action, run, step, width)
    return rows


_SAID = {
    "run.resume": "The run goes on where it stands.",
    "run.cancel": "What runs now is let finish; then the run ends as cancelled. Nothing is undone.",
    "run.cancel_stop": "What runs now is stopped in the middle of it: what it did so far stays. Then the run ends.",
    "step.stop": "Its process is asked to stop, then made to. What it did so far stays; the run asks how to go on.",
    "step.skip": "The run passes over this step. It is recorded as skipped, with your reason.",
    "step.jump": "The run goes on at this step; steps in between are recorded as skipped. Nothing is undone.",
    "rollback.all": "These steps are undone, newest first. Each undo is shown, and asked for, before it runs.",
    "rollback.to": "What started after this step is undone, newest first; each undo is asked for before it runs.",
}


def _undos(action: str, run: RunView, step: StepView | None, width: int) -> list[Row]:
    rows: list[Row] = []
    steps = undoable(run)
    if action == "rollback.to" and step is not None:
        steps = tuple(one for one in steps if _began(one) > _began(step))
    for one in steps:
        rows.append(words(f"  {one.position} {clean(one.title or one.id)}", "undoing"))
        rows += shown_rows(one.undo or (), width)
    return rows or [words("  Nothing of it is to be undone.", "dim")]


def _began(step: StepView) -> str:
    return step.started_at or ""


def confirm_start(title: str, environment: str | None, unattended: bool, *, queue: bool = False) -> Confirmation:
    """The question before a run is started; with `queue` it waits behind a run that holds the same key."""
    where = f" in {clean(environment, limit=24).upper()}" if environment else ""
    when = ", once no other run holds its key" if queue else ""
    rows = [words(f"Exactly what is shown above begins{when}.")]
    if unattended:
        rows.append(words("It may roll back by itself, without asking anybody.", "danger"))
    return Confirmation(title=f"Start {clean(title, limit=60)}{where}?", rows=rows, yes="start")


def confirm_quit() -> Confirmation:
    """The question before a form is left that may hold what somebody typed."""
    rows = [words("What was typed into the form is lost. Nothing was started from it.")]
    return Confirmation(title="Leave the console?", rows=rows, yes="leave")
