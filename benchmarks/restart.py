"""A long run after the server's death: how soon it is open and stepping again, and the server's memory.

    python -m benchmarks.restart [--steps 10000] [--rounds 5] [--home DIRECTORY] [--json FILE]

The journal is made by the server's own turns and copied as a killed server leaves it, at the worst moment: just before
the next snapshot, with its log not yet written back. Each start is of a copy of its own. The time counts from the start
of the server's process to its answer about the run, and until the step that comes next has really begun: its process
makes a mark.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.step_cost import WORK, Engine
from console import protocol as p
from console.config import Home, socket_path
from console.server.runs import SNAPSHOT_EVERY

MARK = "mark"
EVENTS_OF_A_STEP = 5


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


async def build(home: Path, copy: Path, steps: int) -> int:
    """A copy of a home with a run of so many finished steps, a little more, and one to come; returns its last event."""
    spec = {"argv": ["/bin/sh", "-c", f"echo > ../{MARK}"], "cwd": str(copy / "work")}
    engine = Engine(home, steps + SNAPSHOT_EVERY, msgspec.structs.replace(WORK, spec=spec))
    await engine.start()
    number = 0
    while number < steps or not about_to_snapshot(engine):
        await engine.step(number)
        number += 1
    last = engine.reader.head("run/1").seq
    shutil.copytree(home, copy)
    (copy / "work").mkdir()
    await engine.committer.aclose()
    return last


def about_to_snapshot(engine: Engine) -> bool:
    """Whether the next turn would keep a snapshot, so that a start has the most to fold."""
    kept = engine.reader.snapshot("run/1", engine.runs.code)
    return kept is not None and engine.reader.head("run/1").seq - kept.seq >= SNAPSHOT_EVERY - EVENTS_OF_A_STEP


def measure(home: Path, before: int) -> dict[str, float]:
    """One start of the server on that journal, ended by SIGKILL."""
    environment = {**os.environ, "CONSOLE_HOME": str(home)}
    path = socket_path(Home(home), environment)
    path.unlink(missing_ok=True)
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "console", "server", "run"], env=environment, stderr=sys.stderr)
    try:
        client = Client(path)
        (summary,) = msgspec.json.decode(client.ask(p.ListRuns()), type=tuple[p.RunSummary, ...])
        opened = time.perf_counter() - began
        while not (home / MARK).exists():
            time.sleep(0.002)
        stepping = time.perf_counter() - began
        used = cpu_seconds(server.pid)
        asked = time.perf_counter()
        client.ask(p.ShowRun(run=1, since=before))
        showed = time.perf_counter() - asked
        status = msgspec.json.decode(client.ask(p.ServerStatus()), type=p.ServerView)
        return {
            "open_s": opened,
            "stepping_s": stepping,
            "cpu_s": used,
            "show_since_s": showed,
            "memory_mb": status.memory_kb / 1024,
            "events": summary.seq,
        }
    finally:
        server.kill()
        server.wait()


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processors, in its own code and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rounds_of(home: Path, last: int, rounds: int) -> list[dict[str, float]]:
    """Several starts, each of a journal as the killed server left it."""
    kept = home.with_name("kept")
    home.rename(kept)
    found = []
    for _ in range(rounds):
        shutil.copytree(kept, home)
        found.append(measure(home, last))
        shutil.rmtree(home, ignore_errors=True)
    return found


def main() -> int:
    """Build, measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="where to write; the disk takes part in the figures")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.home, ignore_cleanup_errors=True) as directory:
        made, home = Path(directory).resolve() / "made", Path(directory).resolve() / "home"
        made.mkdir(mode=0o700)
        last = asyncio.run(build(made, home, args.steps))
        rounds = rounds_of(home, last, args.rounds)
    result = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    print(f"over {args.steps} finished steps, {result['events']:.0f} events, median of {args.rounds} starts")
    print(f"  server answers about the run  {result['open_s']:.3f} s")
    print(f"  the next step has begun       {result['stepping_s']:.3f} s (goal 0.5 s)")
    print(f"  processor time until then     {result['cpu_s']:.3f} s")
    print(f"  what changed is shown in      {result['show_since_s']:.3f} s")
    print(f"  memory of the server          {result['memory_mb']:.0f} MB (goal under 100 MB)")
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
