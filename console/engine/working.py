"""Starting what was made ready: a process, a question to a person, a wait, a message."""

from __future__ import annotations

from console.engine import events as e
from console.engine.draft import Draft, prepared_of
from console.engine.prepared import ApprovalWork, AskWork, Prepared, ProcessWork, TellWork, WaitWork
from console.engine.questions import ask_what_now
from console.engine.run import Visit
from console.engine.runbook import Step
from console.engine.words import Answer, Outcome, Purpose, StepState, TaskKind, TimerPurpose

ANYONE = ("anyone",)


def bound_visit(draft: Draft, path: str, visit: Visit) -> None:
    """Set the timer of `within`, which counts from when the visit began or a person had it tried again."""
    step = draft.run.definition_of(path)
    if step.within_ms is not None:
        timer = f"within/{path}/{visit.number}"
        at = draft.at + step.within_ms
        draft.emit(e.TimerSet(path=path, visit=visit.number, timer=timer, purpose=TimerPurpose.WITHIN, at=at))


def begin_work(draft: Draft, path: str, visit: Visit) -> bool:
    """Start a prepared step; False when it waits for something outside first."""
    prepared = prepared_of(visit)
    step = draft.run.definition_of(path)
    if isinstance(prepared.work, ProcessWork):
        return _begin_process(draft, path, visit, step, prepared)
    if step.approve is not None and not visit.approved:
        _ask_option(draft, path, visit, step, prepared.digest)
        return True
    match prepared.work:
        case AskWork() as work:
            _ask_manual(draft, path, visit, work)
        case ApprovalWork() as work:
            _ask_approval(draft, path, visit, work, prepared.digest)
        case WaitWork(until=until) if until > draft.at:
            timer = f"wait/{path}/{visit.number}"
            draft.emit(e.TimerSet(path=path, visit=visit.number, timer=timer, purpose=TimerPurpose.WAIT, at=until))
        case WaitWork():
            draft.end_step(path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED)
        case TellWork(to=to, message=message):
            draft.emit(e.Told(to=to, message=message, path=path))
            draft.end_step(path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED, message)
    return True


def _begin_process(draft: Draft, path: str, visit: Visit, step: Step, prepared: Prepared) -> bool:
    """The next start of a step that is a process: survivors first, then doubts, preview, approval, and the step."""
    known = draft.run.steps[path]
    previews = isinstance(prepared.work, ProcessWork) and prepared.work.previews
    digest = visit.preview.digest if visit.preview is not None else prepared.digest
    if known.suspect:
        return False
    if known.unknown and not prepared.repeatable:
        _ask_about_the_past(draft, path, visit)
    elif previews and visit.preview is None:
        draft.start_attempt(path, visit, Purpose.PREVIEW, prepared.digest)
    elif step.approve is not None and not visit.approved:
        _ask_option(draft, path, visit, step, digest)
    else:
        draft.start_attempt(path, visit, Purpose.APPLY, digest)
    return True


def _ask_about_the_past(draft: Draft, path: str, visit: Visit) -> None:
    """An earlier attempt may have done its work, and nobody has said: it is not done twice without a person's word."""
    summary = "not started: nobody has said what became of its last attempt"
    draft.end_step(path, visit, StepState.CANCELLED, Outcome.CANCELLED, summary)
    question = f"The last attempt of {path} was cut short, and it may do harm when done twice. Start it again?"
    ask_what_now(draft, path, visit, question)


def _ask_manual(draft: Draft, path: str, visit: Visit, work: AskWork) -> None:
    draft.open_task(
        path,
        visit,
        TaskKind.MANUAL,
        (Answer.DONE, Answer.NOT_DONE),
        people=work.from_ or ANYONE,
        question=work.instructions,
        due_at=_due_at(draft, path, visit, None),
        digest=prepared_of(visit).digest,
    )


def _ask_option(draft: Draft, path: str, visit: Visit, step: Step, digest: str) -> None:
    """Ask for the approval that the option `approve` wants."""
    option = step.approve
    if option is None:
        return
    work = ApprovalWork(
        ask=f"Approve {step.title or step.id}?",
        from_=option.from_,
        quorum=option.quorum,
        within_ms=option.within_ms,
        evidence=option.evidence,
    )
    _ask_approval(draft, path, visit, work, digest)


def _ask_approval(draft: Draft, path: str, visit: Visit, work: ApprovalWork, digest: str) -> None:
    draft.open_task(
        path,
        visit,
        TaskKind.APPROVAL,
        (Answer.APPROVE, Answer.REJECT),
        people=work.from_ or ANYONE,
        question=work.ask,
        due_at=_due_at(draft, path, visit, work.within_ms),
        quorum=work.quorum,
        digest=digest,
        evidence=work.evidence,
    )


def _due_at(draft: Draft, path: str, visit: Visit, within_ms: int | None) -> int | None:
    """The earlier of what the question allows from now, and what the step allows in all."""
    whole = draft.run.definition_of(path).within_ms
    bounds = [] if within_ms is None else [draft.at + within_ms]
    bounds += [] if whole is None else [visit.since + whole]
    return min(bounds, default=None)
