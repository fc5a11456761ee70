"""A runbook between its file and the checked model: what was compiled so far, and where each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from console.catalog.findings import Findings, Mark
from console.catalog.registry import Registry
from console.catalog.strict_yaml import Document, Path
from console.engine.runbook import Runbook, Step
from console.engine.words import Effect
from console.steps.kind import Kind


@dataclass(slots=True)
class Body:
    """The body of a step or of its rollback: expanded data, the struct that its kind makes of it, and its place.

    `base` is the path of the kind's key in the file. A short form (`wait: 10m`) has its text under `unwrapped` in the
    data and directly under `base` in the file; options beside the key are found next to it. It is not `sound` where
    something in it could not be read, so that a default stands in for it.
    """

    kind: Kind
    data: Any
    fitted: Any
    base: Path
    unwrapped: str | None = None
    options: frozenset[str] = frozenset()
    sound: bool = True

    def path(self, inside: Path) -> Path:
        """The path in the file of a path inside the data."""
        if inside and inside[0] in self.options:
            return (*self.base[:-1], *inside)
        if self.unwrapped is not None and inside[:1] == (self.unwrapped,):
            return (*self.base, *inside[1:])
        return (*self.base, *inside)


@dataclass(slots=True)
class DraftStep:
    """A step of the file, compiled as far as it could be; `step` is None where it could not."""

    index: int
    path: Path
    id: str
    kind: Kind | None = None
    step: Step | None = None
    body: Body | None = None
    undo: Body | None = None

    @property
    def effect(self) -> Effect:
        """What the step does to the world, as far as the file says."""
        if self.step is not None and self.step.effect is not None:
            return self.step.effect
        return self.kind.effect if self.kind is not None else Effect.CHANGES

    @property
    def asks_approval(self) -> bool:
        """Whether the step can be passed only by an approval."""
        approves = self.step is not None and self.step.approve is not None
        return approves or (self.kind is not None and self.kind.name == "approval")


@dataclass(slots=True)
class Draft:
    """Everything the checks look at. `other_ids` are steps inside what this version does not run."""

    document: Document
    findings: Findings
    registry: Registry
    directory: FilePath | None = None
    runbook: Runbook | None = None
    steps: list[DraftStep] = field(default_factory=list)
    other_ids: set[str] = field(default_factory=set)
    _by_id: dict[str | int, DraftStep] = field(default_factory=dict)

    def place(self, path: Path) -> Mark:
        """Where a value stands."""
        return self.document.place(path)

    def add(self, code: str, message: str, path: Path, mend: str = "", *, warning: bool = False) -> None:
        """Record a problem at the value of a path."""
        self.findings.add(code, message, self.document.place(path), mend, warning=warning)

    @property
    def ids(self) -> list[str]:
        """The ids of all steps, in order."""
        return [step.id for step in self.steps if step.id]

    def find(self, step_id: str) -> DraftStep | None:
        """The step of that id."""
        if not self._by_id:
            self._by_id = {(step.id or step.index): step for step in reversed(self.steps)}
        return self._by_id.get(step_id)

    @property
    def complete(self) -> bool:
        """Whether every step could be compiled, so that the ways through the runbook are known."""
        return self.runbook is not None and all(step.step is not None for step in self.steps)
