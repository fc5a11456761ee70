"""The runbook as the engine knows it: what a checked file compiles to, and what a run pins."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from console.engine.words import Effect, Outcome


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Base of the model's structs: frozen, free of cycles, and strict about what a stored definition may hold."""


class ParameterType(StrEnum):
    """The types of a parameter, an answer or an output."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"
    HOST = "host"


class Field(Model, frozen=True):
    """A typed, bounded value that somebody gives: a parameter, what a manual step asks, a step's output.

    `min` and `max` bound an integer, `min_length` and `max_length` (characters) a string; `pattern` must match whole.
    """

    type: ParameterType = ParameterType.STRING
    help: str | None = None
    default: str | int | bool | None = None
    optional: bool = False
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    min: int | None = None
    max: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    path: str | None = None


class FollowWord(StrEnum):
    """What may follow an outcome."""

    NEXT = "next"
    ASK = "ask"
    STOP = "stop"
    ROLLBACK_ALL = "rollback_all"
    ROLLBACK_TO = "rollback_to"
    GO_TO = "go_to"


class Follow(Model, frozen=True):
    """What follows an outcome: a word, its target step, and how often a jump may be taken."""

    word: FollowWord
    target: str | None = None
    at_most: int | None = None
    unattended: bool = False


class UndoForm(StrEnum):
    """How a step says it is undone."""

    STEP = "step"
    NOTHING = "nothing"
    IMPOSSIBLE = "impossible"


class Undo(Model, frozen=True):
    """How a step is undone: by a step of a kind, by nothing, or not at all (why, and what to do instead)."""

    form: UndoForm
    kind: str | None = None
    body: Any = None
    env: dict[str, str] = {}
    timeout_ms: int | None = None
    why: str | None = None
    instead: str | None = None
    unattended: bool = False
    line: int = 0


class Approve(Model, frozen=True):
    """The option `approve`: who is asked after the preview, how many must agree, and for how long."""

    from_: tuple[str, ...] = msgspec.field(name="from", default=())
    quorum: int = 1
    within_ms: int | None = None
    evidence: tuple[str, ...] = ()


class Retry(Model, frozen=True):
    """How often, and after what pause, a failure is tried again by itself; the pause grows by `backoff` (percent)."""

    attempts: int
    wait_ms: int = 0
    backoff_percent: int = 100
    wait_at_most_ms: int = 3_600_000


class Confirm(StrEnum):
    """How a person confirms the start of a step; a runbook may only ask for more than effect and environment do."""

    PROMPT = "prompt"
    TYPED = "typed"


class Step(Model, frozen=True):
    """One step of a runbook: exactly one kind with its body, and the options around it.

    `body`, `env` and `when` still hold their templates; `line` is the place in the file, 1-based.
    """

    id: str
    kind: str
    body: Any = None
    title: str | None = None
    env: dict[str, str] = {}
    effect: Effect | None = None
    idempotent: bool = False
    undo: Undo | None = None
    then: dict[Outcome, Follow] = {}
    approve: Approve | None = None
    when: str | None = None
    timeout_ms: int | None = None
    within_ms: int | None = None
    retry: Retry | None = None
    outputs: dict[str, Field] = {}
    tags: tuple[str, ...] = ()
    confirm: Confirm | None = None
    line: int = 0


class Runbook(Model, frozen=True):
    """A checked runbook. Its digest (over the canonical JSON of this model and its files) is what a run pins."""

    id: str
    title: str
    steps: tuple[Step, ...]
    purpose: str | None = None
    when_not: str | None = None
    owner: str | None = None
    contact: str | None = None
    environment: str | None = None
    tags: tuple[str, ...] = ()
    deadline_ms: int | None = None
    one_at_a_time: str | None = None
    parameters: dict[str, Field] = {}
    unattended_rollback: bool = False

    def step(self, step_id: str) -> Step | None:
        """The step of that id, or None."""
        return next((step for step in self.steps if step.id == step_id), None)

    def index(self, step_id: str) -> int:
        """The position of a step, counted from 0; raises KeyError for an unknown id."""
        for position, step in enumerate(self.steps):
            if step.id == step_id:
                return position
        raise KeyError(step_id)
