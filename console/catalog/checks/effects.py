"""What a step does to the world: how it is undone, and whether it may be repeated."""

from __future__ import annotations

from console.catalog.draft import Draft, DraftStep
from console.catalog.findings import shorten
from console.catalog.strict_yaml import Path
from console.engine.runbook import FollowWord, UndoForm
from console.engine.words import Effect, Outcome

_SAY = "say how it is undone: `rollback: {KIND: …}`, `nothing`, or `{impossible: WHY, instead: …}`"


def check_effects(draft: Draft) -> None:
    """Rollbacks that are missing, impossible or empty, and repetitions that could do harm."""
    for step in draft.steps:
        if step.step is None:
            continue
        _check_undo(draft, step)
        _check_instead(draft, step)
        _check_retry(draft, step)
        for outcome, follow in step.step.then.items():
            path: Path = (*step.path, "then", outcome.value)
            # What was refused or skipped has not started, so that there is nothing of its own to undo.
            after = step.index + (outcome not in (Outcome.REJECTED, Outcome.SKIPPED))
            if follow.word is FollowWord.ROLLBACK_ALL:
                _check_rollback(draft, 0, after, (*path, "rollback"))
            elif follow.word is FollowWord.ROLLBACK_TO:
                target = draft.find(follow.target or "")
                if target is not None:
                    _check_rollback(draft, target.index + 1, after, (*path, "rollback_to"))


def _check_undo(draft: Draft, step: DraftStep) -> None:
    assert step.step is not None
    if step.effect is Effect.READS or step.step.undo is not None:
        return
    says = "destroys" if step.effect is Effect.DESTROYS else "changes"
    mend = _SAY if step.step.effect else f"{_SAY}; if it only looks, `effect: reads`"
    draft.add("rollback-missing", f"step {shorten(step.id)} {says} something and has no rollback", step.path, mend)


def _check_instead(draft: Draft, step: DraftStep) -> None:
    undo = step.step.undo if step.step else None
    if undo is None or undo.instead is None or " " in undo.instead.strip():
        return
    if draft.find(undo.instead) is None and undo.instead not in draft.other_ids:
        message = f"there is no step {shorten(undo.instead)} to do instead"
        mend = "name a step of this runbook, or say in several words what to do"
        draft.add("unknown-step", message, (*step.path, "rollback", "instead"), mend)


def _check_retry(draft: Draft, step: DraftStep) -> None:
    assert step.step is not None
    if step.step.retry is None or step.kind is None:
        return
    path = (*step.path, "retry")
    if step.kind.for_people:
        draft.add("retry", "people are asked once, not repeatedly", path, "leave retry out; within: bounds the waiting")
    elif step.effect is not Effect.READS and not step.step.idempotent:
        message = f"step {shorten(step.id)} changes something, so that repeating it by itself could do harm"
        mend = "add `idempotent: true` if doing it twice does no harm, or `effect: reads` if it only looks"
        draft.add("retry", message, path, mend)


def _check_rollback(draft: Draft, first: int, after: int, path: Path) -> None:
    if first >= after and first > 0:
        draft.add("rollback-empty", "nothing has started after that step", path, "name an earlier step, or stop")
        return
    covered = [each for each in draft.steps[first:after] if each.step is not None and each.step.undo]
    blocked = [each for each in covered if each.step and each.step.undo and each.step.undo.form is UndoForm.IMPOSSIBLE]
    if blocked:
        last = blocked[-1]
        message = f"the rollback would pass over step {shorten(last.id)}, which cannot be undone"
        mend = "ask, or stop" if last.index == after - 1 else f"roll back to {last.id}, or ask"
        draft.add("rollback-impossible", message, path, mend)
    elif all(each.step and each.step.undo and each.step.undo.form is UndoForm.NOTHING for each in covered):
        message = "none of the steps before has anything to undo"
        draft.add("rollback-empty", message, path, "stop, or ask", warning=True)
