"""Stopping a program: the signals in their order, each with its time, and then everything that descends from it.

A timeout counts the time the host was suspended, because that is what people mean by half an hour; but after the host
wakes up the program gets a moment to notice before it is stopped.
"""

from __future__ import annotations

import os
import time

from console.supervisor import procs, signals
from console.supervisor.child import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SWEEP_SECONDS = 2.0
_KILL_AGAIN_SECONDS = 0.05
_GIVE_UP_SECONDS = 5.0
_AFTER_WAKING_SECONDS = 30.0
_SUSPENDED_SECONDS = 1.0

CANCELLED = "cancelled"
TIMED_OUT = "timed_out"


def awake_clock() -> float:
    """Seconds that do not pass while the host is suspended."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def boot_clock() -> float:
    """Seconds that pass while the host is suspended too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Timeout:
    """When a program has had its time. The clocks are given for the tests' sake."""

    def __init__(
        self,
        seconds: float,
        awake: Callable[[], float] = awake_clock,
        boot: Callable[[], float] = boot_clock,
    ) -> None:
        self._seconds = seconds
        self._awake, self._boot = awake, boot
        self._awake_start, self._boot_start = awake(), boot()
        self._slept = 0.0
        self._woke_at: float | None = None

    def remaining(self) -> float:
        """Seconds until the program is to be stopped; zero or less once it is."""
        awake_for = self._awake() - self._awake_start
        slept = self._boot() - self._boot_start - awake_for
        if slept > self._slept + _SUSPENDED_SECONDS:
            self._slept, self._woke_at = slept, awake_for
        left = self._seconds - awake_for - max(self._slept, 0.0)
        if self._woke_at is None:
            return left
        since_waking = awake_for - self._woke_at
        moment = min(_AFTER_WAKING_SECONDS, self._seconds - self._woke_at) - since_waking
        return max(left, moment)


class Stopper:
    """Brings a program and its descendants to an end, one stage after the other, without ever blocking."""

    def __init__(self, child: Child, stop_signals: list[int], grace: float) -> None:
        self._child = child
        self._signals = list(stop_signals)
        self._grace = grace
        self._next_at = 0.0
        self._gives_up_at: float | None = None
        self.reason: str | None = None
        self.sent: list[int] = []
        self.done = False

    def begin(self, reason: str) -> None:
        """Stop the program, for this reason. Only the first reason counts."""
        self.reason = self.reason or reason

    def hurry(self) -> None:
        """Skip what is left of the polite part."""
        self._signals.clear()
        self._next_at = 0.0

    def next_at(self) -> float | None:
        """When `advance` has something to do again (monotonic seconds)."""
        return None if self.reason is None or self.done else self._next_at

    def advance(self, now: float, *, running: bool, childless: bool) -> None:
        """Do what is due: `running`, whether the program itself still runs; `childless`, whether nothing is left."""
        if self.reason is None or self.done:
            return
        if running:
            if now >= self._next_at:
                self._next_stage(now)
        elif childless:
            self.done = True
        else:
            self._sweep(now)

    def _next_stage(self, now: float) -> None:
        if self._signals:
            number = self._signals.pop(0)
            self._next_at = now + self._grace
            self._record(number)
            self._signal_group(number)
            return
        self._record(signals.KILL)
        self._next_at = now + _KILL_AGAIN_SECONDS
        kill_descendants(signals.KILL)

    def _sweep(self, now: float) -> None:
        """The program has ended and others are left: ask them once, then kill them until they are gone."""
        if self._gives_up_at is None:
            asked = signals.KILL in self.sent
            self._next_at = now if asked else now + min(self._grace, _SWEEP_SECONDS)
            self._gives_up_at = self._next_at + _GIVE_UP_SECONDS
            if not asked:
                kill_descendants(signals.TERM)
        if now >= self._gives_up_at:
            self.done = True
        elif now >= self._next_at:
            self._next_at = now + _KILL_AGAIN_SECONDS
            kill_descendants(signals.KILL)

    def _signal_group(self, number: int) -> None:
        groups = {self._child.pid}
        front = self._child.terminal.foreground() if self._child.terminal else None
        if front and front != os.getpgrp():
            groups.add(front)
        for group in groups:
            for each in (number, signals.CONT):
                # A stopped process takes its signal only once it is continued.
                try:
                    os.killpg(group, each)
                except OSError:
                    continue

    def _record(self, number: int) -> None:
        if number not in self.sent:
            self.sent.append(number)


def kill_descendants(number: int) -> None:
    """Signal everything that descends from this process, in whatever session it hides."""
    for one in procs.descendants(os.getpid()):
        procs.send(one.pid, one.start, number)
        if number != signals.KILL:
            procs.send(one.pid, one.start, signals.CONT)
