"""Processes of an attempt that outlived it: found before the attempt is started again, ended on a person's word."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Literal

from msgspec import Struct

from console.supervise.records import Identity, SupervisorRecord
from console.supervisor import layout
from console.supervisor.procs import Process, boot_id, printable, process, processes, send

_COMMAND_LENGTH = 200
_COMMAND_BYTES = 4096
_POLL_SECONDS = 0.02


class Survivor(Struct, frozen=True):
    """A live process of an attempt. `start` in clock ticks since boot; `command` is printable and cut to 200.

    `found_by`: the attempt's marker in its environment, or the session of the attempt's supervisor, which also
    covers what gave itself another environment. What did both, or runs as another user, is not found.
    """

    pid: int
    start: int
    command: str
    age_seconds: float
    found_by: Literal["marker", "session"]


def find_survivors(attempt: str, supervisor: SupervisorRecord | None = None) -> list[Survivor]:
    """The processes of this attempt that run now, oldest first; its supervisor is not one of them."""
    marker = f"{layout.MARKER}={attempt}".encode("utf-8", "surrogateescape")
    session = _session(supervisor)
    found = []
    for one in processes():
        if one.pid == os.getpid() or Identity(one.pid, one.start) == session:
            continue
        if session and one.session == session.pid and one.start >= session.start:
            found.append(_survivor(one, "session"))
        elif marker in _environment(one.pid):
            found.append(_survivor(one, "marker"))
    return sorted(found, key=lambda one: (one.start, one.pid))


def end_survivors(survivors: list[Survivor], *, grace_seconds: float = 5.0) -> list[Survivor]:
    """Ask these processes to end (SIGTERM), wait, and kill what stays. Blocks; returns those that are still there."""
    for number, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 2.0)):
        for one in survivors:
            send(one.pid, one.start, number)
            send(one.pid, one.start, signal.SIGCONT)
        end = time.monotonic() + patience
        while (survivors := [one for one in survivors if _alive(one)]) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
    return survivors


def _session(supervisor: SupervisorRecord | None) -> Identity | None:
    """The supervisor as it was: it leads the session, whose number is not given away while anybody is in it."""
    if supervisor is None or supervisor.boot_id != boot_id():
        return None
    now = process(supervisor.supervisor.pid)
    if now is not None and now.start != supervisor.supervisor.start:
        # The number names another process now, so nobody is left in the session.
        return None
    return supervisor.supervisor


def _alive(one: Survivor) -> bool:
    now = process(one.pid)
    return now is not None and now.start == one.start and now.state not in "ZX"


def _survivor(one: Process, found_by: Literal["marker", "session"]) -> Survivor:
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
    age = max(0.0, uptime - one.start / os.sysconf("SC_CLK_TCK"))
    return Survivor(one.pid, one.start, _command(one), age, found_by)


def _command(one: Process) -> str:
    words = _read(one.pid, "cmdline").split(b"\0")
    text = " ".join(word.decode("utf-8", "replace") for word in words if word)
    return printable(text or one.name, _COMMAND_LENGTH)


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ", limit=None).split(b"\0")


def _read(pid: int, name: str, limit: int | None = _COMMAND_BYTES) -> bytes:
    try:
        with Path(f"/proc/{pid}/{name}").open("rb") as file:
            return file.read(-1 if limit is None else limit)
    except OSError:
        # It has ended, or belongs to somebody else.
        return b""
