"""The events of a run's stream: what happened, in the order it was decided. State is their fold and nothing else."""

from __future__ import annotations

import re

import msgspec

from console.engine.commands import Actor
from console.engine.prepared import Prepared
from console.engine.reports import AttemptReport, Evidence, Process, Value
from console.engine.runbook import Runbook
from console.engine.words import Answer, Outcome, Purpose, RollbackState, RunState, StepState, TaskKind, TimerPurpose


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag, gc=False):
    """Base of all events: frozen and free of cycles, so the garbage collector may pass them by."""


class StepEvent(Event, frozen=True):
    """Base of the events about one visit of one step."""

    path: str
    visit: int


class RunStarted(Event, frozen=True):
    """A run began, with everything it pins: the compiled runbook, its files and plugins by digest, its parameters."""

    run: int
    runbook: Runbook
    definition: str
    source: str
    parameters: dict[str, Value]
    started_by: str
    files: dict[str, str] = {}
    plugins: dict[str, str] = {}
    environment: str | None = None
    lock: str | None = None
    queued_behind: int | None = None
    deadline_at: int | None = None


class RunAdmitted(Event, frozen=True):
    """The lock that the run queued for was granted."""


class RunPaused(Event, frozen=True):
    """Nothing new is started until the run is resumed; what runs goes on."""

    reason: str | None = None


class RunResumed(Event, frozen=True):
    """The run goes on."""

    reason: str | None = None


class CancelAsked(Event, frozen=True):
    """Somebody cancelled the run; `stop` says whether what is running is stopped or may finish."""

    stop: bool
    reason: str | None = None


class DeadlinePassed(Event, frozen=True):
    """The run is older than its deadline allows. It is told, and goes on."""


class RunEnded(Event, frozen=True):
    """The run is over."""

    state: RunState


class StepEntered(StepEvent, frozen=True):
    """The run arrived at the step: a new visit."""


class StepSkipped(StepEvent, frozen=True):
    """The step does not run: its condition is false, an operator said so, or a jump passed over it."""

    why: str
    detail: str | None = None
    reason: str | None = None
    ahead: bool = False


class StepPrepared(StepEvent, frozen=True):
    """The step was rendered; what it holds is what will run."""

    prepared: Prepared


class PreparationFailed(StepEvent, frozen=True):
    """The step could not be rendered, so nothing of it started."""

    error: str


class RetryBegan(StepEvent, frozen=True):
    """The step is tried again within its visit; `rendered_anew` when a person asked for it."""

    rendered_anew: bool


class AttemptStarted(StepEvent, frozen=True):
    """An attempt may start; recorded before its process exists."""

    attempt: int
    purpose: Purpose
    digest: str


class AttemptEnded(StepEvent, frozen=True):
    """An attempt ended, and how is known."""

    attempt: int
    purpose: Purpose
    report: AttemptReport


class AttemptInDoubt(StepEvent, frozen=True):
    """An attempt is gone and nobody saw its end."""

    attempt: int
    purpose: Purpose
    report: AttemptReport


class AttemptCancelAsked(StepEvent, frozen=True):
    """Somebody asked to stop a running attempt."""

    attempt: int
    reason: str | None = None


class SurvivorsSought(StepEvent, frozen=True):
    """Processes of earlier attempts were looked for before a new start."""

    found: tuple[Process, ...] = ()
    ended: bool = False


class SurvivorsEndAsked(StepEvent, frozen=True):
    """A person asked to end the surviving processes."""


class LookAsked(StepEvent, frozen=True):
    """A person asked to look again at an attempt in doubt, by a kind that cannot discover."""


class EvidenceFound(StepEvent, frozen=True):
    """Looking again found this."""

    evidence: Evidence


class TimerSet(StepEvent, frozen=True):
    """A moment (ms UTC) at which the engine is to be woken, and what for."""

    timer: str
    purpose: TimerPurpose
    at: int


class TimerFired(Event, frozen=True):
    """A timer was due."""

    timer: str


class TaskOpened(StepEvent, frozen=True):
    """Something waits for a person: for whom, since when (the event's time), until when, and what may be answered."""

    task: int
    kind: TaskKind
    answers: tuple[Answer, ...]
    people: tuple[str, ...]
    question: str = ""
    due_at: int | None = None
    quorum: int = 1
    digest: str | None = None
    evidence: tuple[str, ...] = ()


class TaskAnswered(StepEvent, frozen=True):
    """A person answered. `closes` is false for an approval that still lacks votes."""

    task: int
    answer: Answer
    by: str
    closes: bool
    values: dict[str, Value] = {}
    note: str | None = None
    self_approved: bool = False


class TaskClosed(StepEvent, frozen=True):
    """A task ended without an answer that counts: superseded, or its time ran out."""

    task: int
    why: str


class Told(Event, frozen=True):
    """People were told something in the console, mostly about a step."""

    to: tuple[str, ...]
    message: str
    path: str | None = None


class StepEnded(StepEvent, frozen=True):
    """The visit is over."""

    state: StepState
    outcome: Outcome
    summary: str = ""


class Jumped(StepEvent, frozen=True):
    """The run went to another step than the next; `path` and `visit` say from where."""

    to: str
    by_runbook: bool = False
    reason: str | None = None


class RollbackBegan(Event, frozen=True):
    """Undoing began: all, or what started after the step `to`; `paths` newest first, each with its visit."""

    to: str | None
    paths: tuple[tuple[str, int], ...]
    unattended: bool = False
    reason: str | None = None


class RollbackSettled(StepEvent, frozen=True):
    """An entry of the rollback list is dealt with."""

    state: RollbackState
    note: str | None = None


class RollbackStepFailed(StepEvent, frozen=True):
    """An undo did not succeed; a person is asked."""

    summary: str


class RollbackDropped(StepEvent, frozen=True):
    """An entry left the rollback list because a person said that nothing had been done."""


class RollbackEnded(Event, frozen=True):
    """All entries of a rollback are dealt with."""

    to: str | None


AnyEvent = (
    RunStarted
    | RunAdmitted
    | RunPaused
    | RunResumed
    | CancelAsked
    | DeadlinePassed
    | RunEnded
    | StepEntered
    | StepSkipped
    | StepPrepared
    | PreparationFailed
    | RetryBegan
    | AttemptStarted
    | AttemptEnded
    | AttemptInDoubt
    | AttemptCancelAsked
    | SurvivorsSought
    | SurvivorsEndAsked
    | LookAsked
    | EvidenceFound
    | TimerSet
    | TimerFired
    | TaskOpened
    | TaskAnswered
    | TaskClosed
    | Told
    | StepEnded
    | Jumped
    | RollbackBegan
    | RollbackSettled
    | RollbackStepFailed
    | RollbackDropped
    | RollbackEnded
)


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as the journal keeps it: its place in the stream, when (ms UTC), by whom, and for what cause.

    `cause` is the id of the command that led to it. The JSON of this struct, keys sorted, is what is hashed.
    """

    stream: str
    seq: int
    at: int
    who: Actor
    cause: str
    event: AnyEvent


def stream_of(run: int) -> str:
    """The name of a run's stream."""
    return f"run/{run}"
