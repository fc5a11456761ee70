"""What a runbook says follows an outcome, as a sentence."""

from __future__ import annotations

from console.engine.runbook import Follow, FollowWord, Step
from console.engine.words import Answer, Outcome, TaskKind

_OF_ANSWER = {Answer.APPROVE: Outcome.SUCCEEDED, Answer.REJECT: Outcome.REJECTED, Answer.NOT_DONE: Outcome.FAILED}


def follow_text(follow: Follow) -> str:
    """What a `then:` entry does."""
    asking = " without asking before each undo" if follow.unattended else ", asking before each undo"
    match follow.word:
        case FollowWord.NEXT:
            return "goes on with the next step"
        case FollowWord.ASK:
            return "asks how to go on"
        case FollowWord.STOP:
            return "ends the run"
        case FollowWord.ROLLBACK_ALL:
            return f"rolls everything back{asking}"
        case FollowWord.ROLLBACK_TO:
            return f"rolls back to {follow.target}{asking}"
        case FollowWord.GO_TO:
            times = f", at most {follow.at_most} times" if follow.at_most is not None else ""
            return f"goes to {follow.target}{times}"


def follow_lines(step: Step) -> tuple[str, ...]:
    """What the step says of its outcomes."""
    return tuple(f"{outcome.value.replace('_', ' ')}: {follow_text(follow)}" for outcome, follow in step.then.items())


def of_answers(step: Step, kind: TaskKind, answers: tuple[Answer, ...]) -> dict[str, str]:
    """What follows each answer whose consequence the runbook decides."""
    if kind not in (TaskKind.APPROVAL, TaskKind.MANUAL):
        return {}
    found = {}
    for answer in answers:
        outcome = _OF_ANSWER.get(answer)
        if outcome is not None and (follow := step.then.get(outcome)) is not None:
            found[answer.value] = follow_text(follow)
    return found
