"""The writing thread: what arrives while a group is being written forms the next group.

A turn that comes alone, to a disk that has been quick, is written where it stands: the way to another thread and back
costs a third of such a commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from console.errors import JournalError
from console.journal.append import Writer
from console.journal.records import Receipt, Turn

GROUP_LIMIT = 128
QUICK = 0.002  # seconds that the event loop can spare for a commit

T = TypeVar("T")
R = TypeVar("R")


class GroupThread(Generic[T, R]):
    """Applies items in groups on a thread of its own, in the order in which they were submitted.

    It serves one event loop. Results come back over a pipe that the loop watches: the way through
    `call_soon_threadsafe` takes two system calls more, which a commit of a third of a millisecond feels.
    """

    def __init__(self, name: str, apply: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._apply = apply
        self._queue: SimpleQueue[tuple[T, asyncio.Future[R]] | None] = SimpleQueue()
        self._done: deque[tuple[asyncio.Future[R], R | Exception]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bell, self._ring = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._ring, False)
        self._closing = False
        self._waiting = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being written. Only the loop's thread may ask."""
        return self._waiting == 0 and not self._closing

    async def submit(self, item: T) -> R:
        """Wait until the item was applied. Cancelling the wait does not take the item back.

        Raises what applying it raised, or JournalError after `stop`.
        """
        if self._closing:
            raise JournalError("The journal is being closed.", unaffected="Nothing was written.")
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._bell, self._deliver)
        future: asyncio.Future[R] = self._loop.create_future()
        self._waiting += 1
        self._queue.put((item, future))
        return await future

    async def stop(self) -> None:
        """Finish what was submitted, then end the thread; again is harmless."""
        if self._closing:
            return
        self._closing = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._loop is not None:
            self._loop.remove_reader(self._bell)
            self._deliver()
        os.close(self._bell)
        os.close(self._ring)

    def _deliver(self) -> None:
        """Hand over results, on the loop's thread; those nobody waits for any more are on disk all the same."""
        # A full or an empty pipe says nothing new: what counts is in the deque.
        with contextlib.suppress(BlockingIOError):
            os.read(self._bell, 4096)
        while self._done:
            future, result = self._done.popleft()
            self._waiting -= 1
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                futures = [future for _, future in group]
                self._done.extend(zip(futures, self._results([item for item, _ in group]), strict=True))
                with contextlib.suppress(BlockingIOError):
                    os.write(self._ring, b"\0")

    def _next_group(self) -> tuple[list[tuple[T, asyncio.Future[R]]], bool]:
        group: list[tuple[T, asyncio.Future[R]]] = []
        entry = self._queue.get()
        try:
            while entry is not None:
                group.append(entry)
                if len(group) == GROUP_LIMIT:
                    return group, True
                entry = self._queue.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _results(self, items: list[T]) -> Sequence[R | Exception]:
        try:
            return self._apply(items)
        except Exception as error:  # noqa: BLE001 - it reaches those who wait; the thread must live on
            return [error] * len(items)


class Pace:
    """How long commits take of late, in seconds. Until the disk has shown that it is quick, it counts as slow."""

    def __init__(self) -> None:
        self._usual = QUICK * 8

    @property
    def quick(self) -> bool:
        """Whether the event loop would hardly notice a commit."""
        return self._usual < QUICK

    def took(self, seconds: float) -> None:
        """Learn from a commit: a really slow one makes careful at once, and several quick ones make up for it."""
        self._usual += (seconds - self._usual) / 4


class Committer:
    """Lets asyncio record turns: `await committer.commit(turn)` returns when the turn is durable."""

    def __init__(self, writer: Writer, clock: Callable[[], float] = time.perf_counter) -> None:
        self.writer = writer
        self._clock = clock
        self._pace = Pace()
        self._thread: GroupThread[Turn, Receipt] = GroupThread("journal", self._write)

    @property
    def failed(self) -> JournalError | None:
        """What stopped the journal, if anything did."""
        return self.writer.failed

    async def commit(self, turn: Turn, *, alone: bool = False) -> Receipt:
        """Record a turn; cancelling the wait does not take it back. Raises what `Writer.append` raises.

        `alone` says that no other turn is on its way, with which this one could share a commit.
        """
        if not (alone and self._pace.quick and self._thread.idle and not self.writer.busy):
            return await self._thread.submit(turn)
        [result] = self._write([turn])
        if isinstance(result, Exception):
            raise result
        return result

    def _write(self, turns: Sequence[Turn]) -> list[Receipt | Exception]:
        began = self._clock()
        results = self.writer.append_all(turns)
        self._pace.took(self._clock() - began)
        return results

    async def strike(self, note: str, at: int) -> None:
        """Strike a note; see `Writer.strike`."""
        await asyncio.to_thread(self.writer.strike, note, at)

    async def aclose(self) -> None:
        """Record what is queued, end the thread and close the writer."""
        await self._thread.stop()
        self.writer.close()
