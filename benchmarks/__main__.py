"""Run every benchmark, one after the other: `python -m benchmarks [NAME…]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks named, or all; the exit code is that of the first that failed."""
    known = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    wanted = sys.argv[1:] or known
    if unknown := [name for name in wanted if name not in known]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    failed = 0
    for name in wanted:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(results / f"{name}.json")]
        failed = failed or subprocess.run(command, check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
