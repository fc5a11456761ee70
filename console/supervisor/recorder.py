"""From the tool's streams to the store, through the redactor: nothing reaches the disk before it was masked."""

from __future__ import annotations

from console.redact import Patterns, Redactor
from console.supervisor import layout
from console.supervisor.store import Store

IDLE_SECONDS = 0.25


class Recorder:
    """One redactor for each stream, all with the same values, before one store."""

    def __init__(self, patterns: Patterns, store: Store, *, line_end: bytes) -> None:
        self._patterns = patterns
        self._store = store
        self._line_end = line_end
        self._redactors: dict[int, Redactor] = {}
        self._touched: dict[int, float] = {}

    def take(self, stream: int, data: bytes, now: float) -> None:
        """Record what a stream brought at `now` (monotonic seconds)."""
        redactor = self._redactors.get(stream)
        if redactor is None:
            redactor = self._redactors[stream] = Redactor(self._patterns)
        self._store.append(stream, redactor.feed(data))
        if redactor.held:
            self._touched[stream] = now
        else:
            self._touched.pop(stream, None)

    def note(self, text: str) -> None:
        """Record a line of the supervisor's own, on a line of its own."""
        line = f"[console: {text}]".encode("utf-8", "surrogateescape")
        self._store.append(layout.SUPERVISOR_WORDS, self._patterns.mask(line) + self._line_end)

    def idle_at(self) -> float | None:
        """When a held-back tail may leave (monotonic seconds), or None if none is waiting."""
        return min(self._touched.values()) + IDLE_SECONDS if self._touched else None

    def idle(self, now: float) -> None:
        """Let go of short held-back tails of streams that have paused."""
        for stream, since in list(self._touched.items()):
            if now - since >= IDLE_SECONDS:
                del self._touched[stream]
                self._store.append(stream, self._redactors[stream].idle())

    def finish(self) -> None:
        """The streams have ended: record what was held back, and bring everything to the disk."""
        for stream, redactor in self._redactors.items():
            self._store.append(stream, redactor.feed(b"", last=True))
        self._store.finish()
