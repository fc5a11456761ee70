"""What somebody asks of a run: an operator, a timer, the server, or the end of an attempt."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from console.engine.prepared import Prepared
from console.engine.reports import AttemptReport, Evidence, Process, Value
from console.engine.runbook import Runbook
from console.engine.words import Answer


class ActorKind(StrEnum):
    """Who can make something happen."""

    OPERATOR = "operator"
    TIMER = "timer"
    SERVER = "server"


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asks. `asserted` when the name was only claimed; `unprotected` when no access file stands behind it."""

    kind: ActorKind
    name: str
    uid: int | None = None
    asserted: bool = False
    unprotected: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What access control, judged outside, says of a command: a refusal names its rule and who could grant it."""

    allowed: bool = True
    self_approval: bool = True
    reason: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all commands. A command with an `id` that was seen before does nothing twice."""

    id: str
    who: Actor
    verdict: Verdict = Verdict()


class StartRun(Command, frozen=True):
    """Start a run; `lock_holder` is the run that holds the rendered `one_at_a_time` key now."""

    run: int
    runbook: Runbook
    definition: str
    source: str
    parameters: dict[str, Value]
    files: dict[str, str] = {}
    plugins: dict[str, str] = {}
    environment: str | None = None
    lock: str | None = None
    lock_holder: int | None = None
    wait_for_lock: bool = False


class Admit(Command, frozen=True):
    """The lock is free now."""


class Pause(Command, frozen=True):
    """Start nothing new."""

    reason: str | None = None


class Resume(Command, frozen=True):
    """Go on after a pause."""

    reason: str | None = None


class Cancel(Command, frozen=True):
    """Cancel the run, or with `path` stop what runs of that step; `stop` false lets running attempts finish."""

    path: str | None = None
    stop: bool = False
    reason: str | None = None


class Jump(Command, frozen=True):
    """Go on at another step."""

    path: str
    reason: str | None = None


class Skip(Command, frozen=True):
    """Pass over a step; a reason is required."""

    path: str
    reason: str | None = None


class Rollback(Command, frozen=True):
    """Undo everything, or what started after the step `to`; `lock_holder` as in `StartRun`, for an ended run."""

    to: str | None = None
    lock_holder: int | None = None
    reason: str | None = None


class AnswerTask(Command, frozen=True):
    """Answer what a step asks. `version` is the step's version on the screen that was answered from."""

    path: str
    answer: Answer
    values: dict[str, Value] = {}
    note: str | None = None
    version: int | None = None


class StepRendered(Command, frozen=True):
    """The host rendered a ready step: prepared, not applicable (`skip` is the condition), or failed with an error."""

    path: str
    visit: int
    prepared: Prepared | None = None
    skip: str | None = None
    error: str | None = None


class AttemptReported(Command, frozen=True):
    """An attempt ended, or was lost."""

    path: str
    visit: int
    attempt: int
    report: AttemptReport


class SurvivorsReported(Command, frozen=True):
    """The host looked for processes of earlier attempts."""

    path: str
    visit: int
    found: tuple[Process, ...] = ()
    ended: bool = False


class EvidenceReported(Command, frozen=True):
    """The host looked again at an attempt in doubt."""

    path: str
    visit: int
    evidence: Evidence


class TimerDue(Command, frozen=True):
    """A timer that the engine set is due."""

    timer: str


AnyCommand = (
    StartRun
    | Admit
    | Pause
    | Resume
    | Cancel
    | Jump
    | Skip
    | Rollback
    | AnswerTask
    | StepRendered
    | AttemptReported
    | SurvivorsReported
    | EvidenceReported
    | TimerDue
)
