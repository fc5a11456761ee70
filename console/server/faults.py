"""Named points at which a test may kill the server; without the environment variable they cost one comparison.

CONSOLE_FAULT_AT=N kills the server (SIGKILL) when it passes its N-th point, counted from 1; CONSOLE_FAULT_LOG=FILE
appends the name of each point passed.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


class _Points:
    def __init__(self) -> None:
        self.at = int(os.environ.get("CONSOLE_FAULT_AT", "0") or 0)
        self.log = os.environ.get("CONSOLE_FAULT_LOG")
        self.passed = 0

    def passing(self, name: str) -> None:
        self.passed += 1
        if self.log:
            with Path(self.log).open("a", encoding="ascii") as file:
                file.write(f"{name}\n")
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


_POINTS = _Points()


def point(name: str) -> None:
    """Pass a named point."""
    if _POINTS.at or _POINTS.log:
        _POINTS.passing(name)
