"""A long run after the server's death: how soon it is open and stepping again, and the server's memory.

The journal is made by the server's own turns, then left as a killed server leaves it. The time counts from the start of
the server's process to its answer about the run, and to the first event of the step that comes next.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.step_cost import Engine
from console import protocol as p
from console.config import Home, socket_path
from console.engine.runbook import Runbook, Step


class Client:
    """The protocol at its barest, so that the client's own start does not count."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            with contextlib.suppress(OSError):
                self.socket.connect(str(path))
                break
            time.sleep(0.002)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(p.frame(p.Hello(version=p.VERSION, client="bench")))
        self._read()

    def _read(self) -> bytes:
        return self.file.read(p.frame_length(self.file.read(p.HEADER)))

    def ask(self, ask: p.AnyAsk) -> bytes:
        """The body of the reply."""
        self.socket.sendall(p.frame(p.Request(id=1, ask=ask)))
        while True:
            message = msgspec.json.decode(self._read(), type=p.FromServer)
            if message.reply is not None:
                return bytes(message.reply.body)


async def build(home: Path, steps: int) -> None:
    """A journal with a run of so many finished steps and one more to come, and no tidy end."""
    engine = Engine(home, steps)
    last = Step(id="last", kind="shell", body={"text": "sleep 5"})
    engine.book = Runbook(id="bench", title="Bench", steps=(*engine.book.steps, last))
    await engine.start()
    for _ in range(steps - 1):
        await engine.step()
    await engine.committer.aclose()


def measure(home: Path) -> dict[str, float]:
    """One start of the server on that journal, ended by SIGKILL."""
    environment = {**os.environ, "CONSOLE_HOME": str(home)}
    path = socket_path(Home(home), environment)
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "console", "server", "run"], env=environment, stderr=sys.stderr)
    try:
        client = Client(path)
        summary = msgspec.json.decode(client.ask(p.ListRuns()), type=tuple[p.RunSummary, ...])[0]
        opened = time.perf_counter() - began
        before = summary.seq
        while summary.seq <= before and summary.step != "last":
            summary = msgspec.json.decode(client.ask(p.ListRuns()), type=tuple[p.RunSummary, ...])[0]
        stepping = time.perf_counter() - began
        status = msgspec.json.decode(client.ask(p.ServerStatus()), type=p.ServerView)
        return {"open_s": opened, "stepping_s": stepping, "memory_mb": status.memory_kb / 1024, "events": summary.seq}
    finally:
        server.kill()
        server.wait()


def main() -> int:
    """Build, measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory).resolve() / "home"
        home.mkdir(mode=0o700)
        asyncio.run(build(home, args.steps))
        rounds = [measure(home) for _ in range(args.rounds)]
    result = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    print(f"{args.steps} finished steps, {result['events']:.0f} events, median of {args.rounds} starts")
    print(f"  server answers about the run  {result['open_s']:.3f} s")
    print(f"  the next step has begun       {result['stepping_s']:.3f} s (goal 0.5 s)")
    print(f"  memory of the server          {result['memory_mb']:.0f} MB (goal under 100 MB)")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
