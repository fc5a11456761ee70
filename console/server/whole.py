"""Work that is taken to its end, even when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Whole:
    """Does work whole, whatever becomes of those who wait for it.

    It begins at once, in its caller's task. Work that waits for nothing is over then, and nothing can cut it short.
    What is left of other work goes on in a task of its own; so it must not hold `asyncio.timeout` or a task group over
    its first wait, which belong to the task that they began in.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def alone(self) -> bool:
        """Whether no more than one piece of work is under way."""
        return self._begun <= 1

    async def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The result of the work; raises what it raises."""
        self._begun += 1
        try:
            waits_for = work.send(None)
        except StopIteration as end:
            self._begun -= 1
            result: _T = end.value
            return result
        except BaseException:
            self._begun -= 1
            raise
        task = asyncio.create_task(self._finish(_Rest(work, waits_for)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _finish(self, rest: _Rest[_T]) -> _T:
        try:
            return await rest
        finally:
            self._begun -= 1

    async def aclose(self) -> None:
        """Wait for what is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


class _Rest(Generic[_T]):
    """A coroutine that waits for something already, to be awaited from there on."""

    def __init__(self, work: Coroutine[Any, Any, _T], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, _T]:
        waits_for = self._waits_for
        try:
            while True:
                try:
                    yield waits_for
                except BaseException as error:  # noqa: BLE001 - such as a cancellation: it is for the work
                    waits_for = self._work.throw(error)
                else:
                    waits_for = self._work.send(None)
        except StopIteration as end:
            result: _T = end.value
            return result
