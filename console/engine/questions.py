"""What a person is asked when the runbook does not say how to go on."""

from __future__ import annotations

from console.engine.draft import Draft
from console.engine.gates import needs_approval
from console.engine.reports import Evidence, Finding, Process
from console.engine.rollback import may_roll_back
from console.engine.run import Visit
from console.engine.words import Answer, Outcome, Purpose, TaskKind

IN_DOUBT_ANSWERS = (Answer.LOOK_AGAIN, Answer.DONE, Answer.NOT_DONE, Answer.PARTLY)
SURVIVOR_ANSWERS = (Answer.LOOK_AGAIN, Answer.END_THEM, Answer.START_ANYWAY, Answer.STOP)


def ask_what_now(draft: Draft, path: str, visit: Visit, question: str = "") -> None:
    """Ask the operator how to go on: after a step that did not succeed, or where the runbook's way is barred."""
    step = draft.run.definition_of(path)
    if visit.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED):
        answers = [Answer.GO_ON]
    elif needs_approval(step, visit):
        answers = [Answer.RETRY]
    else:
        answers = [Answer.RETRY, Answer.SKIP, Answer.DONE]
    if may_roll_back(draft.run):
        answers.append(Answer.ROLLBACK)
    answers.append(Answer.STOP)
    title = step.title or step.id
    text = question or f"{title}: {(visit.outcome or Outcome.FAILED).value.replace('_', ' ')}. How to go on?"
    draft.open_task(path, visit, TaskKind.FAILED, tuple(answers), question=text)


def ask_about_doubt(draft: Draft, path: str, visit: Visit) -> None:
    """Ask what became of an attempt whose end nobody saw."""
    step = draft.run.definition_of(path)
    evidence = visit.evidence or Evidence()
    facts = [f"- {fact}" for fact in evidence.facts]
    if evidence.finding is not Finding.CANNOT_TELL:
        facts.append(f"- Looking again says: {evidence.finding.value.replace('_', ' ')}.")
    what = "the undo of " if visit.doubt is Purpose.ROLLBACK else ""
    question = "\n".join([f"Nobody saw the end of {what}{step.title or step.id}.", *facts, "What became of it?"])
    draft.open_task(path, visit, TaskKind.IN_DOUBT, IN_DOUBT_ANSWERS, question=question)


def ask_about_survivors(draft: Draft, path: str, visit: Visit, found: tuple[Process, ...]) -> None:
    """Ask what to do with processes that an earlier attempt left behind."""
    names = ", ".join(f"{one.pid} {one.command}" for one in found[:5])
    draft.open_task(
        path,
        visit,
        TaskKind.SURVIVORS,
        SURVIVOR_ANSWERS if draft.run.rolling is None else SURVIVOR_ANSWERS[:-1],
        question=f"{len(found)} processes of an earlier attempt are still there: {names}",
    )
