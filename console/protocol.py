"""The messages between client and server, and with them the JSON that the command line prints.

A frame is four bytes of length (big-endian) and that many bytes of JSON. A client says Hello first; then each Ask has
a number, and its Reply carries the same. Pushes come unasked, once a client watches. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, get_args

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

VERSION = 1
OLDEST = 1
LARGEST_FRAME = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")
HEADER = _LENGTH.size


class Message(msgspec.Struct, kw_only=True, frozen=True):
    """Base of everything that is said or shown; unknown fields are ignored, so that versions can differ by one."""


# --- what is shown ---------------------------------------------------------------------------------------------------


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
    parameters: dict[str, Value] = {}
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


# --- what is asked ---------------------------------------------------------------------------------------------------


Body = TypeVar("Body")


class Ask(msgspec.Struct, Generic[Body], kw_only=True, frozen=True, tag_field="ask"):
    """Base of what a client asks; its parameter is the type of the body of the reply."""


class ListRuns(Ask[tuple[RunSummary, ...]], frozen=True, tag="runs"):
    """The runs, newest first."""

    waiting: bool = False
    limit: int = 200


class ShowRun(Ask[RunView], frozen=True, tag="show"):
    """One run; with `since`, only the steps that changed after that event."""

    run: int
    since: int = 0


class StartRun(Ask[Started], frozen=True, tag="start"):
    """Start a run of a runbook (its id, or the path of its file)."""

    runbook: str
    parameters: dict[str, Value]
    command: str
    wait_for_lock: bool = False


class PlanRun(Ask[tuple[StepPlan, ...]], frozen=True, tag="plan"):
    """What a run with these parameters would do: each step rendered as far as that is possible before it starts."""

    runbook: str
    parameters: dict[str, Value]


class AnswerStep(Ask[Done], frozen=True, tag="answer"):
    """Answer what a step asks."""

    run: int
    step: str
    answer: Answer
    command: str
    values: dict[str, Value] = {}
    note: str | None = None
    version: int | None = None


class DoRun(Ask[Done], frozen=True, tag="do"):
    """Do something to a run: pause, resume, cancel, jump, skip or rollback."""

    run: int
    verb: str
    command: str
    step: str | None = None
    reason: str | None = None
    stop: bool = False


class ReadOutput(Ask[OutputView], frozen=True, tag="output"):
    """A window of lines of a step's output; without an attempt the latest that printed. `first` -n: the last n."""

    run: int
    step: str
    visit: int | None = None
    attempt: int | None = None
    first: int = 0
    count: int = 200
    width: int = 16_384


class ListRunbooks(Ask[RunbookList], frozen=True, tag="runbooks"):
    """All runbooks."""


class ShowRunbook(Ask[RunbookView], frozen=True, tag="runbook"):
    """One runbook (its id, or the path of its file)."""

    runbook: str


class ReadEvents(Ask[EventPage], frozen=True, tag="events"):
    """Events of a run after a number, as the journal holds them."""

    run: int
    since: int = 0
    limit: int = 1_000


class ReadNotices(Ask[tuple[NoticeView, ...]], frozen=True, tag="notices"):
    """What people were told lately, newest first."""

    limit: int = 50


class Watch(Ask[None], frozen=True, tag="watch"):
    """Be told of changes: of one run, or of all."""

    run: int | None = None


class Unwatch(Ask[None], frozen=True, tag="unwatch"):
    """Be told no more."""


class SendInput(Ask[None], frozen=True, tag="input"):
    """Type into the terminal of a running step (text, sent as UTF-8)."""

    run: int
    step: str
    text: str


class ServerStatus(Ask[ServerView], frozen=True, tag="status"):
    """How the server stands."""


class StopServer(Ask[None], frozen=True, tag="stop"):
    """Stop the server; what runs goes on under its supervisors."""


AnyAsk = (
    ListRuns
    | ShowRun
    | StartRun
    | PlanRun
    | AnswerStep
    | DoRun
    | ReadOutput
    | ListRunbooks
    | ShowRunbook
    | ReadEvents
    | ReadNotices
    | Watch
    | Unwatch
    | SendInput
    | ServerStatus
    | StopServer
)


def body_type(ask: type[Ask[Any]]) -> Any:
    """The type of the body of a reply to this ask, as its class declares it."""
    return get_args(ask.__orig_bases__[0])[0]  # type: ignore[attr-defined]


# --- the conversation ------------------------------------------------------------------------------------------------


class Hello(Message, frozen=True):
    """The first message of a client. `as_name` is the name it claims to act under."""

    version: int
    client: str
    as_name: str | None = None


class Welcome(Message, frozen=True):
    """The server's answer to Hello: under which name it will record what this client asks."""

    version: int
    server: str
    home: str
    name: str
    asserted: bool = False
    unprotected: bool = True
    error: Fault | None = None


class Fault(Message, frozen=True):
    """Why something was not done. `code` and `exit_code` are those of console.errors."""

    code: str
    exit_code: int
    message: str
    where: str | None = None
    unaffected: str | None = None
    mend: str | None = None
    problems: tuple[str, ...] = ()


class Request(Message, frozen=True):
    """A numbered ask."""

    id: int
    ask: AnyAsk


class Reply(Message, frozen=True):
    """The answer to the request of that number: a body, or a fault."""

    id: int
    body: msgspec.Raw = msgspec.Raw(b"null")
    fault: Fault | None = None


class Changed(Message, frozen=True, tag_field="push", tag="changed"):
    """A run changed."""

    run: int
    seq: int
    state: RunState


class Grew(Message, frozen=True, tag_field="push", tag="grew"):
    """An attempt printed more."""

    run: int
    step: str
    visit: int
    attempt: int
    bytes: int
    lines: int


class Notice(Message, frozen=True, tag_field="push", tag="notice"):
    """People were told something."""

    notice: NoticeView


class Stopping(Message, frozen=True, tag_field="push", tag="stopping"):
    """The server stops now; runs go on."""


AnyPush = Changed | Grew | Notice | Stopping


class FromServer(Message, frozen=True):
    """A frame from the server: a reply or a push."""

    reply: Reply | None = None
    push: AnyPush | None = None


def frame(message: Any) -> bytes:
    """A message as it goes over the wire."""
    body = msgspec.json.encode(message)
    return _LENGTH.pack(len(body)) + body


def frame_length(header: bytes) -> int:
    """The length that a header announces; raises ValueError for more than LARGEST_FRAME."""
    (length,) = _LENGTH.unpack(header)
    if length > LARGEST_FRAME:
        raise ValueError(f"a frame of {length} bytes is larger than the {LARGEST_FRAME} allowed")
    return int(length)


def iso(ms: int | None) -> str | None:
    """A moment (ms since the epoch) as ISO 8601 in UTC."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Milliseconds since the epoch of a text that `iso` made."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
