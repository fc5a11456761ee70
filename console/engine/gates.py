"""Approvals as gates: which steps have one, and whether it was passed."""

from __future__ import annotations

from console.engine.prepared import ApprovalWork
from console.engine.run import Run, Visit
from console.engine.runbook import Step
from console.engine.words import StepState


def needs_approval(step: Step, visit: Visit | None) -> bool:
    """Whether an approval stands in this step that nobody has given: then it cannot be passed over."""
    if is_gate(step, visit):
        return not _passed(visit)
    return step.approve is not None and not (visit is not None and visit.approved)


def is_gate(step: Step, visit: Visit | None) -> bool:
    """Whether the step is nothing but an approval."""
    work = visit.prepared.work if visit is not None and visit.prepared is not None else None
    return step.kind == "approval" or isinstance(work, ApprovalWork)


def stands_in_the_way(run: Run, path: str, visit: Visit) -> bool:
    """Whether the step is an approval that was not given, so that the run cannot simply go on after it."""
    return is_gate(run.definition_of(path), visit) and not _passed(visit)


def _passed(visit: Visit | None) -> bool:
    """Approved, or not asked for by the runbook's own condition."""
    return visit is not None and (visit.state is StepState.SUCCEEDED or visit.skipped_why == "when")
