"""What a reader of the journal knows, kept without the engine, so that the rules are checked against the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from console.engine import commands as c
from console.engine import events as e
from console.engine.prepared import Prepared, PreparedUndo
from console.engine.run import Run
from console.engine.runbook import UndoForm
from console.engine.words import Answer, Ending, Outcome, Purpose, RollbackState, StepState, TaskKind
from tests.engine.plans import Book

Key = tuple[str, int]
CUT_SHORT = (Outcome.TIMED_OUT, Outcome.CANCELLED)


@dataclass
class Passage:
    """One visit to a step."""

    entered_seq: int
    prepared: Prepared | None = None
    seen: str | None = None
    approved: str | None = None
    applies: list[str] = field(default_factory=list)
    undo: PreparedUndo | None = None
    undo_seen: str | None = None
    undo_confirmed: bool = False
    undos: list[str] = field(default_factory=list)
    answered: e.TaskAnswered | None = None
    told: bool = False
    ended: StepState | None = None
    outcome: Outcome | None = None
    skipped: str | None = None

    @property
    def begun(self) -> int:
        """How many processes did, or may have done, the step's work."""
        return sum(one != "never_started" for one in self.applies)


@dataclass
class Facts:
    """The run, as its journal tells it."""

    book: Book
    passages: dict[Key, Passage] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    running: dict[Key, tuple[int, Purpose]] = field(default_factory=dict)
    attempts: set[tuple[str, int, int]] = field(default_factory=set)
    suspect: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    doubt: set[Key] = field(default_factory=set)
    tasks: dict[int, e.TaskOpened] = field(default_factory=dict)
    votes: dict[int, list[str]] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    entries: dict[Key, RollbackState] = field(default_factory=dict)
    rolling: list[Key] | None = None
    unattended: bool = False
    versions: dict[str, int] = field(default_factory=dict)
    cursor: str | None = None
    jumping_to: str | None = None
    paused: bool = False
    cancelling: bool = False
    queued: bool = False
    ended: bool = False
    seq: int = 0

    def at(self, event: e.StepEvent) -> Passage:
        """The visit that an event is about."""
        return self.passages[event.path, event.visit]

    def now(self, path: str) -> Passage | None:
        """The latest visit of a step."""
        return self.passages.get((path, self.latest.get(path, 0)))

    @property
    def standing(self) -> list[Key]:
        """What is on the rollback list, newest first."""
        gone = (RollbackState.UNDONE, RollbackState.BY_HAND)
        return [key for key, state in reversed(self.entries.items()) if state not in gone]

    def note(self, recorded: e.Recorded) -> None:
        """Take an event into account."""
        event = recorded.event
        self.seq = recorded.seq
        if isinstance(event, e.StepEvent):
            self.versions[event.path] = recorded.seq
        method: Any = getattr(self, f"_{type(event).__name__}", None)
        if method is not None:
            method(event, recorded)

    # --- the run -------------------------------------------------------------------------------------------------

    def _RunStarted(self, event: e.RunStarted, recorded: e.Recorded) -> None:
        self.queued = event.queued_behind is not None

    def _RunAdmitted(self, event: e.RunAdmitted, recorded: e.Recorded) -> None:
        self.queued = False

    def _RunPaused(self, event: e.RunPaused, recorded: e.Recorded) -> None:
        self.paused = True

    def _RunResumed(self, event: e.RunResumed, recorded: e.Recorded) -> None:
        self.paused = False

    def _CancelAsked(self, event: e.CancelAsked, recorded: e.Recorded) -> None:
        self.cancelling = True

    def _RunEnded(self, event: e.RunEnded, recorded: e.Recorded) -> None:
        self.ended = True
        self.paused = self.queued = False
        self.rolling = None

    def _Told(self, event: e.Told, recorded: e.Recorded) -> None:
        if event.path is not None and (passage := self.now(event.path)) is not None:
            passage.told = True

    # --- steps ---------------------------------------------------------------------------------------------------

    def _StepEntered(self, event: e.StepEntered, recorded: e.Recorded) -> None:
        self.passages[event.path, event.visit] = Passage(entered_seq=recorded.seq)
        self.latest[event.path] = event.visit
        self.cursor = event.path
        if event.path == self.jumping_to:
            self.jumping_to = None

    def _StepSkipped(self, event: e.StepSkipped, recorded: e.Recorded) -> None:
        if not event.ahead:
            passage = self.at(event)
            passage.skipped, passage.ended, passage.outcome = event.why, StepState.SKIPPED, Outcome.SKIPPED

    def _StepPrepared(self, event: e.StepPrepared, recorded: e.Recorded) -> None:
        passage = self.at(event)
        passage.prepared, passage.seen = event.prepared, None

    def _StepEnded(self, event: e.StepEnded, recorded: e.Recorded) -> None:
        passage = self.at(event)
        passage.ended, passage.outcome = event.state, event.outcome

    def _RetryBegan(self, event: e.RetryBegan, recorded: e.Recorded) -> None:
        passage = self.at(event)
        if event.rendered_anew or passage.seen is not None:
            passage.approved = None
        if event.rendered_anew:
            passage.prepared = None
        passage.seen = passage.ended = passage.outcome = None
        self.doubt.discard((event.path, event.visit))

    def _Jumped(self, event: e.Jumped, recorded: e.Recorded) -> None:
        self.jumping_to = event.to

    # --- processes -----------------------------------------------------------------------------------------------

    def _AttemptStarted(self, event: e.AttemptStarted, recorded: e.Recorded) -> None:
        key = (event.path, event.visit)
        self.running[key] = (event.attempt, event.purpose)
        self.attempts.add((event.path, event.visit, event.attempt))
        passage = self.at(event)
        if event.purpose is Purpose.APPLY:
            passage.applies.append("running")
            undo = passage.prepared.undo if passage.prepared is not None else None
            if undo is not None and undo.form is not UndoForm.NOTHING and key not in self.entries:
                passage.undo = undo
                self.entries[key] = RollbackState.STANDING
        elif event.purpose is Purpose.ROLLBACK:
            passage.undos.append("running")

    def _AttemptEnded(self, event: e.AttemptEnded, recorded: e.Recorded) -> None:
        key = (event.path, event.visit)
        del self.running[key]
        passage, report = self.at(event), event.report
        if report.ending in (Ending.TIMED_OUT, Ending.CANCELLED):
            self.suspect.add(event.path)
        came_to = "never_started" if report.ending is Ending.NEVER_STARTED else report.outcome.value
        match event.purpose:
            case Purpose.APPLY:
                passage.applies[-1] = came_to
                if came_to == "never_started" and passage.begun == 0:
                    self.entries.pop(key, None)
                elif came_to != "never_started":
                    (self.unknown.add if report.outcome in CUT_SHORT else self.unknown.discard)(event.path)
            case Purpose.ROLLBACK:
                passage.undos[-1] = came_to
            case Purpose.PREVIEW if came_to == "succeeded":
                passage.seen = report.preview.digest if report.preview is not None else None
            case Purpose.ROLLBACK_PREVIEW if came_to == "succeeded":
                passage.undo_seen = report.preview.digest if report.preview is not None else None

    def _AttemptInDoubt(self, event: e.AttemptInDoubt, recorded: e.Recorded) -> None:
        del self.running[event.path, event.visit]
        self.suspect.add(event.path)
        passage = self.at(event)
        if event.purpose is Purpose.APPLY:
            passage.applies[-1] = "lost"
            self.unknown.add(event.path)
        elif event.purpose is Purpose.ROLLBACK:
            passage.undos[-1] = "lost"
        if event.purpose in (Purpose.APPLY, Purpose.ROLLBACK):
            self.doubt.add((event.path, event.visit))

    def _SurvivorsSought(self, event: e.SurvivorsSought, recorded: e.Recorded) -> None:
        if not event.found:
            self.suspect.discard(event.path)

    # --- people --------------------------------------------------------------------------------------------------

    def _TaskOpened(self, event: e.TaskOpened, recorded: e.Recorded) -> None:
        self.tasks[event.task] = event
        self.votes[event.task] = []

    def _TaskClosed(self, event: e.TaskClosed, recorded: e.Recorded) -> None:
        del self.tasks[event.task]

    def _TaskAnswered(self, event: e.TaskAnswered, recorded: e.Recorded) -> None:
        self.votes[event.task].append(event.by)
        if not event.closes:
            return
        task = self.tasks.pop(event.task)
        self.answered.add(event.task)
        passage = self.at(event)
        passage.answered = event
        if task.kind is TaskKind.FAILED or (task.kind is TaskKind.IN_DOUBT and event.answer is not Answer.LOOK_AGAIN):
            self.unknown.discard(event.path)
            self.doubt.discard((event.path, event.visit))
        match event.answer:
            case Answer.APPROVE:
                passage.approved = task.digest
            case Answer.START_ANYWAY:
                self.suspect.discard(event.path)
            case Answer.UNDO:
                passage.undo_confirmed = True
            case Answer.RETRY if task.kind is TaskKind.ROLLBACK_FAILED:
                passage.undo_seen = None
                passage.undo_confirmed = passage.undo is not None and not passage.undo.previews

    # --- rolling back --------------------------------------------------------------------------------------------

    def _RollbackBegan(self, event: e.RollbackBegan, recorded: e.Recorded) -> None:
        self.rolling = list(event.paths)
        self.unattended = event.unattended
        self.ended = self.cancelling = False
        for key in event.paths:
            self.entries[key] = RollbackState.STANDING
            self.passages[key].undo_seen = None
            self.passages[key].undo_confirmed = False

    def _RollbackSettled(self, event: e.RollbackSettled, recorded: e.Recorded) -> None:
        self.entries[event.path, event.visit] = event.state
        if self.rolling is not None:
            self.rolling.pop(0)

    def _RollbackDropped(self, event: e.RollbackDropped, recorded: e.Recorded) -> None:
        del self.entries[event.path, event.visit]

    def _RollbackEnded(self, event: e.RollbackEnded, recorded: e.Recorded) -> None:
        self.rolling = None
        if event.to is not None:
            self.cursor = event.to


@dataclass(frozen=True)
class Turn:
    """One turn: what was asked, what was recorded, and the run after it."""

    command: c.AnyCommand
    recorded: tuple[e.Recorded, ...]
    run: Run
