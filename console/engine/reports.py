"""What the outside reports of an attempt: how it ended, what it printed, what it says it did."""

from __future__ import annotations

from enum import StrEnum

from console.engine.runbook import Model
from console.engine.words import Effect, Ending, Outcome

Value = str | int | bool | None


class OutputDigest(Model, frozen=True):
    """The stored output of an attempt; `lost_bytes` counts what a full disk swallowed."""

    bytes: int = 0
    lines: int = 0
    sha256: str = ""
    lost_bytes: int = 0


class Process(Model, frozen=True):
    """A process still there after its attempt; `started` (clock ticks since boot) tells reused pids apart."""

    pid: int
    started: int
    command: str


class Change(Model, frozen=True):
    """One thing that a preview says would change, or that an apply changed."""

    action: str
    target: str
    detail: str = ""


class Preview(Model, frozen=True):
    """What a step would do; `digest` binds the start of the step to exactly this."""

    summary: str
    digest: str
    effect: Effect = Effect.CHANGES
    added: int = 0
    changed: int = 0
    destroyed: int = 0
    changes: tuple[Change, ...] = ()
    unpredicted: tuple[str, ...] = ()


class Finding(StrEnum):
    """What looking again says about an attempt whose end nobody saw."""

    DONE = "done"
    NOT_DONE = "not_done"
    PARTLY = "partly"
    CANNOT_TELL = "cannot_tell"


class Evidence(Model, frozen=True):
    """What is known about an attempt in doubt."""

    facts: tuple[str, ...] = ()
    survivors: tuple[Process, ...] = ()
    finding: Finding = Finding.CANNOT_TELL


class AttemptReport(Model, frozen=True):
    """The end of an attempt. `outcome` is the kind's reading of it; times are ms UTC."""

    ending: Ending
    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    output: OutputDigest = OutputDigest()
    summary: str = ""
    outputs: dict[str, Value] = {}
    changes: tuple[Change, ...] = ()
    preview: Preview | None = None
    evidence: Evidence | None = None
    leftovers: tuple[Process, ...] = ()
    error: str | None = None

    @property
    def came_to(self) -> Outcome:
        """What came of it: the kind's reading, unless no process ran or a process cannot come to that."""
        if self.ending in (Ending.NEVER_STARTED, Ending.LOST) or self.outcome not in _OF_PROCESSES:
            return Outcome.FAILED
        return self.outcome

    @property
    def cut_short(self) -> bool:
        """Whether it was ended from outside, so that something of it may be left."""
        return self.ending in (Ending.TIMED_OUT, Ending.CANCELLED)

    @property
    def begun(self) -> bool:
        """Whether a process ran at all."""
        return self.ending is not Ending.NEVER_STARTED


_OF_PROCESSES = frozenset({Outcome.SUCCEEDED, Outcome.FAILED, Outcome.TIMED_OUT, Outcome.CANCELLED, Outcome.UNVERIFIED})
