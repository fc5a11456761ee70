"""One attempt from its start to its exit record: a single loop that drains, records, answers and stops."""

from __future__ import annotations

import os
import select
import time

from console.redact import Patterns
from console.supervisor import layout, procs, signals
from console.supervisor.child import Child, why_not
from console.supervisor.control import ControlServer
from console.supervisor.permit import Reserved
from console.supervisor.poller import Poller
from console.supervisor.recorder import Recorder
from console.supervisor.requests import Requests
from console.supervisor.spec import Spec
from console.supervisor.stopping import CANCELLED, TIMED_OUT, Stopper, Timeout, awake_clock
from console.supervisor.store import Store
from console.supervisor.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_WAIT_SECONDS = 10.0
_MOST_LEFTOVERS = 50
_MESSAGE_LENGTH = 500


class Attempt:
    """The program, its output, its clients and its end. The current directory is the attempt's."""

    def __init__(self, spec: Spec, record: Reserved, wake: int) -> None:
        """`wake` is the pipe in which this process's own signals arrive. Raises OSError."""
        self._spec = spec
        self._record = record
        self._wake = wake
        self._patterns = Patterns(spec.redact)
        self._poller = Poller()
        self._requests = Requests(
            running=lambda: self._running,
            mask=self._patterns.add,
            cancel=lambda: self._stop(CANCELLED),
            kill=self._kill,
            status=self._describe,
        )
        self._control = ControlServer(spec.attempt, self._requests.handle, self._poller)
        self._store = Store(spec.output_limit)
        self._recorder = Recorder(self._patterns, self._store, line_end=b"\r\n" if spec.pty else b"\n")
        self._status: int | None = None
        self._error: str | None = None
        self._failed_with: int | None = None
        self._executed = False
        self._childless = False
        self._drained_at: float | None = None
        self._stop_wanted: str | None = None
        self.started_at = int(time.time() * 1000)
        self._began = awake_clock()

    def start(self, confirm: Callable[[], None]) -> None:
        """Start the program; `confirm` is called once it runs, or is known not to. Raises OSError."""
        self._confirm = confirm
        self._child = child = Child(self._spec)
        self._timeout = Timeout(self._spec.timeout_ms / 1000) if self._spec.timeout_ms is not None else None
        self._stopper = Stopper(child, self._spec.stop_signals, self._spec.grace_ms / 1000)
        self._streams = Streams(self._poller, child, self._recorder, self._spec.stdin)
        self._requests.begin(child, self._streams)
        self._poller.watch(self._wake, select.POLLIN, self._on_signal)
        self._poller.watch(child.failure, select.POLLIN, self._on_executed)

    @property
    def child_pid(self) -> int:
        """The program's pid."""
        return self._child.pid

    def run(self) -> None:
        """Go on until the attempt has ended, and write its exit record."""
        while not self._over():
            self._poller.turn(self._next_moment() - awake_clock())
            self._reap()
            self._act(awake_clock())
        self._streams.read_the_rest()
        self._recorder.finish()
        self._control.grew(self._store.bytes, self._store.lines)
        self._publish(self._stopper.reason or "exited")
        self._control.close()

    def give_up(self, error: str) -> None:
        """Nothing could be started: say so in the exit record."""
        self._error = error
        self._recorder.note(error)
        self._recorder.finish()
        self._publish("not_started")

    @property
    def _running(self) -> bool:
        """Whether the program itself is there: executed, and not known to have ended."""
        return self._executed and self._status is None

    def _next_moment(self) -> float:
        """When there is something to do even if nothing happens (monotonic seconds)."""
        now = awake_clock()
        moments = [now + _LONGEST_WAIT_SECONDS, self._drained_at, self._stopper.next_at()]
        moments += [self._recorder.idle_at(), self._control.push_at()]
        if self._timeout and not self._stop_wanted:
            moments.append(now + self._timeout.remaining())
        return min(moment for moment in moments if moment is not None)

    def _act(self, now: float) -> None:
        if self._timeout and not self._stop_wanted and self._timeout.remaining() <= 0:
            self._stop(TIMED_OUT)
        # Before the program is executed, a signal would meet a copy of this process.
        if self._stop_wanted and self._running:
            self._stopper.begin(self._stop_wanted)
        self._stopper.advance(now, running=self._status is None, childless=self._childless)
        self._recorder.idle(now)
        self._control.grew(self._store.bytes, self._store.lines)
        self._control.push(now)

    def _over(self) -> bool:
        if self._status is None or not self._executed:
            return False
        if self._stopper.reason and not self._stopper.done:
            return False
        return not self._streams.open or (self._drained_at is not None and awake_clock() >= self._drained_at)

    def _stop(self, reason: str) -> None:
        if self._status is None:
            self._stop_wanted = self._stop_wanted or reason

    def _kill(self) -> None:
        self._stop(CANCELLED)
        self._stopper.hurry()

    def _on_signal(self, _events: int) -> None:
        numbers = os.read(self._wake, 512)
        if signals.TERM in numbers or signals.INT in numbers:
            self._stop(CANCELLED)

    def _on_executed(self, _events: int) -> None:
        """The failure pipe closes by itself when the program takes over from our copy."""
        report = os.read(self._child.failure, 512)
        self._poller.unwatch(self._child.failure)
        os.close(self._child.failure)
        if report:
            self._failed_with, self._error = why_not(report, self._spec)
            self._recorder.note(self._error)
        self._executed = True
        self._confirm()

    def _reap(self) -> None:
        while not self._childless:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if pid == 0:
                return
            if pid == self._child.pid:
                self._status = os.waitstatus_to_exitcode(status)
                self._drained_at = awake_clock() + self._spec.drain_ms / 1000
                if self._child.terminal:
                    self._child.terminal.release()

    def _describe(self) -> dict[str, object]:
        return {
            "version": layout.VERSION,
            "attempt": self._spec.attempt,
            "child": self._child.pid,
            "started_at": self.started_at,
            "bytes": self._store.bytes,
            "lines": self._store.lines,
            "lost_bytes": self._store.lost,
            "terminal": self._child.terminal is not None,
            "stopping": self._stop_wanted,
            "ended": self._status is not None,
        }

    def _publish(self, ending: str) -> None:
        code = self._failed_with if self._failed_with is not None else self._status
        stopped_by = self._stopper.sent if ending in (CANCELLED, TIMED_OUT) else []
        error = self._error or (f"output was lost: {self._store.trouble}" if self._store.lost else None)
        record: dict[str, object] = {
            "version": layout.VERSION,
            "exit_code": code if code is None or code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "ending": ending,
            "started_at": self.started_at,
            "ended_at": int(time.time() * 1000),
            "elapsed_ms": int((awake_clock() - self._began) * 1000),
            "output_bytes": self._store.bytes,
            "output_lines": self._store.lines,
            "output_sha256": self._store.sha256,
            "lost_bytes": self._store.lost,
            "leftovers": self._leftovers(),
            "stopped_by": [signals.name_of(number) for number in stopped_by],
            "error": self._clean(error) if error else None,
        }
        self._record.publish(record)

    def _leftovers(self) -> list[dict[str, object]]:
        # A reaper whose children are all gone has no descendants either: nothing to look for.
        left = [] if self._childless else procs.descendants(os.getpid())[:_MOST_LEFTOVERS]
        return [{"pid": one.pid, "start": one.start, "command": self._clean(one.name)} for one in left]

    def _clean(self, text: str) -> str:
        masked = self._patterns.mask(text.encode("utf-8", "surrogateescape"))
        return procs.printable(masked.decode("utf-8", "replace"), _MESSAGE_LENGTH)
