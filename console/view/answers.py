"""What can be answered where something waits: each answer with a sentence on what follows, dangerous ones last."""

from __future__ import annotations

from dataclasses import dataclass

from console.engine.words import Answer, Effect, StepState, TaskKind
from console.protocol import RunView, StepView, WaitingView
from console.view.actions import BY_ID
from console.view.possible import undoable
from console.view.sanitise import line as clean
from console.view.situation import Tier, key_name
from console.view.steps import find


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that can be given: how it is confirmed, whether it needs a reason, and why it cannot be given yet."""

    answer: Answer
    label: str
    sentence: str
    tier: Tier
    needs_note: bool = False
    why_not: str | None = None

    @property
    def key(self) -> str:
        """Its direct key, or nothing."""
        action = BY_ID.get(f"answer.{self.answer.value}")
        return key_name(action.keys[0]) if action and action.keys else ""


_LABELS = {
    Answer.DONE: "Done",
    Answer.NOT_DONE: "Not done",
    Answer.PARTLY: "Partly done",
    Answer.LOOK_AGAIN: "Look again",
    Answer.APPROVE: "Approve",
    Answer.REJECT: "Reject",
    Answer.RETRY: "Retry",
    Answer.SKIP: "Skip",
    Answer.STOP: "Stop here",
    Answer.ROLLBACK: "Roll back all",
    Answer.UNDO: "Undo it",
    Answer.LEAVE: "Leave it",
    Answer.GO_ON: "Go on",
    Answer.END_THEM: "End them",
    Answer.START_ANYWAY: "Start anyway",
}
# What one mostly wants first, what cannot be taken back last.
_ORDER = (
    Answer.LOOK_AGAIN,
    Answer.APPROVE,
    Answer.REJECT,
    Answer.RETRY,
    Answer.GO_ON,
    Answer.UNDO,
    Answer.DONE,
    Answer.NOT_DONE,
    Answer.PARTLY,
    Answer.SKIP,
    Answer.LEAVE,
    Answer.STOP,
    Answer.END_THEM,
    Answer.START_ANYWAY,
    Answer.ROLLBACK,
)
_NEEDS_NOTE = {
    (TaskKind.MANUAL, Answer.NOT_DONE),
    (TaskKind.FAILED, Answer.SKIP),
    (TaskKind.ROLLBACK, Answer.LEAVE),
    (TaskKind.ROLLBACK_FAILED, Answer.LEAVE),
}
_DANGEROUS = {Answer.ROLLBACK, Answer.START_ANYWAY, Answer.END_THEM}


def choices(task: WaitingView, run: RunView, *, unticked: int = 0, wrong: int = 0) -> list[Choice]:
    """The answers to a task. `unticked` lines of the checklist and `wrong` fields keep `done` from being given."""
    order = {answer: index for index, answer in enumerate(_ORDER)}
    step = find(run, task.step)
    return [
        Choice(
            answer=answer,
            label=_label(task, answer),
            sentence=what_follows(task, answer, run, step),
            tier=tier_of(task, answer, step),
            needs_note=(task.kind, answer) in _NEEDS_NOTE,
            why_not=_why_not(answer, unticked, wrong),
        )
        for answer in sorted(task.answers, key=lambda answer: (answer in _DANGEROUS, order.get(answer, 99)))
    ]


def _label(task: WaitingView, answer: Answer) -> str:
    if answer is Answer.DONE and task.kind is not TaskKind.MANUAL:
        return "Done by hand"
    return _LABELS.get(answer, answer.value)


def _why_not(answer: Answer, unticked: int, wrong: int) -> str | None:
    if answer is not Answer.DONE:
        return None
    if unticked:
        return f"{unticked} still to tick"
    return f"{wrong} to fill in above" if wrong else None


def tier_of(task: WaitingView, answer: Answer, step: StepView | None) -> Tier:
    """How an answer is confirmed: what destroys, and what a rollback begins, is typed."""
    if answer in _DANGEROUS:
        return Tier.DANGEROUS
    destroys = task.preview is not None and task.preview.destroyed > 0
    if answer is Answer.APPROVE and destroys:
        return Tier.DANGEROUS
    if answer is Answer.RETRY and task.kind is TaskKind.FAILED and step is not None and step.effect is Effect.DESTROYS:
        return Tier.DANGEROUS
    return Tier.REVERSIBLE


def typed_target(task: WaitingView, answer: Answer, run: RunView) -> str:
    """What is to be typed for a dangerous answer: the first thing destroyed, the subject of a rollback, or the step."""
    if answer is Answer.ROLLBACK:
        return run_target(run)
    return clean(task.step, limit=60)


def run_target(run: RunView) -> str:
    """The name that stands for what a run works on: its parameter `name`, else its first text, else its runbook."""
    given = run.params.get("name") or next((value for value in run.params.values() if isinstance(value, str)), None)
    return clean(str(given), limit=60) if given else clean(run.runbook, limit=60)


def what_follows(task: WaitingView, answer: Answer, run: RunView, step: StepView | None) -> str:
    """One sentence on what an answer leads to, with the runbook's own word where it has one."""
    if answer is Answer.APPROVE:
        return _approved(task, run, step)
    if said := task.follows.get(answer.value):
        return f"The run {clean(said, limit=200)}."
    if answer is Answer.ROLLBACK:
        count = len(undoable(run))
        return f"Undoes {count} step{'' if count == 1 else 's'}, newest first; asks before each undo."
    if answer is Answer.REJECT:
        return _rejected(run, step)
    return _FOLLOWS.get((task.kind, answer)) or _FOLLOWS_ALWAYS.get(answer, "")


def _approved(task: WaitingView, run: RunView, step: StepView | None) -> str:
    left = task.quorum - len(task.votes) - 1
    if left > 0:
        return f"Counts as one voice; {left} more must agree, by other names."
    if step is not None and step.kind != "approval":
        return "Exactly what is shown here runs, at once."
    if said := task.follows.get(Answer.APPROVE.value):
        return f"The run {clean(said, limit=200)}."
    following = _next_title(run, task.step)
    return f'The run goes on with "{following}".' if following else "The run goes on."


def _rejected(run: RunView, step: StepView | None) -> str:
    if run.unattended_rollback:
        return "The runbook may now undo everything without asking again."
    if step is not None and step.kind != "approval":
        return "It is not run. The runbook says what follows, or you are asked."
    return "The runbook says what follows, or you are asked."


def _next_title(run: RunView, path: str) -> str:
    later = False
    for step in run.steps:
        if later and step.state is StepState.PENDING:
            return clean(step.title or step.id, limit=50)
        later = later or path in (step.path, step.id)
    return ""


_FOLLOWS = {
    (TaskKind.MANUAL, Answer.DONE): "Recorded under your name; the run goes on with the next step.",
    (TaskKind.MANUAL, Answer.NOT_DONE): "Counts as failed, with your reason; the run asks how to go on.",
    (TaskKind.FAILED, Answer.RETRY): "Runs it again, rendered anew; what it did is not undone.",
    (TaskKind.FAILED, Answer.SKIP): "Goes on with the next step; recorded as skipped by you.",
    (TaskKind.FAILED, Answer.DONE): "You did it by hand: recorded so; goes on with the next step.",
    (TaskKind.FAILED, Answer.STOP): "Ends the run as failed; nothing is undone (x still can later).",
    (TaskKind.IN_DOUBT, Answer.LOOK_AGAIN): "Looks at what is there and asks again; changes nothing.",
    (TaskKind.IN_DOUBT, Answer.DONE): "You saw that it was done: recorded so; the run goes on.",
    (TaskKind.IN_DOUBT, Answer.NOT_DONE): "You saw that nothing was done; the run asks how to go on.",
    (
        TaskKind.IN_DOUBT,
        Answer.PARTLY,
    ): "Some of it was done, to be undone; the run asks how to go on.",
    (TaskKind.SURVIVORS, Answer.LOOK_AGAIN): "Looks for the processes again; changes nothing.",
    (TaskKind.SURVIVORS, Answer.END_THEM): "Ends these processes in the middle of it, then looks again.",
    (TaskKind.SURVIVORS, Answer.START_ANYWAY): "Starts the step beside them: it may run twice at once.",
    (TaskKind.SURVIVORS, Answer.STOP): "Starts nothing; ends the run as failed. The processes stay.",
    (
        TaskKind.ROLLBACK,
        Answer.UNDO,
    ): "Exactly this undo runs, at once; then the next older is asked.",
    (TaskKind.ROLLBACK, Answer.DONE): "You undid it by hand: recorded so; the next older is asked.",
    (TaskKind.ROLLBACK, Answer.LEAVE): "It stays; the run will not end as rolled back.",
    (TaskKind.ROLLBACK_FAILED, Answer.RETRY): "Runs the undo again.",
    (TaskKind.ROLLBACK_FAILED, Answer.DONE): "You undid it by hand: recorded so; the next older is asked.",
    (
        TaskKind.ROLLBACK_FAILED,
        Answer.LEAVE,
    ): "It stays; the run will not end as rolled back.",
    (TaskKind.ROLLED_BACK_TO, Answer.GO_ON): "Goes forward again from here; what was undone runs again.",
    (TaskKind.ROLLED_BACK_TO, Answer.STOP): "Ends the run as failed; what is left stays as it is.",
}
_FOLLOWS_ALWAYS = {
    Answer.LOOK_AGAIN: "Looks again and asks again; changes nothing.",
    Answer.STOP: "Ends the run as failed.",
    Answer.RETRY: "Runs it again.",
}
