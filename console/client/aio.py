"""The asyncio client of the screens: many asks at once, pushes as they come, and a connection that mends itself."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import Callable
from typing import NamedTuple

from console.client.conversation import (
    ANSWER_SECONDS,
    NOT_REPEATABLE,
    decoded,
    greeted,
    greeting,
    known,
    lost,
    no_answer,
    not_understood,
)
from console.client.faults import ConnectionLost, error_of
from console.client.launch import reach
from console.config import Home
from console.errors import ConsoleError
from console.protocol import (
    HEADER,
    AnyPush,
    Ask,
    Body,
    FromServer,
    Reply,
    Request,
    Stopping,
    Unwatch,
    Watch,
    Welcome,
    body_type,
    frame,
    frame_length,
)

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
PATIENCE = 10.0


class LinkState(enum.Enum):
    """How the connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    STOPPED = "stopped"


class Link(NamedTuple):
    """How the connection stands, and why; `retry_in` (seconds) until it is tried again. A lost one mends itself."""

    state: LinkState
    welcome: Welcome | None = None
    error: ConsoleError | None = None
    retry_in: float | None = None


class AioClient:
    """The server of a home as the screens see it.

    `on_push` and `on_link` are called in the event loop and must not block. After the server was stopped on purpose
    the client goes on looking for it, but starts none until `start_again` is called.
    """

    def __init__(
        self,
        home: Home,
        *,
        as_name: str | None = None,
        on_push: Callable[[AnyPush], None] | None = None,
        on_link: Callable[[Link], None] | None = None,
        start: bool = True,
    ) -> None:
        self.home = home
        self.link = Link(LinkState.CONNECTING)
        self._as_name = as_name
        self._on_push = on_push
        self._on_link = on_link
        self._start = start
        self._stopped = False
        self._told_to_start = False
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0
        self._watching: Watch | None = None
        self._connected = asyncio.Event()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> AioClient:
        self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def open(self) -> None:
        """Begin to connect, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep_connected())

    async def close(self) -> None:
        """End the conversation; what runs goes on."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def start_again(self) -> None:
        """Try at once, and start a server when none runs, also after one was stopped on purpose."""
        self._told_to_start = True
        self._wake.set()

    async def ask(self, ask: Ask[Body]) -> Body:
        """The server's answer; raises the ConsoleError it answers with, ServerUnreachable when it cannot be reached.

        What was asked while the connection broke is asked again: reads, and commands, whose ids make them happen once.
        """
        try:
            return await self._ask(ask)
        except ConnectionLost:
            if isinstance(ask, NOT_REPEATABLE):
                raise
            return await self._ask(ask)

    async def watch(self, run: int | None = None) -> None:
        """Be told of changes, of one run or of all, also after every reconnection."""
        watching = Watch(run=run)
        await self.ask(watching)
        self._watching = watching

    async def unwatch(self) -> None:
        """Be told no more."""
        self._watching = None
        await self.ask(Unwatch())

    async def _ask(self, ask: Ask[Body]) -> Body:
        writer = await self._ready()
        self._number += 1
        number = self._number
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            writer.write(frame(Request(id=number, ask=known(ask))))
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await answer
        except TimeoutError as problem:
            raise no_answer() from problem
        finally:
            self._waiting.pop(number, None)
        if reply.fault is not None:
            raise error_of(reply.fault)
        body: Body = decoded(bytes(reply.body), body_type(type(ask)))
        return body

    async def _ready(self) -> asyncio.StreamWriter:
        if self._writer is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._connected.wait()
        if self._writer is None:
            raise self.link.error or lost("it has not come back")
        return self._writer

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            error: ConsoleError
            try:
                reader, writer, welcome = await self._connect()
            except ConsoleError as problem:
                error = problem
            else:
                pause = FIRST_PAUSE
                error = await self._converse(reader, writer, welcome)
            state = LinkState.STOPPED if self._stopped else LinkState.LOST
            self._tell(Link(state, error=error, retry_in=pause))
            self._wake.clear()
            # Not wait_for: it forgets that it was cancelled when what it waits for comes at the same moment.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, Welcome]:
        start = self._told_to_start or (self._start and not self._stopped)
        stream = await asyncio.to_thread(reach, self.home, start=start)
        stream.setblocking(False)
        reader, writer = await asyncio.open_unix_connection(sock=stream)
        try:
            writer.write(greeting(self._as_name))
            async with asyncio.timeout(ANSWER_SECONDS):
                welcome = greeted(await _frame(reader), self.home)
        except BaseException as problem:
            writer.close()
            if isinstance(problem, TimeoutError):
                raise no_answer() from problem
            raise
        return reader, writer, welcome

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, welcome: Welcome
    ) -> ConsoleError:
        """Read until the connection ends; returns why it did."""
        self._writer = writer
        self._stopped = self._told_to_start = False
        if self._watching is not None:
            # Before anybody asks: what is read after this is either in the answer or told.
            self._number += 1
            writer.write(frame(Request(id=self._number, ask=self._watching)))
        self._connected.set()
        self._tell(Link(LinkState.CONNECTED, welcome=welcome))
        error: ConsoleError = lost("it closed the connection")
        try:
            while True:
                self._take(decoded(await _frame(reader), FromServer))
        except ConsoleError as problem:
            error = problem
        finally:
            self._disconnect(error)
        return error

    def _take(self, message: FromServer) -> None:
        if message.reply is not None:
            answer = self._waiting.get(message.reply.id)
            if answer is not None and not answer.done():
                answer.set_result(message.reply)
        if message.push is not None:
            if isinstance(message.push, Stopping):
                self._stopped = True
            if self._on_push is not None:
                self._on_push(message.push)

    def _disconnect(self, error: ConsoleError) -> None:
        writer, self._writer = self._writer, None
        self._connected.clear()
        if writer is not None:
            writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
        self._waiting.clear()

    def _tell(self, link: Link) -> None:
        self.link = link
        if self._on_link is not None:
            self._on_link(link)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    try:
        size = frame_length(await reader.readexactly(HEADER))
        return await reader.readexactly(size)
    except ValueError as problem:
        raise not_understood(str(problem)) from problem
    except (OSError, asyncio.IncompleteReadError) as problem:
        raise lost("it closed the connection" if isinstance(problem, EOFError) else str(problem)) from problem
