"""What the supervisor costs each attempt, beside a bare subprocess and a plain start of Python in the same run.

    python benchmarks/supervisor_cost.py [--attempts N] [--json FILE]

The kinds of start alternate, so that a busy machine slows all of them alike; the median and the best of each are given.
`supervised` is the time until the exit record is in place, `to started` until the server knows that the program runs.
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
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from console.supervise import AttemptSpec, look, spawn_blocking
from console.supervisor import layout

TARGET_MS = 30.0
PROGRAM = "/bin/true"
_POLL_SECONDS = 0.0003


def run(argv: list[str]) -> float:
    """Milliseconds for a bare subprocess."""
    begin = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


class Supervised:
    """Starts attempts, each in its own directory, and keeps both times."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._count = 0
        self.to_started: list[float] = []

    def __call__(self) -> float:
        """Milliseconds for one attempt, from its spec to its exit record."""
        self._count += 1
        directory = self._spool / f"attempt-{self._count}"
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
        spec = AttemptSpec(
            attempt=f"bench-{self._count}",
            directory=str(directory),
            argv=[PROGRAM],
            env=environment,
            redact=("secret",),
        )
        begin = time.perf_counter()
        spawn_blocking(spec)
        self.to_started.append((time.perf_counter() - begin) * 1000)
        record = directory / layout.EXIT
        while not record.exists():
            time.sleep(_POLL_SECONDS)
        elapsed = (time.perf_counter() - begin) * 1000
        ended = look(directory).exit
        assert ended is not None, f"no exit record in {directory}"
        assert ended.exit_code == 0, f"{PROGRAM} ended with {ended.exit_code}: {ended.error}"
        return elapsed


def measure(kinds: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The times of each kind, the kinds taking turns; the first turn only warms up."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for turn in range(rounds + 1):
        for name, start in kinds.items():
            elapsed = start()
            if turn:
                times[name].append(elapsed)
    return times


def figures(times: dict[str, list[float]]) -> dict[str, object]:
    """The medians and minima, the cost over a bare subprocess, and its ratio to a plain start of Python."""
    median = {name: statistics.median(values) for name, values in times.items()}
    best = {name: min(values) for name, values in times.items()}
    cost = median["supervised"] - median["bare subprocess"]
    plain = median["python -c pass"]
    return {
        "median_ms": {name: round(value, 2) for name, value in median.items()},
        "best_ms": {name: round(value, 2) for name, value in best.items()},
        "cost_ms": round(cost, 2),
        "cost_best_ms": round(best["supervised"] - best["bare subprocess"], 2),
        "ratio_to_plain_python": round(cost / plain, 2),
        "target_ms": TARGET_MS,
        "within_target": cost <= TARGET_MS,
        "attempts": len(times["supervised"]),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def table(result: dict[str, object], times: dict[str, list[float]]) -> str:
    """The figures for people."""
    lines = [f"{'':24}{'median ms':>12}{'best ms':>12}"]
    lines += [f"{name:24}{statistics.median(values):12.1f}{min(values):12.1f}" for name, values in times.items()]
    verdict = "within" if result["within_target"] else "over"
    lines.append(f"\ncost of supervision: {result['cost_ms']} ms an attempt (best {result['cost_best_ms']})")
    lines.append(
        f"{result['ratio_to_plain_python']} times a plain start of Python; {verdict} the target of {TARGET_MS} ms"
    )
    return "\n".join(lines)


def main() -> int:
    """Measure, print, and write the JSON file if one is named."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attempts", type=int, default=40)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    spool = Path(tempfile.mkdtemp(prefix="console-bench-"))
    try:
        supervised = Supervised(spool)
        kinds: dict[str, Callable[[], float]] = {
            "bare subprocess": lambda: run([PROGRAM]),
            "python -c pass": lambda: run([sys.executable, "-c", "pass"]),
            "python -I -S -c pass": lambda: run([sys.executable, "-I", "-S", "-c", "pass"]),
            "supervised": supervised,
        }
        times = measure(kinds, given.attempts)
    finally:
        shutil.rmtree(spool, ignore_errors=True)
    result = figures(times)
    print(table(result, {**times, "  to started": supervised.to_started[1:]}))
    if given.json:
        given.json.write_text(json.dumps({"benchmark": "supervisor_cost", **result}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
