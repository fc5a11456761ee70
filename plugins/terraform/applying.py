"""Apply: exactly the plan that was shown, and what came of it."""

from __future__ import annotations

from console.engine.reports import Change
from console.steps.driving import Result, say

from .planning import explain
from .state import Applied, keep_applied, point_at
from .stream import Tally, listener, plain_outputs
from .tool import FLAG, NotReady, now_ms
from .workspace import Seen, Workspace

_WORDS = {"create": "add", "update": "change", "delete": "destroy", "replace": "replace"}
_PAST = {"destroy": "destroyed", "change": "changed", "add": "added"}
_AGAIN = "nothing was changed; retry plans again"


def apply(work: Workspace) -> Result:
    """Apply the saved plan; configuration and variables are kept as the ones applied when all of it succeeded."""
    seen = _checked(work)
    if seen.empty:
        work.spend()
        return Result(ok=True, summary="nothing was created, so nothing is destroyed")
    try:
        work.begin(work.identity())
    except ValueError as error:
        raise NotReady(f"the state cannot be read: {error}; {_AGAIN}") from None
    argv = work.tool.build.apply(str(work.plan), json=FLAG, skip_plan=True)
    tally = Tally()
    try:
        code = work.tool.run(argv, work.record, listener(tally, say))
    finally:
        work.spend()
    complete = code == 0 and tally.finished and not tally.errors
    if work.spec.role == "forward":
        work.add_created(tally.created)
    kept = remember(work) if complete else ""
    return _result(work, tally, code, complete, kept)


def remember(work: Workspace) -> str:
    """The state now has this configuration: the next `previous` returns to it. Returns why that could not be kept."""
    try:
        if work.spec.role == "undo":
            point_at(work.state, work.spec.previous)
        else:
            keep_applied(work.state, Applied(work.spec.inputs, now_ms()), work.source, work.spec.variables)
    except (OSError, ValueError) as error:
        return f"; this configuration could not be kept for a later rollback: {error}"
    return ""


def done_changes(tally: Tally) -> tuple[Change, ...]:
    """What was done, address by address, and what was not finished."""
    done = [Change(action=_WORDS.get(action, action), target=address) for address, action in tally.completed.items()]
    failed = [Change(action="failed", target=address) for address in sorted(tally.errored)]
    return (*done, *failed, *(Change(action="unfinished", target=address) for address in tally.doubtful))


def _checked(work: Workspace) -> Seen:
    seen = work.seen()
    if seen is None:
        raise NotReady(f"no plan is waiting, since a plan is applied once; {_AGAIN}")
    if work.given.preview is not None and work.given.preview != seen.digest:
        raise NotReady(f"the plan that lies here is not the one that was agreed to; {_AGAIN}")
    if work.plan_digest() != seen.plan or work.tree() != seen.tree:
        raise NotReady(f"the plan or the configuration was changed after it was shown; {_AGAIN}")
    return seen


def _result(work: Workspace, tally: Tally, code: int, complete: bool, kept: str) -> Result:
    outputs, sensitive = plain_outputs(tally.outputs) if complete else ({}, [])
    changes = done_changes(tally)
    if complete:
        held = f"; sensitive outputs kept back: {', '.join(sensitive)}" if sensitive else ""
        return Result(ok=True, summary=_counted(tally) + held + kept, outputs=outputs, changes=changes)
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    why = explain(tally, f"terraform ended with {how}")
    if work.stop.asked():
        why = f"stopped on request; {why}" if tally.errors else "stopped on request"
    parts = [_counted(tally)] if tally.started else []
    if tally.doubtful:
        parts.append(f"not seen to end: {', '.join(tally.doubtful)}")
    # Terraform that was killed did not say what became of the things it was working on.
    return Result(ok=False, summary="; ".join([why, *parts]), changes=changes, in_doubt=code < 0)


def _counted(tally: Tally) -> str:
    actions = [_WORDS.get(action, action) for action in tally.completed.values()]
    said = ", ".join(f"{actions.count(word)} {past}" for word, past in _PAST.items() if word in actions)
    return said or "no changes were made"
