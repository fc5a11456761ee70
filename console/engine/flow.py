"""What follows by itself: entering steps, and what comes after an outcome."""

from __future__ import annotations

from console.engine import events as e
from console.engine.draft import Draft
from console.engine.gates import needs_approval
from console.engine.questions import ask_what_now
from console.engine.refused import Refused
from console.engine.rollback import advance_rollback, begin_rollback
from console.engine.run import ENDED_STATES, Visit, jump_key
from console.engine.runbook import Follow, FollowWord, Step
from console.engine.words import Outcome, RunState, StepState
from console.engine.working import begin_work, bound_visit

NEXT = Follow(word=FollowWord.NEXT)
ASK = Follow(word=FollowWord.ASK)
JUMPS = 10  # so often a jump is taken where the runbook does not say how often it may be
JUMPS_IN_A_TURN = 100  # so many without a process or a person between them are a loop that has no end


def advance(draft: Draft) -> None:
    """Take every step that needs nobody, until the run waits for something outside."""
    while _one_move(draft):
        pass


def _one_move(draft: Draft) -> bool:
    run = draft.run
    if run.ended is not None:
        return False
    if run.cancelling:
        return _finish_cancel(draft)
    if run.paused or run.queued_behind is not None:
        return False
    if run.rolling is not None:
        return advance_rollback(draft)
    if run.cursor is None:
        return enter(draft, run.order[0] if run.order else None)
    visit = draft.visit(run.cursor)
    if visit.task is not None:
        return False
    if visit.state in ENDED_STATES:
        return _follow(draft, run.cursor, visit)
    if visit.state in (StepState.PREPARED, StepState.PREVIEWED):
        return begin_work(draft, run.cursor, visit)
    return False


def enter(draft: Draft, path: str | None) -> bool:
    """Come to a step, or to the end of the runbook."""
    if path is None:
        draft.emit(e.RunEnded(state=RunState.SUCCEEDED))
        return True
    run = draft.run
    number = _next_visit(draft, path)
    draft.emit(e.StepEntered(path=path, visit=number))
    if ahead := run.skips.get(path):
        draft.emit(
            e.StepSkipped(path=path, visit=number, why="operator", detail=f"{ahead.by} said so", reason=ahead.reason)
        )
    else:
        bound_visit(draft, path, draft.visit(path))
    return True


def _next_visit(draft: Draft, path: str) -> int:
    visits = draft.run.steps[path].visits
    return visits[-1].number + 1 if visits else 1


def _finish_cancel(draft: Draft) -> bool:
    """End a cancelled run once nothing of it runs and nothing of it is in doubt."""
    run = draft.run
    if run.running or run.in_doubt is not None:
        return False
    for task in list(run.tasks.values()):
        draft.close_task(task.path, "the run was cancelled")
    draft.leave("the run was cancelled")
    draft.emit(e.RunEnded(state=RunState.CANCELLED))
    return True


def _follow(draft: Draft, path: str, visit: Visit) -> bool:
    outcome = visit.outcome or Outcome.FAILED
    step = draft.run.definition_of(path)
    follow = follow_of(step, outcome)
    match follow.word:
        case FollowWord.NEXT if needs_approval(step, visit):
            ask_what_now(draft, path, visit, f"{path} needs an approval that nobody gave: it cannot be passed.")
        case FollowWord.NEXT:
            return enter(draft, draft.run.after(path))
        case FollowWord.ASK:
            ask_what_now(draft, path, visit)
        case FollowWord.STOP:
            fine = outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED)
            draft.emit(e.RunEnded(state=RunState.SUCCEEDED if fine else RunState.FAILED))
        case FollowWord.ROLLBACK_ALL:
            _follow_rollback(draft, path, visit, None, follow)
        case FollowWord.ROLLBACK_TO:
            _follow_rollback(draft, path, visit, follow.target, follow)
        case FollowWord.GO_TO:
            _follow_jump(draft, path, visit, follow)
    return True


def follow_of(step: Step, outcome: Outcome) -> Follow:
    """What the runbook says follows an outcome."""
    return step.then.get(outcome, NEXT if outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED) else ASK)


def _follow_rollback(draft: Draft, path: str, visit: Visit, to: str | None, follow: Follow) -> None:
    try:
        begin_rollback(draft, to, unattended=follow.unattended, reason=None)
    except Refused as refused:
        ask_what_now(draft, path, visit, f"The runbook rolls back here, but {refused.reason}.")


def _follow_jump(draft: Draft, path: str, visit: Visit, follow: Follow) -> None:
    run, to = draft.run, follow.target
    if to is None or to not in run.places:
        ask_what_now(draft, path, visit, f"The runbook goes on at {to} here, but there is no such step.")
        return
    taken = run.jumps.get(jump_key(path, to), 0)
    if taken >= (JUMPS if follow.at_most is None else follow.at_most) or draft.jumps >= JUMPS_IN_A_TURN:
        ask_what_now(draft, path, visit, f"The jump to {to} was taken {taken} times already.")
        return
    passed = run.order[run.places[path] : run.places[to]]
    gates = (one for one in passed if needs_approval(run.definition_of(one), visit if one == path else None))
    if (gate := next(gates, None)) is not None:
        why = f"{gate} needs an approval, and approvals cannot be jumped over"
        ask_what_now(draft, path, visit, f"The runbook goes on at {to} here, but {why}.")
        return
    draft.jumps += 1
    go_to(draft, path, visit, to, by_runbook=True, reason=None)


def go_to(draft: Draft, path: str, visit: Visit, to: str, *, by_runbook: bool, reason: str | None) -> None:
    """Go on at another step; steps that a forward jump passes over, and that never came up, are recorded as skipped."""
    run = draft.run
    draft.emit(e.Jumped(path=path, visit=visit.number, to=to, by_runbook=by_runbook, reason=reason))
    for passed in run.order[run.places[path] + 1 : run.places[to]]:
        if run.steps[passed].visits:
            continue
        draft.emit(e.StepEntered(path=passed, visit=1))
        draft.emit(e.StepSkipped(path=passed, visit=1, why="jumped_over", detail=f"jumped to {to}", reason=reason))
    enter(draft, to)
