"""How long a verb that only asks the server takes, as a process, with the server warm.

    python -m benchmarks.cli_latency [--rounds N] [--json FILE]

A bare `python -c pass` is measured in the same run, the commands taking turns, so that a busy machine slows all of them
alike: the ratio is firmer than the milliseconds. `cpu` is what the process itself used, which a busy machine changes
less. The home is fresh and holds a few runs of a runbook with a hundred lines of output.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TARGET_MS = 150.0
BARE = "python -c pass"
RUNBOOK = """\
runbook: noise
title: Something to look at
owner: benchmarks
contact: nobody
steps:
  - id: say
    title: Print a hundred lines
    shell: seq 1 100
    effect: reads
  - id: look
    manual: {instructions: Is it so?}
"""
VERBS: tuple[tuple[str, ...], ...] = (
    ("runs", "--json"),
    ("runs",),
    ("show", "1"),
    ("show", "1", "--json"),
    ("output", "1", "say"),
    ("runbooks",),
    ("answer", "1", "look", "done"),
    ("do", "2", "pause"),
    ("server", "status"),
    ("export", "1", "--format", "jsonl"),
    ("version",),
)


class Took(NamedTuple):
    """Milliseconds of one process."""

    wall: float
    cpu: float


def took(command: list[str]) -> Took:
    """Run a command once."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    wall = (time.perf_counter() - begin) * 1000
    process.returncode = 0  # it has been waited for
    return Took(wall, (usage.ru_utime + usage.ru_stime) * 1000)


def console(*arguments: str) -> list[str]:
    """The command of a verb, as the installed script starts it."""
    script = Path(sys.executable).parent / "console"
    return [str(script), *arguments] if script.exists() else [sys.executable, "-m", "console", *arguments]


def measure(rounds: int) -> dict[str, list[Took]]:
    """The times of each command, the commands taking turns; the first turn only warms up."""
    commands = {BARE: [sys.executable, "-c", "pass"]} | {" ".join(verb): console(*verb) for verb in VERBS}
    times: dict[str, list[Took]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            once = took(command)
            if turn:
                times[name].append(once)
    return times


def prepare(home: Path) -> None:
    """Fill a home with runs, and leave its server running."""
    runbooks = home / "runbooks"
    runbooks.mkdir(parents=True, mode=0o700)
    (runbooks / "noise.yaml").write_text(RUNBOOK)
    for _ in range(3):
        done = subprocess.run(console("run", "noise"), capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 6, done.stdout + done.stderr


def summary(times: dict[str, list[Took]]) -> dict[str, dict[str, float]]:
    """Per command: median and best in milliseconds, the CPU's median, and the ratio of medians to the bare start."""
    bare = statistics.median(one.wall for one in times[BARE])
    found = {}
    for name, many in times.items():
        walls = [one.wall for one in many]
        found[name] = {
            "median_ms": round(statistics.median(walls), 1),
            "best_ms": round(min(walls), 1),
            "cpu_ms": round(statistics.median(one.cpu for one in many), 1),
            "ratio": round(statistics.median(walls) / bare, 2),
        }
    return found


def show(found: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    print(f"{'command':<28} {'median':>8} {'best':>8} {'cpu':>8} {'ratio':>6}   ms, target {TARGET_MS:.0f}")
    for name, row in found.items():
        print(f"{name:<28} {row['median_ms']:>8} {row['best_ms']:>8} {row['cpu_ms']:>8} {row['ratio']:>6}")


def main() -> int:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description="The latency of verbs that only ask the server.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="console-"))
    os.environ.update(CONSOLE_HOME=str(base / "home"), XDG_RUNTIME_DIR=str(base))
    for name in ("CONSOLE_AS", "CONSOLE_PLAIN"):
        os.environ.pop(name, None)
    try:
        prepare(base / "home")
        times = measure(given.rounds)
    finally:
        subprocess.run(console("server", "stop"), capture_output=True, check=False)
        shutil.rmtree(base, ignore_errors=True)
    found = summary(times)
    show(found)
    worst = max((row["median_ms"], name) for name, row in found.items())
    if given.json:
        facts = {"python": platform.python_version(), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}
        given.json.write_text(json.dumps({"target_ms": TARGET_MS, "machine": facts, "commands": found}, indent=2))
    print(f"slowest: {worst[1]}, {worst[0]} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
