"""Approvals that nobody could give, and evidence that is not there."""

from __future__ import annotations

from collections.abc import Sequence

from console.catalog.checks.flow import check_target
from console.catalog.draft import Draft, DraftStep
from console.catalog.findings import listed, shorten
from console.catalog.strict_yaml import Path

_STARTER = ("requester", "run.started_by", "operator")


def check_approvals(draft: Draft) -> None:
    """Look at each approval, of either form. An empty `from` is fine: anyone but the one who started the run."""
    for step in draft.steps:
        if step.kind is not None and step.kind.name == "approval" and step.body is not None:
            body = step.body.fitted
            if step.step is not None and step.step.approve is not None:
                message = f"step {shorten(step.id)} is an approval already"
                draft.add("approval", message, (*step.path, "approve"), "leave approve: out")
            _check_people(draft, body.from_, body.quorum, step.body.base)
            _check_evidence(draft, step, body.evidence, (*step.body.base, "evidence"))
        elif step.step is not None and step.step.approve is not None:
            approve = step.step.approve
            _check_people(draft, approve.from_, approve.quorum, (*step.path, "approve"))
            _check_evidence(draft, step, approve.evidence, (*step.path, "approve", "evidence"))


def _check_people(draft: Draft, people: Sequence[str], quorum: int, path: Path) -> None:
    if quorum < 1:
        draft.add("approval", f"a quorum of {quorum} asks nobody", (*path, "quorum"), "write 1 or more")
    for index, name in enumerate(people):
        at = (*path, "from", index)
        if any(word in name for word in _STARTER):
            message = "the one who started the run may not approve it"
            draft.add("approval", message, at, "name a role or other people")
        elif not name.strip():
            draft.add("approval", "nobody has an empty name", at, "name a role or a person")
    if quorum > len(set(people)) > 0:
        message = f"{quorum} different people are needed, and from: names {listed(people)}"
        mend = "this can be given only if one of them is a role of several people"
        draft.add("approval", message, (*path, "quorum"), mend, warning=True)


def _check_evidence(draft: Draft, step: DraftStep, evidence: Sequence[str], path: Path) -> None:
    for index, step_id in enumerate(evidence):
        found = check_target(draft, step_id, (*path, index))
        if found is not None and found.index > step.index:
            message = f"step {shorten(step_id)} comes later, so that there is nothing of it to show"
            draft.add("approval", message, (*path, index), "name earlier steps")
