"""The output on disk: appended, timed, counted and digested; what a full disk swallows is counted too."""

from __future__ import annotations

import os
import time

from console.supervisor import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Digest(Protocol):
        """The part of hashlib's objects that is used."""

        def update(self, data: bytes, /) -> None:
            """Take more data."""

        def hexdigest(self) -> str:
            """The digest so far, in hexadecimal."""


_RETRY_SECONDS = 0.25


def new_digest() -> Digest:
    """A SHA-256. The built-in one loads in no time; hashlib brings OpenSSL along, which costs seven milliseconds."""
    try:
        from _sha256 import sha256  # Python 3.11
    except ImportError:
        try:
            from _sha2 import sha256  # from Python 3.12
        except ImportError:
            from hashlib import sha256
    made: Digest = sha256()
    return made


class Store:
    """`out` and `out.times` in the current directory. Nothing here raises for want of space."""

    def __init__(self, limit: int | None = None) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._times = os.open(layout.TIMES, flags, 0o600)
        # Last of all the files: it says that the program may have been started.
        self._out = os.open(layout.OUT, flags, 0o600)
        self._digest = new_digest()
        self._limit = limit
        self._last = (-1, -1)
        self._failing_since: float | None = None
        self._lost_here = 0
        self._reason = ""
        self.bytes = 0
        self.lines = 0
        self.lost = 0

    def append(self, stream: int, data: bytes, at_ms: int | None = None) -> None:
        """Add data from a stream, as read at `at_ms` (milliseconds since the epoch; now, if not given)."""
        if not data:
            return None
        at_ms = int(time.time() * 1000) if at_ms is None else at_ms
        if self._failing_since is not None and not self._recovered(at_ms):
            return self._lose(len(data))
        room = len(data) if self._limit is None else max(0, self._limit - self.bytes)
        written = self._write(stream, data[:room], at_ms)
        if written < len(data):
            self._reason = self._reason or f"the limit of {self._limit} bytes was reached"
            self._failing_since = time.monotonic()
            self._lose(len(data) - written)
        return None

    def finish(self) -> None:
        """Say at the end of the output what is missing there, if room can be had, and bring it all to the disk."""
        if self._lost_here:
            self._write(layout.SUPERVISOR_WORDS, self._loss(), int(time.time() * 1000))
        for handle in (self._out, self._times):
            try:
                os.fsync(handle)
            except OSError as error:
                self._reason = self._reason or (error.strerror or "cannot sync")

    @property
    def sha256(self) -> str:
        """The digest of the bytes in `out`, in hexadecimal."""
        return self._digest.hexdigest()

    @property
    def trouble(self) -> str | None:
        """Why output was lost, if any was."""
        return self._reason or None

    def _recovered(self, at_ms: int) -> bool:
        """Whether there is room again; if so, a line in the output says what is missing in this place."""
        if self._failing_since is None or time.monotonic() - self._failing_since < _RETRY_SECONDS:
            return False
        if self._limit is not None and self.bytes >= self._limit:
            return False
        self._failing_since = time.monotonic()
        note = self._loss()
        if self._write(layout.SUPERVISOR_WORDS, note, at_ms) < len(note):
            return False
        self._failing_since, self._lost_here = None, 0
        return True

    def _loss(self) -> bytes:
        return f"\n[console: {self._lost_here} bytes of output were lost here: {self._reason}]\n".encode()

    def _lose(self, count: int) -> None:
        self.lost += count
        self._lost_here += count

    def _write(self, stream: int, data: bytes, at_ms: int) -> int:
        """Write what fits and return how much did."""
        if not data or not self._write_time(stream, at_ms):
            return 0
        written = 0
        view = memoryview(data)
        while written < len(data):
            try:
                written += os.write(self._out, view[written:])
            except OSError as error:
                self._reason = error.strerror or "cannot write"
                break
        stored = data[:written]
        self._digest.update(stored)
        self.bytes += written
        self.lines += stored.count(b"\n")
        return written

    def _write_time(self, stream: int, at_ms: int) -> bool:
        if (at_ms, stream) == self._last:
            return True
        record = at_ms.to_bytes(8, "little") + self.bytes.to_bytes(8, "little") + bytes((stream,))
        try:
            count = os.write(self._times, record)
        except OSError as error:
            self._reason = error.strerror or "cannot write"
            return False
        if count < len(record):
            # Half a record would shift all that follow.
            os.ftruncate(self._times, os.fstat(self._times).st_size - count)
            self._reason = "no space left"
            return False
        self._last = (at_ms, stream)
        return True
