"""The JSON of verbs that look for themselves, without a server; part of the contract in docs/json.md."""

from __future__ import annotations

import msgspec

from console.engine.words import RunState
from console.protocol import Fault, Message


class ErrorView(Message, frozen=True):
    """What `--json` prints when a verb fails."""

    error: Fault


class VersionView(Message, frozen=True):
    """The version of the program, and the versions of the protocol that it speaks."""

    version: str
    protocol: int
    oldest_protocol: int


class CheckProblem(Message, frozen=True):
    """One thing wrong with a runbook; `line` and `column` count from 1, 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str
    code: str
    severity: str
    mend: str = ""


class CheckedFile(Message, frozen=True):
    """A file that was checked: what kind of process it is, and why, when nothing is wrong with it."""

    file: str
    ok: bool
    verdict: str = ""
    risk: str = ""


class CheckView(Message, frozen=True):
    """What `check` found."""

    ok: bool
    files: tuple[CheckedFile, ...]
    problems: tuple[CheckProblem, ...]


class VerifyProblem(Message, frozen=True):
    """One thing that `verify` found: a stable code, what it means, and where it is."""

    code: str
    message: str
    stream: str | None = None
    seq: int | None = None


class VerifyView(Message, frozen=True):
    """What `verify` looked at, and what is wrong with it."""

    ok: bool
    events: int
    problems: tuple[VerifyProblem, ...]
    journal: str | None
    streams: int
    notes: int
    struck: int
    definitions: int
    outputs: int
    output_bytes: int
    heads: dict[str, str]


class Finding(Message, frozen=True):
    """One thing that `doctor` looked at; `disables` says what does not work without it."""

    name: str
    found: bool
    detail: str = ""
    disables: str = ""
    mend: str = ""


class DoctorView(Message, frozen=True):
    """What is installed, what is missing, and what each lack disables."""

    ok: bool
    findings: tuple[Finding, ...]


class StoppedView(Message, frozen=True):
    """Whether a server was there to be stopped."""

    stopped: bool
    pid: int | None = None


class LogView(Message, frozen=True):
    """The last lines of the server's log."""

    file: str
    lines: tuple[str, ...]


class ExportedView(Message, frozen=True):
    """What `export` wrote, and where."""

    file: str
    format: str
    events: int
    bytes: int


class ExportHead(Message, frozen=True):
    """The first line of an export: its format, and the run as it stood."""

    export: int
    run: int
    runbook: str
    state: RunState
    seq: int


class ExportLine(Message, frozen=True):
    """An event: the exact JSON that the hash chain covers, and its hash."""

    event: msgspec.Raw
    hash: str


class ExportNote(Message, frozen=True):
    """A text that events name by its digest."""

    note: str
    text: str
