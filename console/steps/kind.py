"""What a kind of step is: five questions, each the description of an attempt and a reading of its result.

A kind never runs a tool itself: `command` describes the process for a purpose, the supervisor runs it, `read` says
what came of it. Built-in kinds and plugins use this same interface.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from console.engine.prepared import ProcessWork, Work
from console.engine.reports import Change, Finding, Preview, Value
from console.engine.runbook import Step
from console.engine.words import Effect, Ending, Outcome, Purpose

API = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a step's body: where inside the body (keys and indexes), what, and a mend."""

    at: tuple[str | int, ...]
    message: str
    mend: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The directories of a step in a run.

    `files`: the runbook's pinned files, laid out as beside the runbook, not to be written to.
    `run`: shared by the steps of the run, the default working directory of `shell`.
    `work`: of this visit alone; preview, apply and discover of a visit see the same one.
    `state`: survives the run; one for each runbook, `one_at_a_time` key and step.
    `attempt`: the spool directory of the attempt; a process may write `result.json` there. None while preparing.
    `preview`: the digest of the preview that an apply or a rollback is bound to; None where there was no preview.
    """

    files: Path
    run: Path
    work: Path
    state: Path
    attempt: Path | None = None
    preview: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What `prepare` may know beside the rendered body. `now` is ms UTC."""

    step: Step
    env: dict[str, str]
    place: Place
    now: int
    requester: str
    path: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared body: what kind of work it is, the pinned `spec` (JSON values, no floats), and the lines to show.

    `bound` are digests of whatever else decides what will run (a module tree, a playbook tree, an inventory).
    """

    work: Work = field(default_factory=ProcessWork)
    spec: dict[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    effect: Effect | None = None
    repeatable: bool = False
    bound: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The process that answers one question. `env` is added to the step's own; `stdin` is given once, then closed.

    `pty` runs it on a pseudo-terminal; otherwise stdout and stderr are pipes. `signals` are sent in order, `grace_ms`
    apart, when the attempt is cancelled or times out; SIGKILL to everything left comes last. A tool that must save what
    it did even when its supervisor is killed holds its own pipes (`hold_pipes`) and starts with `ignore_signals`
    ignored. `redact` are values that must never reach the output as they are.
    """

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | None = None
    stdin: str | None = None
    pty: bool = False
    signals: tuple[str, ...] = ("SIGINT", "SIGTERM")
    grace_ms: int = 5_000
    hold_pipes: bool = False
    ignore_signals: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """How the process ended. `tail` is the end of its output (at most 64 KiB)."""

    ending: Ending
    exit_code: int | None
    signal: int | None
    tail: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What a kind makes of an ended process.

    `in_doubt` is true where the process ended without saying what it had done: only discovery or a person can tell.
    """

    outcome: Outcome
    summary: str = ""
    outputs: dict[str, Value] = field(default_factory=dict)
    preview: Preview | None = None
    changes: tuple[Change, ...] = ()
    finding: Finding = Finding.CANNOT_TELL
    facts: tuple[str, ...] = ()
    in_doubt: bool = False


class Kind:
    """Base of all kinds.

    `body`: the msgspec struct a (templated, later rendered) body must fit. `keys`: words in a runbook that name this
    kind. `options`: keys beside the kind's key in a step that belong to its body. `literal`: fields of the body that
    are never rendered. `needs`: programs that must be on the PATH. `open_outputs`: whether the tool itself names
    outputs, so that an expression may read one that the runbook does not declare.
    """

    name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[str, ...]] = ()
    literal: ClassVar[frozenset[str]] = frozenset()
    body: ClassVar[type[msgspec.Struct]]
    effect: ClassVar[Effect] = Effect.CHANGES
    needs: ClassVar[tuple[str, ...]] = ()
    for_people: ClassVar[bool] = False
    learns_effect: ClassVar[bool] = False
    open_outputs: ClassVar[bool] = True

    def expand(self, key: str, raw: object) -> object:
        """Turn the short form of a body (such as a plain text) into its full form."""
        return raw

    def check(self, body: Any, step: Step) -> Iterable[Problem]:
        """Problems of a body that its struct cannot express; templates are not yet rendered."""
        return ()

    def files(self, body: Any) -> tuple[str, ...]:
        """Files and directories beside the runbook that a run must pin; one ending in `?` only where it exists."""
        return ()

    def prepare(self, body: Any, context: Context) -> Ready:
        """Pin what will run; may raise `CannotPrepare`. Reads files, starts nothing."""
        raise NotImplementedError(self.name)

    def expand_undo(self, raw: object, forward: object) -> object:
        """Fill a rollback's body from the forward step's (both unrendered), as far as it does not say."""
        return raw

    def prepare_undo(self, body: Any, forward: Ready, context: Context) -> Ready:
        """Pin the undo while the forward step is about to start; by default the same as preparing that body."""
        return self.prepare(body, context)

    def command(self, purpose: Purpose, spec: dict[str, Any], place: Place) -> CommandLine | None:
        """The process for a purpose, or None where this kind has no such question."""
        return None

    def read(self, purpose: Purpose, spec: dict[str, Any], ended: Exit, place: Place) -> Reading:
        """What came of the process."""
        return read_exit_code(ended)


class CannotPrepare(Exception):
    """The step cannot be made ready; the text says why and what to do."""


def read_exit_code(ended: Exit) -> Reading:
    """The plain reading: an exit code of 0 succeeded, a timeout timed out, all else failed."""
    if ended.ending is Ending.TIMED_OUT:
        return Reading(Outcome.TIMED_OUT, "the time allowed for one attempt passed")
    if ended.ending is Ending.CANCELLED:
        return Reading(Outcome.CANCELLED, "stopped by an operator")
    if ended.signal is not None:
        return Reading(Outcome.FAILED, f"ended by signal {ended.signal}")
    if ended.exit_code == 0:
        return Reading(Outcome.SUCCEEDED)
    return Reading(Outcome.FAILED, f"exit code {ended.exit_code}")
