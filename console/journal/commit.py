"""The writing thread: what arrives while a group is being written forms the next group."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from console.errors import JournalError
from console.journal.append import Writer
from console.journal.records import Receipt, Turn

GROUP_LIMIT = 128

T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")


class _Entry(Generic[T, R]):
    """One submission: what to write, and where its result goes."""

    __slots__ = ("future", "item", "loop")

    def __init__(self, item: T, loop: asyncio.AbstractEventLoop) -> None:
        self.item = item
        self.loop = loop
        self.future: asyncio.Future[R] = loop.create_future()

    def settle(self, result: R | Exception) -> None:
        """Hand over the result, on the loop's thread; nobody may be waiting any more."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class GroupThread(Generic[T, R]):
    """Applies items in groups on a thread of its own, in the order in which they were submitted."""

    def __init__(self, name: str, apply: Callable[[Sequence[T]], Sequence[R | Exception]]) -> None:
        self._apply = apply
        self._queue: SimpleQueue[_Entry[T, R] | None] = SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def submit(self, item: T) -> R:
        """Wait until the item was applied. Cancelling the wait does not take the item back.

        Raises what applying it raised, or JournalError after `stop`.
        """
        if self._closing:
            raise JournalError("The journal is being closed.", unaffected="Nothing was written.")
        entry: _Entry[T, R] = _Entry(item, asyncio.get_running_loop())
        self._queue.put(entry)
        return await entry.future

    async def stop(self) -> None:
        """Finish what was submitted, then end the thread."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                self._settle(group, self._results(group))

    def _next_group(self) -> tuple[list[_Entry[T, R]], bool]:
        group: list[_Entry[T, R]] = []
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

    def _results(self, group: list[_Entry[T, R]]) -> Sequence[R | Exception]:
        try:
            return self._apply([entry.item for entry in group])
        except Exception as error:  # noqa: BLE001 - it reaches those who wait; the thread must live on
            return [error] * len(group)

    def _settle(self, group: list[_Entry[T, R]], results: Sequence[R | Exception]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Entry[T, R], R | Exception]]] = {}
        for entry, result in zip(group, results, strict=True):
            by_loop.setdefault(entry.loop, []).append((entry, result))
        for loop, settled in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle_all, settled)
            except RuntimeError:
                # The loop was closed: nobody waits for these results any more, and they are on disk.
                continue


def _settle_all(settled: list[tuple[_Entry[T, R], R | Exception]]) -> None:
    for entry, result in settled:
        entry.settle(result)


class Committer:
    """Lets asyncio record turns: `await committer.commit(turn)` returns when the turn is durable."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._thread: GroupThread[Turn, Receipt] = GroupThread("journal", writer.append_all)

    @property
    def failed(self) -> JournalError | None:
        """What stopped the journal, if anything did."""
        return self.writer.failed

    async def commit(self, turn: Turn) -> Receipt:
        """Record a turn; cancelling the wait does not take it back. Raises what `Writer.append` raises."""
        return await self._thread.submit(turn)

    async def strike(self, note: str, at: int) -> None:
        """Strike a note; see `Writer.strike`."""
        await asyncio.to_thread(self.writer.strike, note, at)

    async def aclose(self) -> None:
        """Record what is queued, end the thread and close the writer."""
        await self._thread.stop()
        self.writer.close()
