"""What a runbook's file may hold, as structs: the loader fits the file to them, the JSON Schema is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from console.engine.runbook import Confirm, Field
from console.engine.words import Effect
from console.steps.durations import Duration

Text = Annotated[str, Meta(min_length=1)]
Line = Annotated[str, Meta(min_length=1, max_length=200)]
RunbookId = Annotated[
    str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$", description="an id of small letters, digits and -, at most 63 long")
]
StepId = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9-]{0,62}$",
        description="an id of small letters, digits and - that begins with a letter, at most 63 long",
    ),
]
Name = Annotated[
    str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="a name of letters, digits and _, at most 64 long")
]
Tag = Annotated[
    str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,62}$", description="a tag without spaces, at most 63 long")
]
Factor = Annotated[
    str, Meta(pattern=r"^([1-9]|10)(\.[0-9]{1,2})?$", description="a factor from 1 to 10 such as 2 or 1.5")
]

# Every outcome but `cancelled`, after which nothing follows.
FollowedOutcome = Literal["succeeded", "failed", "timed_out", "rejected", "unverified", "skipped"]


class Authored(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of what an author writes: unknown keys are refused."""


class RunbookFile(Authored):
    """The top of a runbook."""

    runbook: RunbookId
    title: Line
    steps: Annotated[list[Any], Meta(min_length=1)]
    purpose: Text | None = None
    when_not: Text | None = None
    owner: Line | None = None
    contact: Line | None = None
    environment: Line | None = None
    tags: list[Tag] = []
    deadline: Duration | None = None
    one_at_a_time: Line | None = None
    parameters: dict[Name, Field] = {}
    unattended: bool = False


class ApproveOption(Authored):
    """The option `approve` of a step."""

    from_: list[Line] = msgspec.field(name="from", default_factory=list)
    quorum: Annotated[int, Meta(ge=1, le=100)] = 1
    within: Duration | None = None
    evidence: list[StepId] = []


class RetryOption(Authored):
    """The option `retry`: how often in all, after what pause, which grows by `backoff` up to `at_most`."""

    attempts: Annotated[int, Meta(ge=2, le=1000)]
    wait: Duration = "0s"
    backoff: Annotated[int, Meta(ge=1, le=10)] | Factor = 1
    at_most: Duration = "1h"


class FollowForm(Authored):
    """What follows an outcome, in its long forms; exactly one of the first three is given."""

    rollback: Literal["all"] | None = None
    rollback_to: StepId | None = None
    go_to: StepId | None = None
    at_most: Annotated[int, Meta(ge=1, le=1000)] | None = None
    unattended: bool = False


class ImpossibleForm(Authored):
    """A rollback that cannot be."""

    impossible: Text
    instead: Text | None = None


class UndoOptions(Authored):
    """What may stand beside the kind of a rollback."""

    env: dict[str, str | int | bool] = {}
    timeout: Duration | None = None
    unattended: bool = False


class StepOptions(Authored):
    """What may stand in a step beside its kind."""

    id: StepId
    title: Line | None = None
    env: dict[str, str | int | bool] = {}
    effect: Effect | None = None
    idempotent: bool = False
    rollback: Any = None
    then: dict[FollowedOutcome, str | dict[str, Any]] = {}
    approve: ApproveOption | None = None
    when: Text | bool | None = None
    timeout: Duration | None = None
    within: Duration | None = None
    retry: RetryOption | None = None
    outputs: dict[Name, Field] = {}
    tags: list[Tag] = []
    confirm: Confirm | None = None
