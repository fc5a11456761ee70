"""Stopping a play. ansible-runner's own way leaves the workers and their modules running; this one does not."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from types import FrameType

from console.steps.sweeping import children, descendants, end_all

_SET_CHILD_SUBREAPER = 36


class Stop:
    """Passes the wish to stop on to ansible-playbook: SIGINT first, which ends its workers too, then SIGTERM."""

    def __init__(self) -> None:
        self._asked = 0
        self._sent = 0
        self.running = False

    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked > 0

    def install(self) -> None:
        """Listen from now on, and become the parent of whatever loses its own, so that it can be found again."""
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})

    def pass_on(self) -> bool:
        """Send what was asked for and not sent yet. Always False: ansible-runner asks whether to do it its way."""
        if self.running and self._sent < self._asked and (started := children(os.getpid())):
            number = signal.SIGINT if self._sent == 0 else signal.SIGTERM
            self._sent = self._asked
            for pid in started:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        return False

    def sweep(self) -> list[int]:
        """After a stop: end whatever the play left on this host. Returns what could not be ended."""
        return end_all(lambda: descendants(os.getpid())) if self.asked() else []

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._asked += 1
        self.pass_on()
