"""The program's descriptors: its output into the recorder, and what it is given to read."""

from __future__ import annotations

import os
import select

from console.supervisor import layout
from console.supervisor.child import Child
from console.supervisor.poller import Poller
from console.supervisor.recorder import Recorder
from console.supervisor.stopping import awake_clock

_READ_BYTES = 256 * 1024
_MOST_TYPED = 64 * 1024
_WRITE_BYTES = 64 * 1024
# More than any pipe or terminal holds: what the program wrote before it ended is always within it.
_LAST_READ_BYTES = 2 * 1024 * 1024


class Streams:
    """Drains the program as fast as it writes, and never waits for it."""

    def __init__(self, poller: Poller, child: Child, recorder: Recorder, stdin: str | None) -> None:
        self._poller = poller
        self._child = child
        self._recorder = recorder
        self._typed = b""
        self._stdin = memoryview((stdin or "").encode("utf-8", "surrogateescape"))
        self._master = child.terminal.master if child.terminal else -1
        for descriptor, stream in child.streams.items():
            self._watch(descriptor, stream)
        if child.stdin is not None:
            poller.watch(child.stdin, select.POLLOUT, self._feed_stdin)

    @property
    def open(self) -> bool:
        """Whether anybody can still write anything."""
        return any(map(self._poller.watches, self._child.streams))

    @property
    def can_be_typed_at(self) -> bool:
        """Whether there is a terminal that somebody may read from."""
        return self._poller.watches(self._master)

    def type(self, data: bytes) -> bool:
        """Type at the terminal; False if so much waits there already that nothing can be added."""
        if len(self._typed) + len(data) > _MOST_TYPED:
            return False
        self._typed += data
        self._watch(self._master, layout.TERMINAL)
        return True

    def read_the_rest(self) -> None:
        """Take what is in the pipes now, without waiting for more."""
        for descriptor, stream in self._child.streams.items():
            if self._poller.watches(descriptor):
                self._read(descriptor, stream, _LAST_READ_BYTES)

    def _watch(self, descriptor: int, stream: int) -> None:
        events = select.POLLIN
        if self._typed and descriptor == self._master:
            events |= select.POLLOUT
        self._poller.watch(descriptor, events, lambda events: self._on_stream(descriptor, stream, events))

    def _on_stream(self, descriptor: int, stream: int, events: int) -> None:
        if events & select.POLLOUT:
            self._feed_terminal()
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._read(descriptor, stream, _READ_BYTES)

    def _read(self, descriptor: int, stream: int, budget: int) -> None:
        """Read what is there, a terminal's small pieces put together, up to about `budget` bytes."""
        pieces: list[bytes] = []
        while budget > 0:
            try:
                data = os.read(descriptor, _READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""  # a terminal that nobody has open any more
            if not data:
                self._poller.unwatch(descriptor)
                break
            pieces.append(data)
            budget -= len(data)
        if pieces:
            self._recorder.take(stream, b"".join(pieces), awake_clock())

    def _feed_terminal(self) -> None:
        try:
            self._typed = self._typed[os.write(self._master, self._typed) :]
        except BlockingIOError:
            return
        except OSError:
            self._typed = b""
        if not self._typed:
            self._watch(self._master, layout.TERMINAL)

    def _feed_stdin(self, _events: int) -> None:
        descriptor = self._child.stdin
        if descriptor is None:
            return
        try:
            self._stdin = self._stdin[os.write(descriptor, self._stdin[:_WRITE_BYTES]) :]
        except BlockingIOError:
            return
        except OSError:
            self._stdin = memoryview(b"")  # the program reads no more
        if not self._stdin:
            self._poller.unwatch(descriptor)
            os.close(descriptor)
            self._child.stdin = None
