"""After a cut: what the stream, the state and a fresh plan say about an apply whose end nobody saw."""

from __future__ import annotations

import json

from console.engine.reports import Change, Finding, Preview
from console.steps.driving import Result, say

from .applying import done_changes, remember
from .planning import plan, read
from .state import Identity
from .stream import Tally, plain_outputs, replay
from .tool import FLAG, NotReady
from .workspace import Workspace


def discover(work: Workspace) -> Result:
    """Compare before and now; `done` only where all that was planned was seen to complete and nothing is left."""
    before = work.before()
    if before is None:
        return _said(Finding.NOT_DONE, ["terraform apply was never started"], Tally())
    tally = replay(work.record)
    facts = _stream_facts(tally)
    saved = not (work.module / "errored.tfstate").exists()
    if not saved:
        facts.append(f"terraform could not save its state: push {work.module / 'errored.tfstate'} by hand")
    try:
        now = work.identity()
        left = _left_to_do(work)
    except (NotReady, ValueError) as error:
        return _said(Finding.CANNOT_TELL, [*facts, f"a fresh plan could not be made: {error}"], tally)
    facts += _state_facts(before, now)
    facts += _plan_facts(tally, left)
    finding = judge(tally, before, now, left, saved)
    if finding is not Finding.DONE:
        return _said(finding, facts, tally)
    if work.spec.role == "forward":
        work.add_created(tally.created)
    remember(work)
    return _said(finding, facts, tally, work)


def judge(tally: Tally, before: Identity, now: Identity, left: Preview, saved: bool) -> Finding:
    """The verdict. A state that calls a resource complete proves nothing about a provisioner that was cut off."""
    settled = not left.added and not left.changed and not left.destroyed
    if before.lineage and now.lineage != before.lineage:
        return Finding.CANNOT_TELL
    if not tally.started and now == before and saved and not tally.provisioning:
        # A plan without changes is done when terraform said so.
        return Finding.DONE if settled and tally.finished else Finding.NOT_DONE
    if not saved or tally.errored:
        return Finding.PARTLY
    if tally.doubtful:
        touched = any(change.target in tally.doubtful for change in left.changes)
        return Finding.PARTLY if touched or tally.completed else Finding.CANNOT_TELL
    if settled and tally.planned and tally.planned.keys() <= tally.completed.keys():
        return Finding.DONE
    return Finding.PARTLY if tally.completed else Finding.CANNOT_TELL


def _left_to_do(work: Workspace) -> Preview:
    fresh = work.base / "discover.tfplan"
    try:
        plan(work, fresh, quiet=True)
        return read(work, fresh, digest="")
    finally:
        fresh.unlink(missing_ok=True)


def _stream_facts(tally: Tally) -> list[str]:
    facts = [f"{len(tally.completed)} of {len(tally.planned)} planned changes were seen to complete"]
    facts += [f"started and not seen to end: {address}" for address in tally.doubtful]
    facts += [f"failed: {address}" for address in sorted(tally.errored)]
    if tally.finished:
        facts.append("terraform said that the apply was complete")
    return facts


def _state_facts(before: Identity, now: Identity) -> list[str]:
    if before.lineage and before.lineage != now.lineage:
        return [f"this is another state than before: its lineage was {before.lineage}, now {now.lineage or 'none'}"]
    if before.serial == now.serial:
        return [f"the state was not written since the start (serial {now.serial})"]
    return [f"the state was written since the start (serial {before.serial}, now {now.serial})"]


def _plan_facts(tally: Tally, left: Preview) -> list[str]:
    facts = [f"a fresh plan says: {left.summary}"]
    touched = {change.target for change in left.changes}
    for address in tally.doubtful:
        if address not in touched:
            facts.append(f"the state calls {address} complete although its end was not seen: look at it, or replace it")
    return facts


def _said(finding: Finding, facts: list[str], tally: Tally, work: Workspace | None = None) -> Result:
    for fact in facts:
        say(fact)
    outputs, _ = plain_outputs(_outputs(work)) if work else ({}, [])
    changes: tuple[Change, ...] = done_changes(tally)
    word = finding.value.replace("_", " ")
    return Result(ok=True, summary=word, finding=finding, facts=tuple(facts), changes=changes, outputs=outputs)


def _outputs(work: Workspace) -> dict[str, object]:
    argv = work.tool.build.cmd("output", json=FLAG, no_color=FLAG)
    code, text, _ = work.tool.capture(argv, work.base / "output.json")
    try:
        found = json.loads(text) if code == 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
