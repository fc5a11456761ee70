"""The writing thread: groups share a commit, a bad turn is refused alone, and nothing that was asked is forgotten."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import pytest

from console.errors import JournalError, JournalForked, JournalFull
from console.journal import Committer, OutputCommitter, Piece, Receipt, Turn, Writer, make_note, open_output
from console.journal.commit import QUICK, GroupThread
from tests.journal.samples import event, events, reading, turn


def commits(writer: Writer) -> list[str]:
    """Collects the commits of a writer from now on."""
    seen: list[str] = []
    writer._connection.set_trace_callback(lambda sql: seen.append(sql) if sql.startswith("COMMIT") else None)
    return seen


async def outcomes(*waits: Awaitable[Receipt]) -> list[Any]:
    """The receipts and errors of several commits that were asked for at once."""
    return await asyncio.gather(*waits, return_exceptions=True)


def test_turns_that_arrive_together_share_commits(writer: Writer, home: Path) -> None:
    seen = commits(writer)

    async def main() -> None:
        committer = Committer(writer)
        results = await outcomes(*(committer.commit(turn(f"run/{n}", 1, 3)) for n in range(300)))
        assert {type(result) for result in results} == {Receipt}
        assert results[7].heads["run/7"].seq == 3
        await committer.aclose()

    asyncio.run(main())
    assert 1 <= len(seen) <= 30
    with reading(home) as reader:
        assert len(reader.heads()) == 300


class Clock:
    """Every commit takes as long as `each` says: a clock is asked before and after it."""

    def __init__(self, each: float) -> None:
        self.each = each
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.each
        return self.now


def writers(writer: Writer) -> list[str]:
    """Collects the names of the threads that record turns from now on."""
    seen: list[str] = []
    inner = writer.append_all

    def append_all(turns: Sequence[Turn]) -> list[Receipt | Exception]:
        seen.append(threading.current_thread().name)
        return inner(turns)

    writer.append_all = append_all  # type: ignore[method-assign]
    return seen


def test_a_turn_that_comes_alone_is_written_at_once_while_the_disk_is_quick(writer: Writer, home: Path) -> None:
    seen = writers(writer)
    clock = Clock(QUICK / 10)

    async def main() -> None:
        committer = Committer(writer, clock)
        for seq in range(1, 31):
            assert (await committer.commit(turn("run/1", seq), alone=True)).heads["run/1"].seq == seq
        assert seen[0] == "journal", "a disk that nobody knows yet counts as slow"
        assert set(seen[-10:]) == {"MainThread"}
        clock.each = QUICK * 50
        await committer.commit(turn("run/1", 31), alone=True)
        clock.each = QUICK / 10
        await committer.commit(turn("run/1", 32), alone=True)
        assert seen[-1] == "journal", "one slow commit is enough to become careful"
        await committer.aclose()
        with pytest.raises(JournalError, match="closed"):
            await committer.commit(turn("run/1", 33), alone=True)

    asyncio.run(main())
    with reading(home) as reader:
        assert sum(1 for _ in reader.events("run/1", checked=True)) == 32


def test_on_a_slow_disk_every_turn_goes_to_the_thread(writer: Writer) -> None:
    seen = writers(writer)

    async def main() -> None:
        committer = Committer(writer, Clock(QUICK * 2))
        for seq in range(1, 21):
            await committer.commit(turn("run/1", seq), alone=True)
        await committer.aclose()

    asyncio.run(main())
    assert set(seen) == {"journal"}


def test_a_turn_alone_waits_its_turn_behind_what_is_queued(writer: Writer, home: Path) -> None:
    seen = writers(writer)

    async def main() -> None:
        committer = Committer(writer, Clock(QUICK / 10))
        for seq in range(1, 21):
            await committer.commit(turn("run/1", seq), alone=True)
        assert seen[-1] == "MainThread"
        queued = asyncio.create_task(committer.commit(turn("run/1", 21)))
        await asyncio.sleep(0)
        results = await outcomes(committer.commit(turn("run/1", 22), alone=True), queued)
        assert {type(result) for result in results} == {Receipt}
        assert seen[20:] in (["journal"], ["journal", "journal"])
        await committer.aclose()

    asyncio.run(main())
    with reading(home) as reader:
        assert reader.head("run/1").seq == 22


def test_a_turn_alone_is_refused_and_stopped_as_any_other(writer: Writer) -> None:
    async def main() -> None:
        committer = Committer(writer, Clock(QUICK / 10))
        for seq in range(1, 21):
            await committer.commit(turn("run/1", seq), alone=True)
        with pytest.raises(JournalForked):
            await committer.commit(Turn(events=[event("run/1", 1, text="fork")]), alone=True)
        await committer.commit(turn("run/2", 1), alone=True)
        writer._connection.execute("PRAGMA max_page_count=1")
        big = Turn(events=[event("run/2", 2, text="x" * 200_000)])
        with pytest.raises(JournalFull):
            await committer.commit(big, alone=True)
        with pytest.raises(JournalFull):
            await committer.commit(turn("run/2", 1), alone=True)
        await committer.aclose()

    asyncio.run(main())
    assert isinstance(writer.failed, JournalFull)


def test_a_refused_turn_takes_nobody_with_it(writer: Writer, home: Path) -> None:
    async def main() -> list[Any]:
        committer = Committer(writer)
        await committer.commit(turn("run/1", 1))
        results = await outcomes(
            committer.commit(turn("run/2", 1)),
            committer.commit(Turn(events=[event("run/1", 1, text="fork")])),
            committer.commit(turn("run/3", 9)),
            committer.commit(turn("run/2", 2)),
        )
        await committer.aclose()
        return results

    first, forked, gap, last = asyncio.run(main())
    assert isinstance(first, Receipt)
    assert isinstance(forked, JournalForked)
    assert isinstance(gap, JournalError)
    assert isinstance(last, Receipt)
    with reading(home) as reader:
        assert {head.stream: head.seq for head in reader.heads()} == {"run/1": 1, "run/2": 2}


def test_after_a_failed_write_everybody_who_waits_is_told(writer: Writer) -> None:
    writer._connection.execute("PRAGMA max_page_count=60")

    async def main() -> list[Any]:
        committer = Committer(writer)
        waits = (committer.commit(Turn(events=[event(f"run/{n}", 1, text="x" * 2000)])) for n in range(400))
        results = await outcomes(*waits)
        assert isinstance(committer.failed, JournalFull)
        await committer.aclose()
        return results

    results = asyncio.run(main())
    stopped = next(n for n, result in enumerate(results) if not isinstance(result, Receipt))
    assert {type(result) for result in results[stopped:]} == {JournalFull}


def test_what_was_asked_for_is_recorded_though_nobody_waits_any_more(writer: Writer, home: Path) -> None:
    async def main() -> None:
        committer = Committer(writer)
        wait = asyncio.create_task(committer.commit(turn("run/1", 1)))
        await asyncio.sleep(0)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        await committer.commit(turn("run/1", 2))
        await committer.aclose()

    asyncio.run(main())
    with reading(home) as reader:
        assert reader.head("run/1").seq == 2


def test_closing_records_what_is_queued_and_refuses_what_comes_later(writer: Writer, home: Path) -> None:
    async def main() -> None:
        committer = Committer(writer)
        waits = [asyncio.create_task(committer.commit(turn(f"run/{n}", 1))) for n in range(50)]
        await asyncio.sleep(0)
        await committer.aclose()
        assert all(wait.done() for wait in waits) or await asyncio.gather(*waits)
        with pytest.raises(JournalError, match="closed"):
            await committer.commit(turn("run/99", 1))
        await committer.aclose()

    asyncio.run(main())
    with reading(home) as reader:
        assert len(reader.streams()) == 50
    with pytest.raises(JournalError, match="closed"):
        writer.append(turn("run/100", 1))


def test_a_loop_that_ended_without_closing_does_not_keep_the_thread_from_writing(writer: Writer, home: Path) -> None:
    async def main() -> None:
        committer = Committer(writer)
        asyncio.ensure_future(committer.commit(turn("run/1", 1)))  # noqa: RUF006 - nobody shall wait for it
        await asyncio.sleep(0)

    asyncio.run(main())
    # The writer's methods take turns, so this comes after whatever the thread has begun.
    threads = [thread for thread in threading.enumerate() if thread.name == "journal"]
    assert threads
    deadline = threading.Event()
    while writer.head("run/1").seq == 0 and not deadline.wait(0.01):
        assert any(thread.is_alive() for thread in threads)
    with reading(home) as reader:
        assert reader.head("run/1").seq == 1


def test_a_mistake_in_the_program_reaches_its_caller_and_the_thread_lives_on() -> None:
    def apply(items: Sequence[int]) -> list[int | Exception]:
        if 13 in items:
            raise ZeroDivisionError("thirteen")
        return [item * 2 for item in items]

    async def main() -> None:
        thread: GroupThread[int, int] = GroupThread("test", apply)
        with pytest.raises(ZeroDivisionError):
            await thread.submit(13)
        assert await thread.submit(21) == 42
        await thread.stop()

    asyncio.run(main())


def test_results_come_back_in_order_and_to_whom_they_belong() -> None:
    async def main() -> None:
        thread: GroupThread[int, int] = GroupThread("test", lambda items: [item * 2 for item in items])
        results = await asyncio.gather(*(thread.submit(number) for number in range(1_000)))
        assert results == [number * 2 for number in range(1_000)]
        await thread.stop()

    asyncio.run(main())


def test_output_and_events_are_written_side_by_side(writer: Writer, home: Path) -> None:
    async def main() -> None:
        committer, output = Committer(writer), OutputCommitter(open_output(writer))
        note = make_note("x")
        both = Turn(events=events("run/1", 1, 2), notes=[note])
        piece, receipt = await asyncio.gather(
            output.append(Piece("1/a", 0, b"one\n", 1)),
            committer.commit(both),
        )
        assert (piece.bytes, receipt.heads["run/1"].seq) == (4, 2)
        end = await output.seal("1/a")
        assert end.sealed
        with pytest.raises(JournalError, match="sealed"):
            await output.append(Piece("1/a", 4, b"two\n", 1))
        await committer.strike(note.id, 5)
        await output.aclose()
        await committer.aclose()

    asyncio.run(main())
    with reading(home) as reader:
        assert reader.streams() == ["run/1"]
