"""What follows an operator's answer. An answer counts once; the second to answer is told who was first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from console.engine import commands as c
from console.engine import events as e
from console.engine.draft import Draft, prepared_of
from console.engine.fields import parse_field
from console.engine.flow import enter
from console.engine.prepared import ApprovalWork, AskWork, ProcessWork
from console.engine.questions import ask_what_now
from console.engine.refused import Refused
from console.engine.reports import Value
from console.engine.rollback import begin_rollback, settle, undo_failed
from console.engine.run import AnswerGiven, Task, Visit, entry_key
from console.engine.runbook import Field
from console.engine.words import Answer, Outcome, Purpose, RollbackState, RunState, StepState, TaskKind
from console.engine.working import bound_visit

_NEEDS_NOTE = {
    (TaskKind.MANUAL, Answer.NOT_DONE): "say why it was not done",
    (TaskKind.FAILED, Answer.SKIP): "say why the step is skipped",
    (TaskKind.ROLLBACK, Answer.LEAVE): "say why it is left as it is",
    (TaskKind.ROLLBACK_FAILED, Answer.LEAVE): "say why it is left as it is",
}


def answer_task(draft: Draft, command: c.AnswerTask) -> None:
    """Take an answer, or refuse it with the reason."""
    task = _open_task(draft, command)
    if command.answer not in task.answers:
        accepted = ", ".join(answer.value for answer in task.answers)
        asked = task.kind.value.replace("_", " ")
        raise Refused(
            f"{command.answer.value} is no answer to what {command.path} asks now ({asked}){_answered(draft, command)}",
            f"answer with {accepted}",
        )
    step = draft.step(command.path)
    if command.version is not None and command.version != step.version:
        raise Refused(
            f"{command.path} changed since you looked at it{_answered(draft, command)}",
            "look at it again, then answer what you see now",
        )
    needed = _NEEDS_NOTE.get((task.kind, command.answer))
    if needed and not command.note:
        raise Refused(f"a reason is required: {needed}", "give it with the answer (--note TEXT)")
    _ANSWER[task.kind](draft, command, task, _visit_of(draft, task))


def _open_task(draft: Draft, command: c.AnswerTask) -> Task:
    step = draft.step(command.path)
    task = draft.run.task_of(command.path)
    if task is not None:
        return task
    if (given := draft.run.last_answers.get(step.path)) is not None:
        raise Refused(_first(given), "nothing more is asked here now")
    if draft.run.ended is not None:
        raise Refused(f"run {draft.run.number} has ended: {draft.run.ended.value}")
    asked = ", ".join(sorted({one.path for one in draft.run.tasks.values()})) or "nothing"
    raise Refused(f"{command.path} asks nothing now", f"waiting for an answer: {asked}")


def _first(given: AnswerGiven) -> str:
    when = datetime.fromtimestamp(given.at / 1000, UTC).strftime("%H:%M:%SZ")
    return f"{given.by} answered first: {given.answer.value}, at {when}"


def _answered(draft: Draft, command: c.AnswerTask) -> str:
    """Who answered since the step was looked at, where somebody did."""
    given = draft.run.last_answers.get(command.path)
    if given is None or (command.version is not None and given.seq <= command.version):
        return ""
    return f"; {_first(given)}"


def _visit_of(draft: Draft, task: Task) -> Visit:
    visit = draft.run.visit_of(task.path, task.visit)
    if visit is None:
        raise Refused("the step is no longer there")
    return visit


def _record(
    draft: Draft,
    command: c.AnswerTask,
    task: Task,
    *,
    closes: bool = True,
    values: dict[str, Value] | None = None,
    self_approved: bool = False,
) -> None:
    draft.emit(
        e.TaskAnswered(
            path=task.path,
            visit=task.visit,
            task=task.id,
            answer=command.answer,
            by=draft.who.name,
            closes=closes,
            values=values or {},
            note=command.note,
            self_approved=self_approved,
        )
    )


def parse_values(fields: dict[str, Field], given: dict[str, Value], what: str) -> dict[str, Value]:
    """The given values in their types; raises Refused naming every missing, unknown or ill-typed one."""
    wrong = [f"{name} is not asked here" for name in given if name not in fields]
    values: dict[str, Value] = {}
    for name, field in fields.items():
        absent = name not in given or (given[name] == "" and field.min_length != 0)
        if absent and field.default is None and field.optional:
            continue
        if absent and field.default is None:
            wrong.append(f"{name} is missing ({field.help or field.type.value})")
            continue
        try:
            values[name] = parse_field(field, field.default if absent else given[name], name)
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise Refused("; ".join(wrong), f"{what}: {', '.join(fields) or 'nothing'}")
    return values


def _manual(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    work = prepared_of(visit).work
    if command.answer is Answer.NOT_DONE:
        _record(draft, command, task)
        summary = f"{draft.who.name} says it was not done"
        draft.end_step(task.path, visit, StepState.FAILED, Outcome.FAILED, summary)
        return
    asks = work.asks if isinstance(work, AskWork) else {}
    values = parse_values(asks, command.values, "it asks for")
    _record(draft, command, task, values=values)
    draft.end_step(task.path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED, f"done by {draft.who.name}")


def _approval(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    name = draft.who.name
    own = name == draft.run.started_by
    if own and not command.verdict.self_approval:
        raise Refused("nobody approves what they started", f"somebody else of {', '.join(task.people)} can")
    if command.answer is Answer.REJECT:
        _record(draft, command, task, self_approved=own)
        draft.end_step(task.path, visit, StepState.FAILED, Outcome.REJECTED, f"rejected by {name}")
        return
    if any(vote.by == name for vote in task.votes):
        raise Refused(f"{name} approved already", f"{task.quorum - len(task.votes)} more must agree, by other names")
    closes = len(task.votes) + 1 >= task.quorum
    _record(draft, command, task, closes=closes, self_approved=own)
    option = draft.run.definition_of(task.path).approve is not None and not visit.approved
    if closes and not option and isinstance(prepared_of(visit).work, ApprovalWork):
        names = ", ".join([*(_voice(vote.by, vote.self_approved) for vote in task.votes), _voice(name, own)])
        draft.end_step(task.path, visit, StepState.SUCCEEDED, Outcome.SUCCEEDED, f"approved by {names}")


def _voice(name: str, own: bool) -> str:
    return f"{name} (self-approved)" if own else name


def _failed(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    match command.answer:
        case Answer.RETRY:
            _record(draft, command, task)
            draft.emit(e.RetryBegan(path=task.path, visit=visit.number, rendered_anew=True))
            bound_visit(draft, task.path, visit)
        case Answer.SKIP:
            _record(draft, command, task)
            draft.emit(
                e.StepSkipped(
                    path=task.path,
                    visit=visit.number,
                    why="operator",
                    detail=f"{draft.who.name} passed over it after it {_past(visit)}",
                    reason=command.note,
                )
            )
        case Answer.DONE:
            _done_by_hand(draft, command, task, visit)
        case Answer.GO_ON:
            _record(draft, command, task)
            enter(draft, draft.run.after(task.path))
        case Answer.ROLLBACK:
            _roll_back(draft, command, task)
        case _:
            _record(draft, command, task)
            draft.emit(e.RunEnded(state=RunState.FAILED))


def _past(visit: Visit) -> str:
    return {Outcome.TIMED_OUT: "timed out", Outcome.CANCELLED: "was stopped"}.get(
        visit.outcome or Outcome.FAILED, "failed"
    )


def _done_by_hand(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    fields = draft.run.definition_of(task.path).outputs
    known = fields if draft.run.cancelling else visit.outputs  # nothing comes after that would need them
    missing = {name: field for name, field in fields.items() if name not in known or name in command.values}
    values = parse_values(missing, command.values, "its outputs are")
    _record(draft, command, task, values=values)
    summary = f"{draft.who.name} says it was done"
    draft.end_step(task.path, visit, StepState.DONE_BY_HAND, Outcome.SUCCEEDED, summary)


def _roll_back(draft: Draft, command: c.AnswerTask, task: Task) -> None:
    _record(draft, command, task)
    begin_rollback(draft, None, unattended=False, reason=command.note)


def _in_doubt(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    if command.answer is Answer.LOOK_AGAIN:
        _record(draft, command, task)
        _look_again(draft, task, visit)
    elif visit.doubt is Purpose.ROLLBACK:
        _undo_in_doubt(draft, command, task, visit)
    elif command.answer is Answer.DONE:
        _done_by_hand(draft, command, task, visit)
    else:
        _record(draft, command, task)
        listed = entry_key(task.path, visit.number) in draft.run.entries
        if command.answer is Answer.NOT_DONE and listed and visit.begun(Purpose.APPLY) == 1:
            draft.emit(e.RollbackDropped(path=task.path, visit=visit.number))
        word = "not done" if command.answer is Answer.NOT_DONE else "partly done"
        draft.end_step(task.path, visit, StepState.FAILED, Outcome.FAILED, f"{draft.who.name} says it was {word}")
        if not draft.run.cancelling:
            ask_what_now(draft, task.path, _visit_of(draft, task))


def _look_again(draft: Draft, task: Task, visit: Visit) -> None:
    """Start what can discover, where the kind has it; else the host looks at what is left."""
    discovers, digest = _discovery(draft, task, visit)
    if discovers:
        draft.start_attempt(task.path, visit, Purpose.DISCOVER, digest)
    else:
        draft.emit(e.LookAsked(path=task.path, visit=visit.number))


def _discovery(draft: Draft, task: Task, visit: Visit) -> tuple[bool, str]:
    """Whether what is in doubt can be discovered, and the digest of what was to run."""
    if visit.doubt is Purpose.ROLLBACK:
        undo = draft.run.entries[entry_key(task.path, visit.number)].undo
        return undo.discovers, undo.digest
    prepared = prepared_of(visit)
    return isinstance(prepared.work, ProcessWork) and prepared.work.discovers, prepared.digest


def _undo_in_doubt(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    _record(draft, command, task)
    if command.answer is Answer.DONE:
        settle(draft, task.path, visit, RollbackState.BY_HAND, command.note)
    else:
        word = "not done" if command.answer is Answer.NOT_DONE else "partly done"
        undo_failed(draft, task.path, visit, f"{draft.who.name} says it was {word}")


def _survivors(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    _record(draft, command, task)
    if command.answer is Answer.END_THEM:
        draft.emit(e.SurvivorsEndAsked(path=task.path, visit=visit.number))
    elif command.answer is Answer.STOP:
        draft.end_step(task.path, visit, StepState.CANCELLED, Outcome.CANCELLED, "not started: processes survived")
        draft.emit(e.RunEnded(state=RunState.FAILED))


def _rollback(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    _record(draft, command, task)
    if command.answer is Answer.DONE:
        settle(draft, task.path, visit, RollbackState.BY_HAND, command.note)
    elif command.answer is Answer.LEAVE:
        settle(draft, task.path, visit, RollbackState.LEFT, command.note)


def _rolled_back_to(draft: Draft, command: c.AnswerTask, task: Task, visit: Visit) -> None:
    if command.answer is Answer.ROLLBACK:
        _roll_back(draft, command, task)
        return
    _record(draft, command, task)
    if command.answer is Answer.STOP:
        draft.emit(e.RunEnded(state=RunState.FAILED))


_ANSWER: dict[TaskKind, Callable[[Draft, c.AnswerTask, Task, Visit], None]] = {
    TaskKind.MANUAL: _manual,
    TaskKind.APPROVAL: _approval,
    TaskKind.FAILED: _failed,
    TaskKind.IN_DOUBT: _in_doubt,
    TaskKind.SURVIVORS: _survivors,
    TaskKind.ROLLBACK: _rollback,
    TaskKind.ROLLBACK_FAILED: _rollback,
    TaskKind.ROLLED_BACK_TO: _rolled_back_to,
}
