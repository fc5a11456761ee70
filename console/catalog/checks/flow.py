"""Jumps, and steps that no way leads to."""

from __future__ import annotations

from console.catalog.draft import Draft, DraftStep
from console.catalog.findings import nearest, shorten
from console.catalog.strict_yaml import Path
from console.catalog.ways import find_ways
from console.engine.runbook import Follow, FollowWord
from console.engine.words import Outcome

_PASSED = (Outcome.REJECTED, Outcome.TIMED_OUT)


def check_flow(draft: Draft) -> None:
    """Check the target of everything that jumps or rolls back, then whether each step can be reached."""
    for step in draft.steps:
        if step.step is None:
            continue
        for outcome, follow in step.step.then.items():
            _check_follow(draft, step, outcome, follow)
    if draft.complete:
        ways = find_ways(draft.steps)
        for step in draft.steps:
            if step.index not in ways.reached:
                mend = "jump to it with go_to, or remove it"
                draft.add("unreachable", f"no way leads to step {shorten(step.id)}", (*step.path, "id"), mend)


def check_target(draft: Draft, step_id: str, path: Path) -> DraftStep | None:
    """The step that something refers to; None, with a problem unless it lies in what is not of this version."""
    found = draft.find(step_id)
    if found is None and step_id not in draft.other_ids:
        mend = nearest(step_id, draft.ids) or "name the id of a step of this runbook"
        draft.add("unknown-step", f"there is no step {shorten(step_id)}", path, mend)
    return found


def _check_follow(draft: Draft, step: DraftStep, outcome: Outcome, follow: Follow) -> None:
    path: Path = (*step.path, "then", outcome.value)
    _check_outcome(draft, step, outcome, path)
    forward = follow.word is FollowWord.NEXT
    if follow.target is not None:
        key = "go_to" if follow.word is FollowWord.GO_TO else "rollback_to"
        target = check_target(draft, follow.target, (*path, key))
        if target is not None and follow.word is FollowWord.GO_TO:
            _check_jump(draft, step, target, follow, (*path, key))
            forward = target.index > step.index
    if forward and step.asks_approval and outcome in _PASSED:
        message = f"an approval that was {_said(outcome)} would be passed over"
        mend = "ask, stop, roll back, or go_to a step before it"
        draft.add("approval-passed", message, path, mend)


def _said(outcome: Outcome) -> str:
    return "refused" if outcome is Outcome.REJECTED else "not given in time"


def _check_outcome(draft: Draft, step: DraftStep, outcome: Outcome, path: Path) -> None:
    impossible = (outcome is Outcome.REJECTED and not step.asks_approval) or outcome is Outcome.UNVERIFIED
    if impossible:
        message = f"step {shorten(step.id)} is never {outcome.value}"
        mark = draft.document.key_place(path)
        draft.findings.add("never-happens", message, mark, "leave it out", warning=True)


def _check_jump(draft: Draft, step: DraftStep, target: DraftStep, follow: Follow, path: Path) -> None:
    low, high = sorted((step.index, target.index))
    for between in draft.steps[low + 1 : high]:
        if between.asks_approval:
            message = f"the jump would cross the approval of step {shorten(between.id)}"
            draft.add("bad-jump", message, path, "an approval cannot be jumped over")
            break
    if target.index <= step.index and follow.at_most is None:
        draft.add("bad-jump", "a jump back may go on for ever", path, f"write {{go_to: {target.id}, at_most: 3}}")
