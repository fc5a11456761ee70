"""The records a supervisor leaves, read as if anybody could have written them."""

from __future__ import annotations

import os
import stat
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from console.supervisor import layout

Natural = Annotated[int, Meta(ge=0)]
Pid = Annotated[int, Meta(ge=1)]
Ending = Literal["exited", "timed_out", "cancelled", "not_started"]

Record = TypeVar("Record", bound=Struct)


class Leftover(Struct, frozen=True):
    """A process that the program started and that still ran when it had ended; `start` in clock ticks since boot."""

    pid: Pid
    start: Natural
    command: str


class ExitRecord(Struct, frozen=True, kw_only=True):
    """How an attempt ended. Milliseconds; `started_at` and `ended_at` since the epoch, in UTC.

    Of `exit_code` and `signal` one is set, except for "not_started". `output_lines` counts line ends.
    """

    version: Annotated[int, Meta(ge=1)]
    exit_code: Annotated[int, Meta(ge=0, le=255)] | None
    signal: Annotated[int, Meta(ge=1, le=64)] | None
    ending: Ending
    started_at: Natural
    ended_at: Natural
    elapsed_ms: Natural
    output_bytes: Natural
    output_lines: Natural
    output_sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    lost_bytes: Natural = 0
    leftovers: list[Leftover] = []
    stopped_by: list[str] = []
    error: str | None = None

    def __post_init__(self) -> None:
        known = [value for value in (self.exit_code, self.signal) if value is not None]
        if len(known) != (0 if self.ending == "not_started" else 1):
            raise ValueError(f"exit code and signal do not fit the ending {self.ending!r}")


class Identity(Struct, frozen=True):
    """A process under one boot: a pid alone is used again. `start` in clock ticks since boot."""

    pid: Pid
    start: Natural


class SupervisorRecord(Struct, frozen=True, kw_only=True):
    """Who supervises an attempt, and what was started. `started_at` in milliseconds since the epoch, UTC."""

    version: Annotated[int, Meta(ge=1)]
    attempt: str
    supervisor: Identity
    child: Identity
    boot_id: str
    started_at: Natural
    command: str


class Unreadable(Exception):
    """A record is there and cannot be believed; the text says why."""


def read_record(directory: int, name: str, kind: type[Record]) -> Record | None:
    """The record of this name in an open directory, None if there is none. Raises Unreadable."""
    data = read_small(directory, name)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(f"{name} is damaged: {error}") from error


def read_small(directory: int, name: str, limit: int = layout.RECORD_BYTES) -> bytes | None:
    """The bytes of a small regular file, None if it is not there. Raises Unreadable."""
    try:
        # A link or a pipe in its place must neither lead elsewhere nor hold us up.
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{name} cannot be opened: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            raise Unreadable(f"{name} is not a record: a special file, or too large")
        return os.read(handle, limit)
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror}") from error
    finally:
        os.close(handle)
