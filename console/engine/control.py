"""What operators do to a run that nobody asked about: pause, resume, cancel, jump, skip, roll back."""

from __future__ import annotations

from console.engine import commands as c
from console.engine import events as e
from console.engine.draft import Draft, running_attempt
from console.engine.flow import go_to
from console.engine.gates import needs_approval
from console.engine.refused import Refused
from console.engine.rollback import begin_rollback
from console.engine.run import Visit, visit_key
from console.engine.words import Outcome, RunState, StepState


def start(draft: Draft, command: c.StartRun) -> None:
    """Begin a run, or queue it behind the one that holds its key."""
    held = command.lock is not None and command.lock_holder is not None
    if held and not command.wait_for_lock:
        raise Refused(
            f"run {command.lock_holder} holds {command.lock!r}, and this runbook runs one at a time for it",
            "let that run end, or start this one with --wait to queue behind it",
        )
    deadline = command.runbook.deadline_ms
    draft.emit(
        e.RunStarted(
            run=command.run,
            runbook=command.runbook,
            definition=command.definition,
            source=command.source,
            parameters=command.parameters,
            started_by=command.who.name,
            files=command.files,
            plugins=command.plugins,
            environment=command.environment,
            lock=command.lock,
            queued_behind=command.lock_holder if held else None,
            deadline_at=None if deadline is None else draft.at + deadline,
        )
    )


def admit(draft: Draft, command: c.Admit) -> None:
    """Let a queued run begin."""
    if draft.run.queued_behind is not None and draft.run.ended is None:
        draft.emit(e.RunAdmitted())


def pause(draft: Draft, command: c.Pause) -> None:
    """Start nothing new."""
    if draft.run.paused:
        raise Refused("the run is paused already")
    draft.emit(e.RunPaused(reason=command.reason))


def resume(draft: Draft, command: c.Resume) -> None:
    """Go on after a pause."""
    if not draft.run.paused:
        raise Refused("the run is not paused")
    draft.emit(e.RunResumed(reason=command.reason))


def cancel(draft: Draft, command: c.Cancel) -> None:
    """Cancel the run, or stop what runs of one step."""
    if command.path is not None:
        _stop_step(draft, command.path, command.reason)
        return
    run = draft.run
    if run.in_doubt is not None:
        raise Refused(f"{run.in_doubt} is in doubt", "say first what became of it; then cancel")
    if run.rolling is not None:
        raise Refused("the run is being rolled back", "pause it, or answer what its rollback asks")
    if run.cancelling and (run.cancelling_stops or not command.stop):
        raise Refused("the run is being cancelled already", "add --stop to stop what is still running")
    draft.emit(e.CancelAsked(stop=command.stop, reason=command.reason))
    if command.stop:
        for key in list(run.running):
            _ask_to_stop(draft, *visit_key(key), command.reason)


def _stop_step(draft: Draft, path: str, reason: str | None) -> None:
    """Stop what runs of a step, in whichever visit, or end its wait for a moment or for its next try."""
    draft.step(path)
    visits = [number for one, number in map(visit_key, draft.run.running) if one == path]
    if visits:
        asked = [_ask_to_stop(draft, path, number, reason) for number in visits]
        if not any(asked):
            raise Refused(f"{path} is being stopped already")
        return
    visit = draft.visit(path)
    if path != draft.run.cursor or visit.state is not StepState.WAITING or visit.task is not None:
        raise Refused(f"nothing of {path} is running")
    draft.end_step(path, visit, StepState.CANCELLED, Outcome.CANCELLED, f"stopped by {draft.who.name}")


def _ask_to_stop(draft: Draft, path: str, number: int, reason: str | None) -> bool:
    attempt = running_attempt(draft.run, path, number)
    if attempt is None or attempt.cancel_asked:
        return False
    draft.emit(e.AttemptCancelAsked(path=path, visit=number, attempt=attempt.number, reason=reason))
    return True


def skip(draft: Draft, command: c.Skip) -> None:
    """Pass over a step, now or when the run comes to it."""
    step = draft.step(command.path)
    definition = draft.run.definition_of(command.path)
    if not command.reason:
        raise Refused("a reason is required: say why the step is skipped", "add --reason TEXT")
    ahead = draft.run.cursor is None or draft.run.places[command.path] > draft.run.places[draft.run.cursor]
    visit = None if ahead else step.now
    if needs_approval(definition, visit):
        raise Refused(f"{command.path} needs an approval, and approvals cannot be skipped")
    if ahead:
        if command.path in draft.run.skips:
            raise Refused(f"{command.path} is to be skipped already")
        draft.emit(e.StepSkipped(path=command.path, visit=0, why="operator", reason=command.reason, ahead=True))
        return
    if visit is None or command.path != draft.run.cursor:
        raise Refused(f"the run is past {command.path} already")
    _check_quiet(draft, command.path, visit)
    if visit.state in _OVER:
        raise Refused(f"{command.path} is over: {visit.state.value.replace('_', ' ')}")
    draft.close_task(command.path, "skipped")
    detail = f"{draft.who.name} passed over it"
    draft.emit(
        e.StepSkipped(path=command.path, visit=visit.number, why="operator", detail=detail, reason=command.reason)
    )


_OVER = (StepState.SUCCEEDED, StepState.DONE_BY_HAND, StepState.SKIPPED)


def _check_quiet(draft: Draft, path: str, visit: Visit) -> None:
    """Refuse what needs a step at rest: nothing running, nothing in doubt, nothing being undone, not over already."""
    if draft.run.rolling is not None:
        raise Refused("the run is being rolled back")
    if draft.run.running:
        raise Refused("something of this run is still running", f"let it finish, or stop it: cancel {path}")
    if visit.state is StepState.IN_DOUBT:
        raise Refused(f"{path} is in doubt", "say first what became of it")
    if draft.run.cancelling:
        raise Refused("the run is being cancelled")


def jump(draft: Draft, command: c.Jump) -> None:
    """Go on at another step; approvals on the way are never passed over."""
    draft.step(command.path)
    here = draft.run.cursor
    if here is None:
        raise Refused("the run has not begun yet")
    visit = draft.visit(here)
    _check_quiet(draft, here, visit)
    places = draft.run.places
    if places[command.path] > places[here]:
        _check_no_approval_between(draft, here, command.path)
    draft.close_task(here, f"jumped to {command.path}")
    draft.leave(f"left for {command.path}")
    go_to(draft, here, visit, command.path, by_runbook=False, reason=command.reason)


def _check_no_approval_between(draft: Draft, here: str, there: str) -> None:
    run = draft.run
    for path in run.order[run.places[here] : run.places[there]]:
        visit = run.steps[path].now if path == here else None
        if needs_approval(run.definition_of(path), visit):
            raise Refused(f"{path} needs an approval, and approvals cannot be jumped over")


def rollback(draft: Draft, command: c.Rollback) -> None:
    """Undo everything, or what started after a step; a run that ended can still be undone as a whole."""
    run = draft.run
    if run.cursor is None:
        raise Refused("the run has not begun yet: there is nothing to undo", "cancel it")
    if command.to is not None:
        draft.step(command.to)
    if run.ended is RunState.ROLLED_BACK:
        raise Refused("the run is rolled back already")
    if run.ended is not None:
        if command.to is not None:
            raise Refused("the run has ended: it can only be rolled back as a whole")
        if run.lock is not None and command.lock_holder not in (None, run.number):
            raise Refused(f"run {command.lock_holder} holds {run.lock!r} now", "let that run end first")
    if run.ended is None and run.cancelling:
        raise Refused("the run is being cancelled", "roll it back when that is over")
    begin_rollback(draft, command.to, unattended=False, reason=command.reason)
