"""The runs in memory: restored from the journal, by snapshot where one fits, else by folding their events."""

from __future__ import annotations

import contextlib
import gc
import hashlib
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

import console.engine
from console.engine.events import stream_of
from console.engine.evolve import evolve
from console.engine.run import Run
from console.errors import ConsoleError, JournalCorrupt
from console.journal import Reader, SnapshotIn
from console.server.records import from_body

# What folding raises when an event does not fit the state before it.
UNFOLDABLE = (KeyError, ValueError, TypeError, AttributeError, IndexError)
SNAPSHOT_EVERY = 2_000
ENDED_KEPT = 16
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Run)


def engine_code() -> str:
    """The digest of the engine's source: a snapshot made by other code is not used."""
    digest = hashlib.sha256()
    for file in sorted(Path(console.engine.__file__).parent.rglob("*.py")):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing of a restored run is garbage, and to find that out again and again takes longer than to restore it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Runs:
    """Runs by number. Those that have not ended stay; of the ended ones the latest looked at."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.code = engine_code()
        self._live: dict[int, Run] = {}
        self._ended: OrderedDict[int, Run] = OrderedDict()
        self._snapshots: dict[int, int] = {}
        self._locks_of_unreadable: dict[str, int] = {}
        self.unreadable: dict[int, ConsoleError] = {}

    def load_live(self) -> None:
        """Restore every run that has not ended. One that cannot be read is left alone, and keeps what it holds."""
        for row in self._reader.runs(open_only=True, limit=1_000_000):
            try:
                run = self._restore(row.id)
            except JournalCorrupt as problem:
                self.unreadable[row.id] = problem
                continue
            if run is not None:
                self.keep(run)
        if self.unreadable:
            self._locks_of_unreadable = self._granted_to(self.unreadable)

    def unreadable_holder(self, lock: str) -> int | None:
        """The run that holds a key, where it is one that this version cannot read."""
        return self._locks_of_unreadable.get(lock)

    def _granted_to(self, runs: Collection[int]) -> dict[str, int]:
        held: dict[str, int] = {}
        for body in self._reader.bodies("home"):
            event = msgspec.json.decode(body)
            if event.get("type") not in ("lock_granted", "lock_released"):
                continue
            lock, run = event["data"]["key"], event["data"]["run"]
            if event["type"] == "lock_granted" and run in runs:
                held[lock] = run
            elif held.get(lock) == run:
                del held[lock]
        return held

    def live(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        return [self._live[number] for number in sorted(self._live)]

    def get(self, number: int) -> Run | None:
        """A run as it stands on disk, or None where there is none. Raises JournalCorrupt for an unreadable one."""
        if (run := self._live.get(number)) is not None:
            return run
        if (run := self._ended.get(number)) is not None:
            self._ended.move_to_end(number)
            return run
        if number in self.unreadable:
            raise self.unreadable[number]
        run = self._restore(number)
        if run is not None:
            self.keep(run)
        return run

    def keep(self, run: Run) -> None:
        """Put a run's new state in place of the old."""
        if run.ended is None:
            self._ended.pop(run.number, None)
            self._live[run.number] = run
            return
        self._live.pop(run.number, None)
        self._ended[run.number] = run
        while len(self._ended) > ENDED_KEPT:
            self._ended.popitem(last=False)

    def snapshot_due(self, run: Run) -> bool:
        """Whether so many events have come that restoring would take long."""
        return run.seq - self._snapshots.get(run.number, 0) >= SNAPSHOT_EVERY

    def snapshot(self, run: Run) -> SnapshotIn:
        """The state of a run as the journal keeps it beside the events."""
        self._snapshots[run.number] = run.seq
        return SnapshotIn(run.stream, run.seq, self.code, _ENCODER.encode(run))

    def _restore(self, number: int) -> Run | None:
        with _uncollected():
            return self._restored(number)

    def _restored(self, number: int) -> Run | None:
        stream = stream_of(number)
        found = self._reader.snapshot(stream, self.code)
        run: Run | None = None
        after = 0
        if found is not None:
            try:
                run = _DECODER.decode(found.body)
                after = found.seq
                self._snapshots[number] = after
            except msgspec.DecodeError:
                run = None  # a snapshot is a cache: the events say it all
        try:
            for body in self._reader.bodies(stream, after):
                run = evolve(run, from_body(body))
            return run
        except (msgspec.DecodeError, *UNFOLDABLE) as error:
            raise JournalCorrupt(
                f"Run {number} holds an event that this version cannot read: {error}.",
                where=stream,
                unaffected="other runs",
                mend="start the version of the console that wrote it, or a later one",
            ) from error
