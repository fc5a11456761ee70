"""Starting a supervisor and hearing that its program runs."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from console.supervise.errors import CouldNotStart, StartUnclear
from console.supervise.places import make_parent
from console.supervise.spec import AttemptSpec
from console.supervisor import main as supervisor_main

Started = Literal["started", "already"]

# `-I -S`: nothing of the operator's environment or site-packages, and a quarter of the start-up time.
_COMMAND = [sys.executable, "-I", "-S", "-X", "utf8", str(Path(supervisor_main.__file__).resolve())]
_ANSWER_BYTES = 4096
_LAST_MOMENTS_SECONDS = 5.0
# An interpreter outside the system's places may need it to start at all.
_KEPT_ENVIRONMENT = ("LD_LIBRARY_PATH",)

_children: set[subprocess.Popen[bytes]] = set()
_children_lock = threading.Lock()


async def spawn(spec: AttemptSpec, *, patience_seconds: float = 30.0) -> Started:
    """Start a supervisor for this attempt; returns when its program runs, without holding the event loop.

    "already": the attempt's directory exists, so it was started, or declared never started, before.
    A program that cannot be executed counts as started: its attempt has ended with exit code 126 or 127.
    Raises CouldNotStart (nothing has run, for certain) or StartUnclear (`settle` decides).
    """
    return await asyncio.to_thread(spawn_blocking, spec, patience_seconds=patience_seconds)


def spawn_blocking(spec: AttemptSpec, *, patience_seconds: float = 30.0) -> Started:
    """As `spawn`, for callers without an event loop."""
    reap()
    try:
        message = spec.encoded()
        make_parent(Path(spec.directory))
        process = subprocess.Popen(
            [*_COMMAND, spec.attempt],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Whatever an interpreter that does not even start has to say becomes the answer.
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ},
            cwd="/",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise CouldNotStart(
            f"the attempt's supervisor cannot be started: {error}",
            where=spec.directory,
            unaffected="everything that runs goes on",
            mend="make room (processes, memory, disk) or mend the directory, then try again",
        ) from error
    with _children_lock:
        _children.add(process)
    answer = _converse(process, message, patience_seconds)
    if not answer.startswith(b"started"):
        # It is about to end; until then it may hold the lock, and would look as if it ran.
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LAST_MOMENTS_SECONDS if answer else 0)
    return _verdict(spec, answer)


def reap() -> None:
    """Collect the supervisors of this process that have ended, so that none stays as a zombie."""
    with _children_lock:
        _children.difference_update([process for process in _children if process.poll() is not None])


def _converse(process: subprocess.Popen[bytes], message: bytes, patience: float) -> bytes:
    """Hand over the spec and wait for the supervisor's line; empty if it says nothing in time."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + patience
    try:
        _write(process.stdin.fileno(), message, deadline)
    except BrokenPipeError:
        pass  # it has ended; what it said is still to be read
    finally:
        process.stdin.close()
    with process.stdout:
        return _read_line(process.stdout.fileno(), deadline)


def _write(descriptor: int, message: bytes, deadline: float) -> None:
    os.set_blocking(descriptor, False)
    view = memoryview(message)
    while view and _ready(descriptor, select.POLLOUT, deadline):
        view = view[os.write(descriptor, view) :]


def _read_line(descriptor: int, deadline: float) -> bytes:
    answer = b""
    while not answer.endswith(b"\n") and _ready(descriptor, select.POLLIN, deadline):
        piece = os.read(descriptor, _ANSWER_BYTES)
        answer += piece
        if not piece or len(answer) > _ANSWER_BYTES:
            break
    return answer


def _ready(descriptor: int, events: int, deadline: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _verdict(spec: AttemptSpec, answer: bytes) -> Started:
    line = answer.decode("utf-8", "replace").strip()
    if line in {"started", "already"}:
        return "started" if line == "started" else "already"
    if line.startswith("error "):
        raise CouldNotStart(
            line.removeprefix("error "),
            where=spec.directory,
            unaffected="nothing was started",
            mend="mend what the message says, then try again",
        )
    raise StartUnclear(
        f"the attempt's supervisor did not confirm its start: {line[-500:] or 'it said nothing'}",
        where=spec.directory,
        unaffected="everything else goes on",
        mend="the attempt's directory is asked whether the program was started",
    )
