"""What can still be said about an attempt whose supervisor is gone without an exit record."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from msgspec import Struct

from console.supervise.output import output_size, read_output, read_pieces
from console.supervise.records import SupervisorRecord
from console.supervise.survivors import Survivor, find_survivors
from console.supervisor import layout
from console.supervisor.procs import boot_id

_TAIL_BYTES = 16 * 1024
_TAIL_LINES = 20
_LINE_LENGTH = 400


class Evidence(Struct, frozen=True, kw_only=True):
    """For the person who has to say what happened.

    `last_output_at` in milliseconds since the epoch, None without output. `last_lines`: up to 20 lines of at most 400
    characters, redacted, not sanitised for a terminal. `boot`: whether the host was started anew since.
    """

    last_output_at: int | None
    output_bytes: int
    last_lines: list[str]
    boot: Literal["same", "changed", "unknown"]
    survivors: list[Survivor]
    problems: list[str]


def gather(directory: Path, attempt: str | None, supervisor: SupervisorRecord | None, problems: list[str]) -> Evidence:
    """The evidence in a directory and among the live processes. Never raises for what it finds."""
    size = output_size(directory)
    attempt = attempt or (supervisor.attempt if supervisor else None)
    return Evidence(
        last_output_at=_last_output_at(directory, size),
        output_bytes=size,
        last_lines=_last_lines(directory, size),
        boot=_boot(supervisor),
        survivors=find_survivors(attempt, supervisor) if attempt else [],
        problems=[*problems, *_supervisor_log(directory)],
    )


def _last_output_at(directory: Path, size: int) -> int | None:
    try:
        pieces = read_pieces(directory, max(0, size - 1), 1)
    except OSError:
        return None
    return pieces[-1].at or None if pieces else None


def _last_lines(directory: Path, size: int) -> list[str]:
    try:
        tail = read_output(directory, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    except OSError:
        return []
    lines = tail.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n")
    return [line[-_LINE_LENGTH:] for line in lines[-_TAIL_LINES:]] if tail else []


def _boot(supervisor: SupervisorRecord | None) -> Literal["same", "changed", "unknown"]:
    now = boot_id()
    if supervisor is None or not supervisor.boot_id or not now:
        return "unknown"
    return "same" if supervisor.boot_id == now else "changed"


def _supervisor_log(directory: Path) -> list[str]:
    try:
        handle = os.open(directory / layout.LOG, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        lines = os.pread(handle, _TAIL_BYTES, 0).decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return []
    finally:
        os.close(handle)
    return [f"the supervisor itself failed: {lines[-1][:_LINE_LENGTH]}"] if lines else []
