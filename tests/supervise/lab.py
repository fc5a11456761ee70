"""Real attempts in a temporary spool, and the patience to wait for what they do."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from console.supervise import (
    AttemptSpec,
    ExitRecord,
    Standing,
    SupervisorRecord,
    ask,
    find_survivors,
    look,
    read_output,
    spawn_blocking,
)
from console.supervisor import layout
from console.supervisor.procs import process, send

Seen = TypeVar("Seen")

ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
PYTHON = sys.executable

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may look into a supervisor: it closes itself to its own user"
)


def until(condition: Callable[[], Seen], what: str, seconds: float = 20.0) -> Seen:
    """What the condition returns, as soon as that is true; fails saying what was waited for."""
    end = time.monotonic() + seconds
    while True:
        seen = condition()
        if seen:
            return seen
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}; at last it was {seen!r}"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    found = process(pid)
    return found is not None and found.state not in "ZX"


def bare_supervisor(*before: str, pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """A supervisor that runs and has not been told what to do yet, after the lines of Python in `before`."""
    main = Path(layout.__file__).with_name("main.py")
    command = [PYTHON, "-I", "-S", "-X", "utf8"]
    root = str(main.parent.parent.parent)
    start = ["from console.supervisor.supervise import main", "sys.exit(main())"]
    program = "\n".join(["import os, sys, time", f"sys.path.append({root!r})", *before, *start])
    return subprocess.Popen(
        [*command, "-c", program] if before else [*command, str(main)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        pass_fds=pass_fds,
    )


class Lab:
    """Makes attempts under one directory, and ends whatever they leave behind."""

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.made: list[AttemptSpec] = []

    def spec(self, *argv: str, sh: str = "", python: str = "", **changes: Any) -> AttemptSpec:
        """A spec for a command, a shell script or a Python program."""
        command = list(argv) or (["/bin/sh", "-c", sh] if sh else [PYTHON, "-I", "-S", "-c", python])
        attempt = f"attempt-{uuid4().hex[:12]}"
        fields = {"directory": str(self.spool / attempt), "env": ENVIRONMENT, "grace_ms": 1000, **changes}
        spec = AttemptSpec(attempt=attempt, argv=command, **fields)
        self.made.append(spec)
        return spec

    def start(self, *argv: str, **given: Any) -> AttemptSpec:
        """Start an attempt, which must not have been started before."""
        spec = self.spec(*argv, **given)
        assert spawn_blocking(spec) == "started"
        return spec

    def finish(self, spec: AttemptSpec, seconds: float = 20.0) -> ExitRecord:
        """The exit record, once the attempt has ended."""

        def finished() -> ExitRecord | None:
            standing = look(spec.directory)
            assert standing.state in {"running", "finished"}, f"the attempt is {standing}"
            return standing.exit

        ended = until(finished, f"the end of {spec.argv}", seconds)
        assert ended
        return ended

    def run(self, *argv: str, **given: Any) -> tuple[ExitRecord, bytes]:
        """Start an attempt, wait for its end; its exit record and all of its output."""
        spec = self.start(*argv, **given)
        ended = self.finish(spec)
        return ended, self.output(spec)

    def output(self, spec: AttemptSpec) -> bytes:
        """All of the output so far."""
        return read_output(spec.directory, 0, 1 << 30)

    def wait_for_output(self, spec: AttemptSpec, text: bytes, seconds: float = 20.0) -> bytes:
        """The output, once it has this text in it."""
        return until(lambda: text in self.output(spec) and self.output(spec), f"{text!r} in the output", seconds) or b""

    def supervisor(self, spec: AttemptSpec) -> SupervisorRecord:
        """Who supervises an attempt that was started."""
        standing = look(spec.directory)
        assert standing.supervisor, f"no record of the supervisor: {standing}"
        return standing.supervisor

    def ask(self, spec: AttemptSpec, do: str, **fields: Any) -> dict[str, Any]:
        """One request over the control socket."""
        return ask(spec.directory, {"do": do, **fields})

    def kill_supervisor(self, spec: AttemptSpec) -> Standing:
        """SIGKILL for the supervisor; how the attempt stands once it is gone."""
        record = self.supervisor(spec)
        os.kill(record.supervisor.pid, signal.SIGKILL)
        until(lambda: not alive(record.supervisor.pid), "the supervisor's death")
        return look(spec.directory, spec.attempt)

    def clean_up(self) -> None:
        """End the supervisors and programs that a test left running."""
        for spec in self.made:
            record = look(spec.directory).supervisor
            for one in find_survivors(spec.attempt, record):
                send(one.pid, one.start, signal.SIGKILL)
            if record:
                with suppress(AssertionError):
                    until(lambda pid=record.supervisor.pid: not alive(pid), "its end", 2.0)  # type: ignore[misc]
                send(record.supervisor.pid, record.supervisor.start, signal.SIGKILL)


def sha256(data: bytes) -> str:
    """The digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
