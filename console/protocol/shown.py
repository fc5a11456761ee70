"""What the server shows of runs, runbooks and itself. Times are ISO 8601 in UTC."""

from __future__ import annotations

import msgspec

from console.engine.reports import Evidence, Preview, Process, Value
from console.engine.runbook import Field
from console.engine.words import (
    Answer,
    AttemptState,
    Effect,
    Outcome,
    Purpose,
    RollbackState,
    RunState,
    StepState,
    TaskKind,
)
from console.protocol.message import Message


class OutputFacts(Message, frozen=True):
    """How much an attempt printed, in bytes and lines; `sha256` once it has ended. `open`: the last line goes on."""

    bytes: int = 0
    lines: int = 0
    open: bool = False
    sha256: str | None = None
    lost_bytes: int = 0


class AttemptView(Message, frozen=True):
    """One process of a step. `visit` and `number` address it within the step."""

    number: int
    visit: int
    purpose: Purpose
    state: AttemptState
    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    summary: str = ""
    output_bytes: int = 0
    output_lines: int = 0
    output_sha256: str | None = None
    output_lost_bytes: int = 0
    leftovers: tuple[Process, ...] = ()
    error: str | None = None


class StepView(Message, frozen=True):
    """A step of a run. `steps` are its parts where it is a group; `version` binds an answer to what was seen."""

    id: str
    path: str
    position: str
    title: str
    kind: str
    state: StepState
    version: int
    visit: int = 0
    outcome: Outcome | None = None
    effect: Effect | None = None
    started_at: str | None = None
    ended_at: str | None = None
    retry_at: str | None = None
    summary: str = ""
    note: str | None = None
    answered_by: str | None = None
    outputs: dict[str, Value] = {}
    answers: dict[str, Value] = {}
    shown: tuple[str, ...] = ()
    digest: str | None = None
    preview: Preview | None = None
    evidence: Evidence | None = None
    undo: tuple[str, ...] | None = None
    rollback: RollbackState | None = None
    attempts: tuple[AttemptView, ...] = ()
    steps: tuple[StepView, ...] = ()


class VoteView(Message, frozen=True):
    """One approval given so far."""

    by: str
    at: str
    self_approved: bool = False


class WaitingView(Message, frozen=True):
    """Something that waits for a person: for whom, since when, until when, and the words that `answer` accepts now."""

    run: int
    runbook: str
    step: str
    title: str
    kind: TaskKind
    answers: tuple[Answer, ...]
    for_: tuple[str, ...] = msgspec.field(name="for")
    since: str
    due: str | None = None
    question: str = ""
    asks: dict[str, Field] = {}
    checklist: tuple[str, ...] = ()
    quorum: int = 1
    votes: tuple[VoteView, ...] = ()
    evidence: tuple[str, ...] = ()
    digest: str | None = None
    version: int = 0
    preview: Preview | None = None
    follows: dict[str, str] = {}


class RunSummary(Message, frozen=True):
    """A run as it stands in a list."""

    id: int
    runbook: str
    title: str
    state: RunState
    started_by: str
    started_at: str
    seq: int
    environment: str | None = None
    ended_at: str | None = None
    step: str | None = None
    step_position: int = 0
    step_count: int = 0
    waiting: tuple[WaitingView, ...] = ()
    params: dict[str, Value] = {}
    late: bool = False


class NoticeView(Message, frozen=True):
    """Something that people were told."""

    at: str
    to: tuple[str, ...]
    message: str
    run: int
    step: str | None = None


class RunView(Message, frozen=True):
    """A whole run. With `since` asked for, `steps` holds only those that changed after that event."""

    id: int
    runbook: str
    title: str
    state: RunState
    params: dict[str, Value]
    started_by: str
    started_at: str
    seq: int
    steps: tuple[StepView, ...]
    waiting: tuple[WaitingView, ...] = ()
    ended_at: str | None = None
    environment: str | None = None
    purpose: str | None = None
    source: str = ""
    definition: str = ""
    newer_definition: bool = False
    paused: bool = False
    cancelling: bool = False
    unattended_rollback: bool = False
    queued_behind: int | None = None
    deadline_at: str | None = None
    late: bool = False
    cursor: str | None = None
    partial: bool = False
    trouble: str | None = None


class Line(Message, frozen=True):
    """A line of output: its number counted from 0, when it came, and its text (cut to what was asked for)."""

    number: int
    at: str | None
    text: str
    cut: int = 0


class OutputView(Message, frozen=True):
    """A window of an attempt's output."""

    run: int
    step: str
    visit: int
    attempt: int
    lines: tuple[Line, ...]
    total: OutputFacts
    complete: bool


class StepPlan(Message, frozen=True):
    """A step of a runbook as it stands before a run."""

    id: str
    title: str
    kind: str
    effect: Effect
    shown: tuple[str, ...] = ()
    undo: str | None = None
    approval: tuple[str, ...] | None = None
    when: str | None = None
    follows: tuple[str, ...] = ()


class RunbookSummary(Message, frozen=True):
    """A runbook as it stands in a list."""

    id: str
    title: str
    source: str
    risk: Effect
    purpose: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    environment: str | None = None
    last_run: int | None = None
    last_state: RunState | None = None
    last_at: str | None = None


class RunbookView(Message, frozen=True):
    """A runbook with its parameters and its steps."""

    summary: RunbookSummary
    parameters: dict[str, Field]
    steps: tuple[StepPlan, ...]
    when_not: str | None = None
    contact: str | None = None
    unattended_rollback: bool = False
    verdict: str = ""
    warnings: tuple[str, ...] = ()


class ProblemView(Message, frozen=True):
    """Something wrong with a file, a plugin or the server, and what mends it."""

    what: str
    where: str = ""
    mend: str = ""


class RunbookList(Message, frozen=True):
    """All runbooks found, and the files that could not be loaded."""

    runbooks: tuple[RunbookSummary, ...]
    problems: tuple[ProblemView, ...] = ()


class ServerView(Message, frozen=True):
    """The server as it stands."""

    pid: int
    version: str
    home: str
    socket: str
    started_at: str
    clients: int
    runs_open: int
    attempts_running: int
    journal_events: int
    memory_kb: int
    unprotected: bool
    uptime_ms: int = 0
    trouble: str | None = None
    problems: tuple[ProblemView, ...] = ()


class EventPage(Message, frozen=True):
    """Events of a run as the journal holds them: each the exact JSON text that is hashed, and its hash."""

    events: tuple[tuple[str, str], ...]
    more: bool
    notes: dict[str, str] = {}


class Started(Message, frozen=True):
    """A run was started."""

    id: int
    state: RunState


class Done(Message, frozen=True):
    """A command was taken; `seq` is the last event of the run it led to."""

    run: int
    seq: int
    state: RunState
    repeated: bool = False
