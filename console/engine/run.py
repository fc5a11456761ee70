"""The state of a run: what the fold of its events knows.

The structs inside a run are frozen and shared between copies; only the run's own dictionaries are changed in place,
by the copy that owns them. That keeps `decide` pure and the fold of a long run quick.
"""

from __future__ import annotations

import msgspec

from console.engine.prepared import Prepared, PreparedUndo
from console.engine.reports import AttemptReport, Evidence, Preview, Value
from console.engine.runbook import Runbook, Step
from console.engine.words import (
    Answer,
    AttemptState,
    Outcome,
    Purpose,
    RollbackState,
    RunState,
    StepState,
    TaskKind,
    TimerPurpose,
)

LATEST_NOTICES = 50
ENDED_STATES = frozenset(
    {
        StepState.SUCCEEDED,
        StepState.FAILED,
        StepState.TIMED_OUT,
        StepState.UNVERIFIED,
        StepState.DONE_BY_HAND,
        StepState.SKIPPED,
        StepState.CANCELLED,
        StepState.ROLLED_BACK,
        StepState.ROLLBACK_FAILED,
    }
)


class State(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of the frozen parts of a run. Frozen values form no cycles, so the garbage collector may pass them by."""


class Attempt(State, frozen=True):
    """One process: what it was for, how it stands, what was reported."""

    number: int
    purpose: Purpose
    state: AttemptState
    digest: str
    started_at: int
    ended_at: int | None = None
    report: AttemptReport | None = None
    cancel_asked: bool = False


class Visit(State, frozen=True):
    """One passage of the run through a step.

    `since` is when it began, or when a person last had it tried again: `within` counts from there, and `tries` counts
    the apply attempts. `forward` is the state it had before an undo touched it. `doubt` is the purpose in doubt.
    """

    number: int
    state: StepState
    entered_at: int
    entered_seq: int
    since: int
    outcome: Outcome | None = None
    forward: StepState | None = None
    started_at: int | None = None
    ended_at: int | None = None
    prepared: Prepared | None = None
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    preview: Preview | None = None
    approved: bool = False
    end_survivors: bool = False
    look: bool = False
    doubt: Purpose | None = None
    evidence: Evidence | None = None
    outputs: dict[str, Value] = {}
    answers: dict[str, Value] = {}
    answered_by: str | None = None
    summary: str = ""
    note: str | None = None
    skipped_why: str | None = None
    task: int | None = None

    @property
    def running(self) -> Attempt | None:
        """The attempt that runs now, as far as the journal knows."""
        last = self.attempts[-1] if self.attempts else None
        return last if last is not None and last.state is AttemptState.RUNNING else None

    def begun(self, purpose: Purpose) -> int:
        """How many processes for a purpose ran, or may have run."""
        return sum(one.purpose is purpose and one.state is not AttemptState.NEVER_STARTED for one in self.attempts)

    def in_a_row(self, purpose: Purpose, state: AttemptState) -> int:
        """How many of the latest attempts for a purpose ended in this state, one after another."""
        count = 0
        for one in reversed(self.attempts):
            if one.purpose is purpose and one.state is not state:
                break
            count += one.purpose is purpose
        return count


class StepRun(State, frozen=True):
    """A step of the run with all its visits; `version` is the number of the last event that concerned it.

    `suspect` is true from an attempt that was lost or cut short until its survivors were sought; `unknown` from an
    apply whose outcome nobody knows until it is known, or a person has answered for it.
    """

    path: str
    visits: tuple[Visit, ...] = ()
    version: int = 0
    suspect: bool = False
    unknown: bool = False

    @property
    def now(self) -> Visit | None:
        """The latest visit, or None when the run has not been here."""
        return self.visits[-1] if self.visits else None

    @property
    def state(self) -> StepState:
        """The state of the latest visit; pending without one."""
        return self.visits[-1].state if self.visits else StepState.PENDING


class Vote(State, frozen=True):
    """One approval of an open approval task."""

    by: str
    at: int
    self_approved: bool = False


class Task(State, frozen=True):
    """Something that waits for a person."""

    id: int
    kind: TaskKind
    path: str
    visit: int
    since: int
    answers: tuple[Answer, ...]
    people: tuple[str, ...]
    question: str = ""
    due_at: int | None = None
    quorum: int = 1
    digest: str | None = None
    evidence: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()


class AnswerGiven(State, frozen=True):
    """The last answer that counted for a step, so that the second to answer can be told."""

    kind: TaskKind
    answer: Answer
    by: str
    at: int
    seq: int


class Timer(State, frozen=True):
    """A moment the engine waits for."""

    id: str
    purpose: TimerPurpose
    at: int
    path: str | None = None
    visit: int = 0
    task: int | None = None


class RollbackEntry(State, frozen=True):
    """What must be undone of one visit, oldest first in the list. `confirmed` when its undo may start."""

    path: str
    visit: int
    undo: PreparedUndo
    state: RollbackState = RollbackState.STANDING
    preview: Preview | None = None
    confirmed: bool = False
    failed: bool = False

    @property
    def settled(self) -> bool:
        """Whether the rollback that came to it is done with it."""
        return self.state in (RollbackState.UNDONE, RollbackState.BY_HAND, RollbackState.LEFT)

    @property
    def undone(self) -> bool:
        """Whether it left the list: nothing of it is there to be undone any more."""
        return self.state in (RollbackState.UNDONE, RollbackState.BY_HAND)


class Rolling(State, frozen=True):
    """A rollback under way: its target (None for all), its entries newest first, and how many of them are settled."""

    to: str | None
    entries: tuple[str, ...]
    unattended: bool
    settled: int = 0


class Notice(State, frozen=True):
    """Something that people were told."""

    at: int
    to: tuple[str, ...]
    message: str
    path: str | None = None


class SkipAhead(State, frozen=True):
    """A step that an operator chose to pass over before the run came to it."""

    by: str
    reason: str | None


class Run(msgspec.Struct, kw_only=True):
    """A run, as the fold of its events. Times are ms UTC; `jumps` counts those the runbook took, by `from>to`."""

    number: int
    stream: str
    runbook: Runbook
    definition: str
    source: str
    parameters: dict[str, Value]
    started_by: str
    started_at: int
    seq: int
    order: tuple[str, ...]
    places: dict[str, int]
    steps: dict[str, StepRun]
    files: dict[str, str] = {}
    plugins: dict[str, str] = {}
    environment: str | None = None
    lock: str | None = None
    queued_behind: int | None = None
    deadline_at: int | None = None
    deadline_passed: bool = False
    cursor: str | None = None
    paused: bool = False
    cancelling: bool = False
    cancelling_stops: bool = False
    ended: RunState | None = None
    ended_at: int | None = None
    last_at: int = 0
    tasks: dict[int, Task] = {}
    next_task: int = 1
    last_answers: dict[str, AnswerGiven] = {}
    timers: dict[str, Timer] = {}
    running: dict[str, int] = {}
    entries: dict[str, RollbackEntry] = {}
    rolling: Rolling | None = None
    jumps: dict[str, int] = {}
    skips: dict[str, SkipAhead] = {}
    told: tuple[Notice, ...] = ()

    def copy(self) -> Run:
        """A copy that may be evolved without touching this one."""
        twin = msgspec.structs.replace(self)
        for name in _OWNED:
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def definition_of(self, path: str) -> Step:
        """The step of the runbook behind a path; raises KeyError for an unknown one."""
        return self.runbook.steps[self.places[path]]

    def after(self, path: str) -> str | None:
        """The step that comes next in the runbook's order, or None at its end."""
        place = self.places[path] + 1
        return self.order[place] if place < len(self.order) else None

    def visit_of(self, path: str, number: int) -> Visit | None:
        """A visit by its number."""
        step = self.steps.get(path)
        if step is None or not step.visits:
            return None
        if step.visits[-1].number == number:
            return step.visits[-1]
        return next((visit for visit in step.visits if visit.number == number), None)

    def task_of(self, path: str) -> Task | None:
        """The open task of a step."""
        return next((task for task in self.tasks.values() if task.path == path), None)

    @property
    def undoing(self) -> RollbackEntry | None:
        """The entry that the rollback under way has come to."""
        rolling = self.rolling
        if rolling is None or rolling.settled == len(rolling.entries):
            return None
        return self.entries[rolling.entries[rolling.settled]]

    @property
    def at_hand(self) -> tuple[str, Visit] | None:
        """The visit that the run is at: the one to be undone while it is rolled back, else the one where it stands."""
        entry = self.undoing
        path = entry.path if entry is not None else self.cursor if self.rolling is None else None
        if path is None:
            return None
        visit = self.visit_of(path, entry.visit) if entry is not None else self.steps[path].now
        return (path, visit) if visit is not None else None

    @property
    def in_doubt(self) -> str | None:
        """The step of which nobody knows what an attempt did, until a person has said so."""
        path, visit = self.at_hand or (None, None)
        return path if visit is not None and visit.state is StepState.IN_DOUBT else None

    @property
    def state(self) -> RunState:
        """The state of the run, derived by a fixed precedence."""
        if self.ended is not None:
            return self.ended
        if self.queued_behind is not None:
            return RunState.QUEUED
        if self.in_doubt is not None:
            return RunState.IN_DOUBT
        if self.paused:
            return RunState.PAUSED
        if self.rolling is not None:
            return RunState.ROLLING_BACK
        return RunState.RUNNING if self.running or self._about_to_start() else RunState.WAITING

    def _about_to_start(self) -> bool:
        visit = self.steps[self.cursor].now if self.cursor else None
        return visit is None or visit.state in (StepState.READY, StepState.PREPARED, StepState.PREVIEWED)


_OWNED = ("steps", "tasks", "last_answers", "timers", "running", "entries", "jumps", "skips")


def jump_key(path: str, to: str) -> str:
    """The key of the count of a jump."""
    return f"{path}>{to}"


def entry_key(path: str, visit: int) -> str:
    """The key of a rollback entry."""
    return f"{path}#{visit}"


def visit_key(key: str) -> tuple[str, int]:
    """The path and the number of the visit in such a key."""
    path, _, number = key.rpartition("#")
    return path, int(number)
