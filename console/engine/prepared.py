"""A step made ready: everything rendered and pinned, so that what runs is what was shown."""

from __future__ import annotations

from typing import Any

import msgspec

from console.engine.runbook import Field, Model, UndoForm
from console.engine.words import Effect


class ProcessWork(Model, frozen=True, tag_field="form", tag="process"):
    """Work done by a supervised process; says which questions beside `apply` the kind can answer."""

    previews: bool = False
    discovers: bool = False


class AskWork(Model, frozen=True, tag_field="form", tag="ask"):
    """Work done by a person: instructions, a checklist, and typed answers."""

    instructions: str
    checklist: tuple[str, ...] = ()
    asks: dict[str, Field] = {}
    from_: tuple[str, ...] = msgspec.field(name="from", default=())


class ApprovalWork(Model, frozen=True, tag_field="form", tag="approval"):
    """A question whose answer is approve or reject."""

    ask: str
    from_: tuple[str, ...] = msgspec.field(name="from", default=())
    quorum: int = 1
    within_ms: int | None = None
    evidence: tuple[str, ...] = ()


class WaitWork(Model, frozen=True, tag_field="form", tag="wait"):
    """Waiting until a moment (ms since the epoch, UTC)."""

    until: int


class TellWork(Model, frozen=True, tag_field="form", tag="tell"):
    """Telling people something in the console."""

    to: tuple[str, ...]
    message: str


Work = ProcessWork | AskWork | ApprovalWork | WaitWork | TellWork


class PreparedUndo(Model, frozen=True):
    """The undo of a step, rendered with the forward step's inputs and pinned when that step starts."""

    form: UndoForm
    digest: str = ""
    kind: str | None = None
    spec: dict[str, Any] = {}
    env: dict[str, str] = {}
    shown: tuple[str, ...] = ()
    previews: bool = False
    discovers: bool = False
    effect: Effect = Effect.CHANGES
    timeout_ms: int | None = None
    unattended: bool = False
    why: str | None = None
    instead: str | None = None


class Prepared(Model, frozen=True):
    """A rendered step.

    `digest` (SHA-256, hex) covers kind, spec, env and the files and plugin behind them; `shown` are the lines that
    say what will run; `repeatable` is true when starting it twice does no harm (it reads, or says `idempotent`).
    """

    digest: str
    kind: str
    work: Work
    effect: Effect = Effect.CHANGES
    repeatable: bool = False
    spec: dict[str, Any] = {}
    env: dict[str, str] = {}
    shown: tuple[str, ...] = ()
    timeout_ms: int | None = None
    undo: PreparedUndo | None = None
