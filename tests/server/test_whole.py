"""Work is taken to its end whoever stops waiting, and work that waits for nothing costs no task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from console.server.whole import Whole

OURS = 2  # the test's own task, and the one that bounds it


def run(main: Callable[[Whole], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        whole = Whole()
        await main(whole)
        await whole.aclose()
        assert whole.alone
        assert len(asyncio.all_tasks()) == OURS

    asyncio.run(asyncio.wait_for(bounded(), 20))


async def after(*waits: Any, result: str = "done") -> str:
    """Waits for one thing after another."""
    for wait in waits:
        await wait
    return result


async def failing(*waits: Any) -> None:
    """Waits, then fails."""
    await after(*waits)
    raise ZeroDivisionError("it failed")


def test_work_that_waits_for_nothing_is_done_at_once() -> None:
    async def main(whole: Whole) -> None:
        order: list[str] = []
        asyncio.get_running_loop().call_soon(order.append, "the loop")
        order.append(await whole.do(after()))
        with pytest.raises(ZeroDivisionError):
            await whole.do(failing())
        assert order == ["done"]
        assert len(asyncio.all_tasks()) == OURS

    asyncio.run(asyncio.wait_for(main(Whole()), 20))


@pytest.mark.parametrize("times", [1, 3])
def test_work_that_waits_gives_its_result_or_its_error(times: int) -> None:
    async def main(whole: Whole) -> None:
        waits = [asyncio.sleep(0) for _ in range(times)]
        assert await whole.do(after(*waits)) == "done"
        threads = [asyncio.to_thread(int, "7") for _ in range(times)]
        assert await whole.do(after(*threads, asyncio.sleep(0.001))) == "done"
        with pytest.raises(ZeroDivisionError):
            await whole.do(failing(*[asyncio.sleep(0) for _ in range(times)]))

    run(main)


def test_an_error_of_what_is_waited_for_reaches_the_work() -> None:
    async def main(whole: Whole) -> None:
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def mending() -> str:
            try:
                await broken
            except OSError:
                await asyncio.sleep(0)
                return "mended"
            return "never"

        waiting = asyncio.create_task(whole.do(mending()))
        await asyncio.sleep(0)
        broken.set_exception(OSError("broken"))
        assert await waiting == "mended"

    run(main)


def test_work_goes_on_when_nobody_waits_for_it_any_more() -> None:
    async def main(whole: Whole) -> None:
        go, done = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            await go.wait()
            await asyncio.sleep(0)
            done.set()

        waiting = asyncio.create_task(whole.do(work()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not done.is_set()
        go.set()
        await whole.aclose()
        assert done.is_set()

    run(main)


def test_locks_are_taken_in_order_and_given_back_by_work_that_nobody_waits_for() -> None:
    async def main(whole: Whole) -> None:
        lock, order = asyncio.Lock(), []

        async def work(name: str) -> None:
            async with lock:
                await asyncio.sleep(0)
                order.append(name)

        waiting = [asyncio.create_task(whole.do(work(name))) for name in "abcd"]
        await asyncio.sleep(0)
        assert not whole.alone
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await whole.aclose()
        assert order == ["a", "b", "c", "d"]
        assert not lock.locked()

    run(main)


def test_who_is_alone_is_known_while_the_work_is_done() -> None:
    async def main(whole: Whole) -> None:
        seen: list[bool] = []
        gate = asyncio.Event()

        async def look() -> None:
            seen.append(whole.alone)

        await whole.do(look())
        waiting = asyncio.create_task(whole.do(after(gate.wait())))
        await asyncio.sleep(0)
        await whole.do(look())
        gate.set()
        await waiting
        await whole.do(look())
        assert seen == [True, False, True]

    run(main)
