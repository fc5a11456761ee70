"""What kind of process a runbook is, pipeline or workflow, and how much it can do to the world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from console.catalog.registry import Registry
from console.engine.runbook import FollowWord, Runbook, UndoForm
from console.engine.words import Effect

_ORDER = (Effect.READS, Effect.CHANGES, Effect.DESTROYS)
_LONG_MS = 3_600_000


class Process(StrEnum):
    """The two kinds of process: a pipeline belongs in CI."""

    PIPELINE = "pipeline"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of process, and why, one short reason each."""

    process: Process
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        end = "" if self.process is Process.WORKFLOW else ": a CI pipeline would serve better"
        return f"{self.process.value} ({'; '.join(self.reasons)}){end}"


def judge(runbook: Runbook, registry: Registry) -> Verdict:
    """A workflow has people, compensation, waiting or jumps in it; what has none of these is a pipeline."""
    reasons = [*_people(runbook, registry), *_compensation(runbook), *_time(runbook), *_decisions(runbook)]
    if reasons:
        return Verdict(Process.WORKFLOW, tuple(reasons))
    return Verdict(
        Process.PIPELINE,
        ("deterministic and short", "it needs nobody", "nothing is compensated", "it waits for nothing"),
    )


def risk(runbook: Runbook, registry: Registry) -> Effect:
    """The strongest effect of any step, computed from the steps; a tool's preview may find it weaker or stronger."""
    effects = [step.effect or registry.kind(step.kind).effect for step in runbook.steps]
    return max(effects, key=_ORDER.index, default=Effect.READS)


def _people(runbook: Runbook, registry: Registry) -> list[str]:
    approvals = [step for step in runbook.steps if step.approve is not None or step.kind == "approval"]
    tasks = [s for s in runbook.steps if registry.kind(s.kind).for_people and s.kind != "approval"]
    reasons = []
    if approvals:
        reasons.append(f"{_count(len(approvals), 'approval')}")
    if tasks:
        reasons.append(f"{_count(len(tasks), 'task')} for people")
    return reasons


def _compensation(runbook: Runbook) -> list[str]:
    undone = [step for step in runbook.steps if step.undo is not None and step.undo.form is UndoForm.STEP]
    return [f"{_count(len(undone), 'step')} can be undone"] if undone else []


def _time(runbook: Runbook) -> list[str]:
    waits = [step for step in runbook.steps if step.kind == "wait"]
    reasons = [f"it waits {_count(len(waits), 'time')}"] if waits else []
    if runbook.deadline_ms is not None and runbook.deadline_ms > _LONG_MS:
        reasons.append("it may take hours")
    return reasons


def _decisions(runbook: Runbook) -> list[str]:
    jumps = [follow for step in runbook.steps for follow in step.then.values() if follow.word is FollowWord.GO_TO]
    return [f"{_count(len(jumps), 'jump')} between steps"] if jumps else []


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
