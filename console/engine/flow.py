"""What follows by itself: entering steps, starting what is ready, and what comes after an outcome."""

from __future__ import annotations

from console.engine import events as e
from console.engine.draft import Draft, prepared_of
from console.engine.prepared import ApprovalWork, AskWork, ProcessWork, TellWork, WaitWork
from console.engine.refused import Refused
from console.engine.rollback import advance_rollback, begin_rollback, may_roll_back
from console.engine.run import ENDED_STATES, Visit
from console.engine.runbook import Follow, FollowWord, Step
from console.engine.words import Answer, Outcome, Purpose, RunState, StepState, TaskKind, TimerPurpose

NEXT = Follow(word=FollowWord.NEXT)
ASK = Follow(word=FollowWord.ASK)
ANYONE = ("anyone",)


def advance(draft: Draft) -> None:
    """Take every step that needs nobody, until the run waits for something outside."""
    while _one_move(draft):
        pass


def _one_move(draft: Draft) -> bool:
    run = draft.run
    if run.ended is not None or run.queued_behind is not None:
        return False
    if run.cancelling:
        return _finish_cancel(draft)
    if run.paused:
        return False
    if run.rolling is not None:
        return advance_rollback(draft)
    if run.cursor is None:
        return _enter(draft, run.order[0] if run.order else None)
    visit = draft.visit(run.cursor)
    if visit.task is not None:
        return False
    if visit.state in ENDED_STATES:
        return _follow(draft, run.cursor, visit)
    if visit.state in (StepState.PREPARED, StepState.PREVIEWED):
        return _begin_work(draft, run.cursor, visit)
    return False


def _enter(draft: Draft, path: str | None) -> bool:
    if path is None:
        draft.emit(e.RunEnded(state=RunState.SUCCEEDED))
        return True
    run = draft.run
    visits = run.steps[path].visits
    number = visits[-1].number + 1 if visits else 1
    draft.emit(e.StepEntered(path=path, visit=number))
    if ahead := run.skips.get(path):
        draft.emit(
            e.StepSkipped(path=path, visit=number, why="operator", detail=f"{ahead.by} said so", reason=ahead.reason)
        )
        return True
    step = run.definition_of(path)
    if step.within_ms is not None:
        at = draft.at + step.within_ms
        timer = f"within/{path}/{number}"
        draft.emit(e.TimerSet(path=path, visit=number, timer=timer, purpose=TimerPurpose.WITHIN, at=at))
    return True


def _finish_cancel(draft: Draft) -> bool:
    """End a cancelled run once nothing of it runs and nothing of it is in doubt."""
    run = draft.run
    in_doubt = any(task.kind is TaskKind.IN_DOUBT for task in run.tasks.values())
    if run.running or in_doubt or _looking(draft):
        return False
    for task in list(run.tasks.values()):
        draft.close_task(task.path, "the run was cancelled")
    if run.cursor is not None:
        visit = draft.visit(run.cursor)
        if visit.state not in ENDED_STATES:
            draft.end_step(run.cursor, visit, StepState.CANCELLED, Outcome.CANCELLED, "the run was cancelled")
    draft.emit(e.RunEnded(state=RunState.CANCELLED))
    return True


def _looking(draft: Draft) -> bool:
    visit = draft.visit(draft.run.cursor) if draft.run.cursor else None
    return visit is not None and (visit.look or visit.state is StepState.IN_DOUBT)


def _begin_work(draft: Draft, path: str, visit: Visit) -> bool:
    prepared = prepared_of(visit)
    step = draft.run.definition_of(path)
    match prepared.work:
        case ProcessWork():
            return _begin_process(draft, path, visit, step)
        case AskWork() as work:
            due = None if step.within_ms is None else visit.entered_at + step.within_ms
            answers = (Answer.DONE, Answer.NOT_DONE)
            draft.open_task(
                path,
                visit,
                TaskKind.MANUAL,
                answers,
                people=work.from_ or ANYONE,
                question=work.instructions,
                due_at=due,
                digest=prepared.digest,
            )
        case ApprovalWork() as work if visit.approved:
            names = draft.run.last_answers[path].by
            draft.end_step(path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED, f"approved by {names}")
        case ApprovalWork() as work:
            _ask_approval(draft, path, visit, work, prepared.digest)
        case WaitWork(until=until):
            if until <= draft.at:
                draft.end_step(path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED)
            else:
                timer = f"wait/{path}/{visit.number}"
                draft.emit(e.TimerSet(path=path, visit=visit.number, timer=timer, purpose=TimerPurpose.WAIT, at=until))
        case TellWork(to=to, message=message):
            draft.emit(e.Told(to=to, message=message, path=path))
            draft.end_step(path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED, message)
    return True


def _begin_process(draft: Draft, path: str, visit: Visit, step: Step) -> bool:
    prepared = prepared_of(visit)
    if visit.suspect:
        return False
    previews = isinstance(prepared.work, ProcessWork) and prepared.work.previews
    if previews and visit.preview is None:
        draft.start_attempt(path, visit, Purpose.PREVIEW, prepared.digest)
        return True
    digest = visit.preview.digest if visit.preview is not None else prepared.digest
    if step.approve is not None and not visit.approved:
        option = step.approve
        work = ApprovalWork(
            ask=f"Approve {step.title or step.id}?",
            from_=option.from_,
            quorum=option.quorum,
            within_ms=option.within_ms,
            evidence=option.evidence,
        )
        _ask_approval(draft, path, visit, work, digest)
        return True
    draft.start_attempt(path, visit, Purpose.APPLY, digest)
    return True


def _ask_approval(draft: Draft, path: str, visit: Visit, work: ApprovalWork, digest: str) -> None:
    draft.open_task(
        path,
        visit,
        TaskKind.APPROVAL,
        (Answer.APPROVE, Answer.REJECT),
        people=work.from_ or ANYONE,
        question=work.ask,
        due_at=None if work.within_ms is None else draft.at + work.within_ms,
        quorum=work.quorum,
        digest=digest,
        evidence=work.evidence,
    )


def _follow(draft: Draft, path: str, visit: Visit) -> bool:
    outcome = visit.outcome or Outcome.FAILED
    step = draft.run.definition_of(path)
    default = NEXT if outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED) else ASK
    follow = step.then.get(outcome, default)
    match follow.word:
        case FollowWord.NEXT:
            return _enter(draft, draft.run.after(path))
        case FollowWord.ASK:
            ask_what_now(draft, path, visit)
        case FollowWord.STOP:
            draft.emit(e.RunEnded(state=RunState.SUCCEEDED if outcome is Outcome.SUCCEEDED else RunState.FAILED))
        case FollowWord.ROLLBACK_ALL:
            _follow_rollback(draft, path, visit, None, follow)
        case FollowWord.ROLLBACK_TO:
            _follow_rollback(draft, path, visit, follow.target, follow)
        case FollowWord.GO_TO:
            _follow_jump(draft, path, visit, follow)
    return True


def _follow_rollback(draft: Draft, path: str, visit: Visit, to: str | None, follow: Follow) -> None:
    try:
        begin_rollback(draft, to, unattended=follow.unattended, reason=None)
    except Refused as refused:
        ask_what_now(draft, path, visit, f"The runbook rolls back here, but {refused.reason}.")


def _follow_jump(draft: Draft, path: str, visit: Visit, follow: Follow) -> None:
    taken = draft.run.jumps.get(path, 0)
    if follow.target is None or (follow.at_most is not None and taken >= follow.at_most):
        ask_what_now(draft, path, visit, f"The jump to {follow.target} was taken {taken} times already.")
        return
    go_to(draft, path, visit, follow.target, by_runbook=True, reason=None)


def go_to(draft: Draft, path: str, visit: Visit, to: str, *, by_runbook: bool, reason: str | None) -> None:
    """Go on at another step; steps that a forward jump passes over are recorded as skipped."""
    run = draft.run
    here, there = run.places[path], run.places[to]
    draft.emit(e.Jumped(path=path, visit=visit.number, to=to, by_runbook=by_runbook, reason=reason))
    for passed in run.order[here + 1 : there]:
        visits = run.steps[passed].visits
        number = visits[-1].number + 1 if visits else 1
        draft.emit(e.StepEntered(path=passed, visit=number))
        draft.emit(e.StepSkipped(path=passed, visit=number, why="jumped_over", detail=f"jumped to {to}", reason=reason))
    _enter(draft, to)


def ask_what_now(draft: Draft, path: str, visit: Visit, question: str = "") -> None:
    """Ask the operator how to go on after a step that did not succeed."""
    step = draft.run.definition_of(path)
    may_pass = not needs_approval(step, visit)
    answers = [Answer.RETRY]
    if may_pass:
        answers += [Answer.SKIP, Answer.DONE]
    if may_roll_back(draft.run):
        answers.append(Answer.ROLLBACK)
    answers.append(Answer.STOP)
    title = step.title or step.id
    text = question or f"{title}: {(visit.outcome or Outcome.FAILED).value.replace('_', ' ')}. How to go on?"
    draft.open_task(path, visit, TaskKind.FAILED, tuple(answers), question=text)


def needs_approval(step: Step, visit: Visit | None) -> bool:
    """Whether an approval stands in this step that nobody has given: then it cannot be passed over."""
    return (step.kind == "approval" or step.approve is not None) and not (visit is not None and visit.approved)
