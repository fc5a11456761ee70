"""The command line as a process, and the end of the servers that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from console.client.connection import Client
from console.config import Home
from console.errors import ConsoleError
from console.protocol import ServerStatus


class Ended(NamedTuple):
    """What a verb ended with."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its standard output as JSON."""
        return msgspec.json.decode(self.out)


def console(*arguments: str, stdin: str | None = None, timeout: float = 60, **environ: str) -> Ended:
    """Run a verb; `environ` is added to the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **environ},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def stop_server(home: Home) -> None:
    """End the server of a home, however it stands."""
    client = Client(home, start=False)
    try:
        pid = client.ask(ServerStatus()).pid
    except ConsoleError:
        return
    finally:
        client.close()
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while lives(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process is there and not just waiting to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
