"""What both stand-ins share: the log of real effects, and the gate at which a test may hold them.

Imported by the stand-ins under `python -I -S`, so it uses the standard library only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


class Effects:
    """Appends each effect once, as it happens, and waits where a test holds it.

    A line of the log is `TOOL ACTION THING begin|end`. While a file `hold.THING` lies beside the program, the effect
    on that thing has begun and does not end.
    """

    def __init__(self, tool: str, log: Path, gates: Path) -> None:
        self._tool = tool
        self._log = log
        self._gates = gates

    def begin(self, action: str, thing: str) -> None:
        self._write(action, thing, "begin")

    def end(self, action: str, thing: str) -> None:
        self._write(action, thing, "end")

    def wait_at_gate(self, thing: str, stopped: Callable[[], bool] = lambda: False) -> None:
        """Return once nobody holds this thing, or somebody asked to stop."""
        while (self._gates / f"hold.{thing}").exists() and not stopped():
            time.sleep(0.005)

    def _write(self, action: str, thing: str, what: str) -> None:
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{self._tool} {action} {thing} {what}\n".encode())
        finally:
            os.close(handle)
