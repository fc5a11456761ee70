"""Named points at which a test may kill the server; without the environment variables they cost one comparison.

CONSOLE_FAULT_LOG=FILE appends the name of each point passed. With it, CONSOLE_FAULT_AT=POINT:K[,POINT:K…] kills the
server (SIGKILL) when it passes that point for the K-th time. Each server that was killed so has used up one entry of
the list, as its log says, so that the next server comes to the next one.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

KILLED = "killed"


class _Points:
    def __init__(self) -> None:
        self.log = os.environ.get("CONSOLE_FAULT_LOG", "")
        self._at = self._next_fault()
        self._passed: Counter[str] = Counter()

    def _next_fault(self) -> str:
        killed = 0
        with suppress(OSError):
            killed = Path(self.log).read_text("ascii").split().count(KILLED) if self.log else 0
        faults = os.environ.get("CONSOLE_FAULT_AT", "").split(",")
        return faults[killed] if killed < len(faults) else ""

    def passing(self, name: str) -> None:
        self._passed[name] += 1
        dies = f"{name}:{self._passed[name]}" == self._at
        with Path(self.log).open("a", encoding="ascii") as file:
            file.write(f"{name}\n{KILLED}\n" if dies else f"{name}\n")
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)


_POINTS = _Points()


def point(name: str) -> None:
    """Pass a named point."""
    if _POINTS.log:
        _POINTS.passing(name)
