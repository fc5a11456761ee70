"""After a cut: what the recorded events say about a play whose end nobody saw."""

from __future__ import annotations

from pathlib import Path

from console.engine.reports import Finding
from console.steps.driving import Result, say

from .events import replay
from .tally import Tally, is_setup
from .verdict import named

LAUNCHED = "launched"


def discover(record: Path, launched: Path) -> Result:
    """`done` only where the recap was seen and has no trouble in it; `not_done` only where nothing was launched."""
    if not launched.exists():
        return _said(Finding.NOT_DONE, ["ansible-playbook was never started"], Tally())
    tally = Tally(replay(record))
    if tally.stats is not None:
        if not tally.hosts:
            return _said(Finding.NOT_DONE, ["the play came to its end, and no host matched"], tally)
        facts = ["the play came to its end", *tally.recap()]
        bad = tally.broken or tally.lost
        return _said(Finding.PARTLY if bad else Finding.DONE, facts, tally)
    facts = _ended_facts(tally) + [
        f"started and not seen to end: {task} on {host}" for host, task in sorted(tally.running.items())
    ]
    if not tally.began:
        facts.append("ansible-playbook was started, and no task was seen to start")
    return _said(Finding.CANNOT_TELL, facts, tally)


def _ended_facts(tally: Tally) -> list[str]:
    facts = []
    for host, tasks in sorted(tally.ended.items()):
        real = [task for task in tasks if not is_setup(task)]
        changed = sum(change.target.startswith(f"{host}: ") for change in tally.changes if change.action == "change")
        last = f", the last one {real[-1]}" if real else ""
        facts.append(f"seen to end on {host}: {len(real)} tasks{last}; {changed} of them changed it")
    troubles = {**tally.failed, **tally.unreachable}
    return facts + ([f"failed or unreachable: {named(troubles)}"] if troubles else [])


def _said(finding: Finding, facts: list[str], tally: Tally) -> Result:
    for fact in facts:
        say(fact)
    outputs = tally.outputs() if finding is Finding.DONE else {}
    word = finding.value.replace("_", " ")
    changes = tally.kept_changes()
    return Result(ok=True, summary=word, finding=finding, facts=tuple(facts), changes=changes, outputs=outputs)
