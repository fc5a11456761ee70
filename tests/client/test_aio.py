from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.client.aio import AioClient, Link, LinkState
from console.config import find_home
from console.engine.words import RunState
from console.errors import NotFoundError, RefusedError, ServerUnreachable
from console.protocol import AnyPush, Changed, Fault, ListRuns, RunView, SendInput, ShowRun, Stopping, Watch
from tests.client.samples import run_view, summary
from tests.client.stand_in import StandIn

CHANGED = Changed(run=42, seq=5, state=RunState.RUNNING)


@pytest.fixture
def server(console_home: Path) -> Iterator[StandIn]:
    with StandIn(console_home) as stand_in:
        yield stand_in


class Screen:
    """What a screen sees of its client."""

    def __init__(self) -> None:
        self.pushes: list[AnyPush] = []
        self.links: list[Link] = []
        self.client = AioClient(
            find_home(), as_name="ben", start=False, on_push=self.pushes.append, on_link=self.links.append
        )

    def states(self) -> list[LinkState]:
        return [link.state for link in self.links]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(2_000):
            if condition():
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"{what} did not happen: {self.links} {self.pushes}")


def test_asks_are_answered_each_with_its_own_reply(server: StandIn) -> None:
    server.answers[ShowRun] = lambda ask: run_view(seq=ask.run)
    server.answers[ListRuns] = (summary(),)

    async def scenario() -> None:
        async with Screen().client as client:
            views = await asyncio.gather(*(client.ask(ShowRun(run=number)) for number in range(20)))
            assert [view.seq for view in views] == list(range(20))
            assert await client.ask(ListRuns()) == (summary(),)

    asyncio.run(scenario())


def test_a_fault_is_raised_and_the_connection_goes_on(server: StandIn) -> None:
    server.answers[ShowRun] = NotFoundError("There is no run 7.")
    server.answers[ListRuns] = ()

    async def scenario() -> None:
        async with Screen().client as client:
            with pytest.raises(NotFoundError):
                await client.ask(ShowRun(run=7))
            assert await client.ask(ListRuns()) == ()

    asyncio.run(scenario())


def test_pushes_come_as_they_are_told(server: StandIn) -> None:
    async def scenario() -> None:
        screen = Screen()
        async with screen.client as client:
            await client.watch()
            server.push(CHANGED)
            await screen.until(lambda: screen.pushes == [CHANGED], "the push")

    asyncio.run(scenario())


def test_a_lost_connection_mends_itself_says_so_and_watches_again(server: StandIn) -> None:
    async def scenario() -> None:
        screen = Screen()
        async with screen.client as client:
            await client.watch(42)
            server.close(leave_socket=True)
            await screen.until(lambda: LinkState.LOST in screen.states(), "the loss")
            server.open()
            await screen.until(lambda: screen.states()[-1] is LinkState.CONNECTED, "the return")
            await screen.until(lambda: len(server.asked_of(Watch)) == 2, "watching again")
            server.push(CHANGED)
            await screen.until(lambda: screen.pushes == [CHANGED], "the push after the return")
        lost = screen.links[1]
        assert isinstance(lost.error, ServerUnreachable)
        assert lost.retry_in is not None

    asyncio.run(scenario())


def test_what_was_asked_while_the_connection_broke_is_asked_again(server: StandIn) -> None:
    asked: list[int] = []

    def answer(ask: ShowRun) -> RunView:
        asked.append(ask.run)
        if len(asked) == 1:
            server.cut()
        return run_view()

    server.answers[ShowRun] = answer

    async def scenario() -> None:
        async with Screen().client as client:
            assert (await client.ask(ShowRun(run=42))).id == 42

    asyncio.run(scenario())
    assert asked == [42, 42]


def test_typed_text_is_never_sent_twice(server: StandIn) -> None:
    server.answers[SendInput] = lambda _: server.cut()

    async def scenario() -> None:
        async with Screen().client as client:
            with pytest.raises(ServerUnreachable):
                await client.ask(SendInput(run=42, step="one", text="yes\n"))

    asyncio.run(scenario())
    assert len(server.asked_of(SendInput)) == 1


def test_after_a_stop_on_purpose_the_link_says_so_and_finds_the_next_server(server: StandIn) -> None:
    async def scenario() -> None:
        screen = Screen()
        screen.client._start = True  # it may start servers, as the screens do
        async with screen.client as client:
            server.answers[ListRuns] = ()
            await client.ask(ListRuns())
            server.push(Stopping())
            await screen.until(lambda: screen.pushes == [Stopping()], "the push")
            server.close()
            await screen.until(lambda: LinkState.STOPPED in screen.states(), "the stop")
            server.open()
            await screen.until(lambda: screen.states()[-1] is LinkState.CONNECTED, "the return")
        assert not (server.home.root / "server.log").exists(), "a server was started, though one was just stopped"

    asyncio.run(scenario())


def test_a_greeting_that_is_refused_is_told(server: StandIn) -> None:
    server.welcome_error = Fault(code="refused", exit_code=3, message="This home belongs to another user.")

    async def scenario() -> None:
        screen = Screen()
        async with screen.client:
            await screen.until(lambda: bool(screen.links), "the refusal")
        assert isinstance(screen.links[0].error, RefusedError)

    asyncio.run(scenario())


def test_bytes_that_are_not_the_protocol_end_the_connection_and_not_the_client(server: StandIn) -> None:
    server.answers[ListRuns] = ()

    async def scenario() -> None:
        screen = Screen()
        async with screen.client as client:
            await client.ask(ListRuns())
            server.say_raw(b"\xff\xff\xff\xff")
            await screen.until(lambda: screen.states().count(LinkState.CONNECTED) == 2, "the return")
            assert await client.ask(ListRuns()) == ()

    asyncio.run(scenario())
