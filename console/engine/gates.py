"""Approvals as gates: which steps have one, and whether it was passed."""

from __future__ import annotations

from console.engine.prepared import ApprovalWork
from console.engine.run import Visit
from console.engine.runbook import Step
from console.engine.words import StepState


def needs_approval(step: Step, visit: Visit | None) -> bool:
    """Whether an approval stands in this step that nobody has given: then it cannot be passed over."""
    if visit is not None and visit.skipped_why == "when":
        return False
    if _is_gate(step, visit):
        return visit is None or visit.state is not StepState.SUCCEEDED
    return step.approve is not None and not (visit is not None and visit.approved)


def _is_gate(step: Step, visit: Visit | None) -> bool:
    """Whether the step is nothing but an approval."""
    work = visit.prepared.work if visit is not None and visit.prepared is not None else None
    return step.kind == "approval" or isinstance(work, ApprovalWork)
