"""What a client asks, each with the type of the body that answers it."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args

import msgspec

from console.engine.reports import Value
from console.engine.words import Answer
from console.protocol.shown import (
    Done,
    EventPage,
    NoticeView,
    OutputView,
    RunbookList,
    RunbookView,
    RunSummary,
    RunView,
    ServerView,
    Started,
    StepPlan,
)

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
