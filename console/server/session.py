"""One client's connection: greeting, numbered asks, pushes. A client that vanishes ends nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

import console
from console.engine.commands import Actor
from console.errors import ConsoleError, InvalidRunbook, RefusedError, UsageError
from console.protocol import (
    HEADER,
    LARGEST_FRAME,
    OLDEST,
    VERSION,
    AnyPush,
    Fault,
    FromServer,
    Hello,
    Reply,
    Request,
    Unwatch,
    Watch,
    Welcome,
    frame,
    frame_length,
)
from console.server.hub import Hub
from console.server.identity import identify, peer_uid

log = logging.getLogger(__name__)
MOST_UNSENT = 8 * 1024 * 1024
MOST_AT_ONCE = 64  # asks of one client under way; it waits for answers before more are read
GREETING_SECONDS = 30.0
_T = TypeVar("_T")
Answering = Callable[[Any, Actor], Awaitable[Any]]
_REQUEST = msgspec.json.Decoder(Request)
_HELLO = msgspec.json.Decoder(Hello)


class _AnyRequest(msgspec.Struct, frozen=True):
    """A request whose ask this version does not know."""

    id: int
    ask: msgspec.Raw


_ANY_REQUEST = msgspec.json.Decoder(_AnyRequest)


def fault_of(problem: ConsoleError) -> Fault:
    """An error as it goes to a client."""
    return Fault(
        code=problem.code,
        exit_code=problem.exit_code,
        message=problem.message,
        where=problem.where,
        unaffected=problem.unaffected,
        mend=problem.mend,
        problems=tuple(str(one) for one in problem.problems) if isinstance(problem, InvalidRunbook) else (),
    )


class Session:
    """Serves one connection until it ends."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hub: Hub,
        answer: Answering,
        home: str,
        trouble: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._hub = hub
        self._answer = answer
        self._home = home
        self._trouble = trouble
        self._who: Actor | None = None
        self._asks: set[asyncio.Task[None]] = set()
        self._owed = 0
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def serve(self) -> None:
        """Greet, then answer; returns when the client has gone."""
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                greeted = await self._greet()
            if greeted:
                await self._answer_all()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass
        except (ValueError, msgspec.DecodeError) as problem:
            log.info("a client said something that is not the protocol: %s", problem)
        finally:
            # What was asked is done to its end; only nobody is told any more.
            self._hub.forget(self._push)
            self._writer.close()

    async def _greet(self) -> bool:
        hello = _decoded(_HELLO, await self._read())
        fault = None
        name, asserted = "", False
        try:
            if not OLDEST <= hello.version <= VERSION:
                raise UsageError(
                    f"This server speaks versions {OLDEST} to {VERSION} of the protocol, the client {hello.version}.",
                    unaffected="what runs goes on",
                    mend="use the console of the server's version, or restart the server: console server stop",
                )
            who = identify(peer_uid(self._writer.get_extra_info("socket")), hello.as_name)
            self._who, name, asserted = who, who.name, who.asserted
        except ConsoleError as problem:
            fault = fault_of(problem)
        welcome = Welcome(
            version=VERSION,
            server=console.__version__,
            home=self._home,
            name=name,
            asserted=asserted,
            error=fault,
            trouble=self._trouble(),
        )
        self._writer.write(frame(welcome))
        await self._writer.drain()
        return fault is None

    async def _read(self) -> bytes:
        header = await self._reader.readexactly(HEADER)
        return await self._reader.readexactly(frame_length(header))

    async def _answer_all(self) -> None:
        while True:
            raw = await self._read()
            await self._room.acquire()
            task = asyncio.create_task(self._answer_raw(raw))
            self._asks.add(task)
            task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._asks.discard(task)
        self._room.release()

    async def _answer_raw(self, raw: bytes) -> None:
        """Answer a request; what is none ends the conversation, an ask that is not known gets a refusal."""
        try:
            request = _decoded(_REQUEST, raw)
        except msgspec.DecodeError as problem:
            await self._refuse(raw, str(problem))
            return
        await self._answer_one(request)

    async def _refuse(self, raw: bytes, why: str) -> None:
        try:
            number = _decoded(_ANY_REQUEST, raw).id
        except msgspec.DecodeError:
            log.info("a client said something that is not the protocol: %s", why)
            self._writer.close()
            return
        unknown = UsageError(f"The server does not understand this ask: {why}.", unaffected="nothing was done")
        await self._send(Reply(id=number, fault=fault_of(unknown)))

    async def _answer_one(self, request: Request) -> None:
        who = self._who
        if who is None:
            return
        try:
            match request.ask:
                case Watch(run=run):
                    self._hub.watch(self._push, run)
                    body = None
                case Unwatch():
                    self._hub.forget(self._push)
                    body = None
                case ask:
                    body = await self._answer(ask, who)
            raw = body if isinstance(body, msgspec.Raw) else msgspec.Raw(msgspec.json.encode(body))
            reply = Reply(id=request.id, body=raw)
        except ConsoleError as problem:
            reply = Reply(id=request.id, fault=fault_of(problem))
        except Exception:
            log.exception("ask %s", type(request.ask).__name__)
            reply = Reply(id=request.id, fault=fault_of(_unexpected()))
        await self._send(reply)

    async def _send(self, reply: Reply) -> None:
        if self._writer.transport.is_closing():
            return
        raw = frame(FromServer(reply=reply))
        self._owed += len(raw)  # a client is not let go while it reads one large answer, such as a run of 10,000 steps
        self._writer.write(raw)
        try:
            with contextlib.suppress(ConnectionError):
                await self._writer.drain()
        finally:
            self._owed -= len(raw)

    def _push(self, push: AnyPush) -> None:
        """Send a push without waiting; a client that reads nothing for long is let go."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() - min(self._owed, LARGEST_FRAME) > MOST_UNSENT:
            log.info("a client reads nothing: letting it go")
            transport.abort()
            return
        self._writer.write(frame(FromServer(push=push)))


def _decoded(decoder: msgspec.json.Decoder[_T], raw: bytes) -> _T:
    """A message; raises DecodeError, also for what is nested too deeply to be one."""
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None


def _unexpected() -> ConsoleError:
    return ConsoleError(
        "The server failed to answer this.", unaffected="runs go on", mend="console server log holds the report"
    )


def refuse_when_broken(broken: str | None) -> None:
    """Raise RefusedError when the journal takes nothing more."""
    if broken is not None:
        raise RefusedError(
            f"Nothing more is recorded: {broken}",
            unaffected="what runs goes on; looking is possible",
            mend="make room on the disk, then: console server stop, and any verb starts it again",
        )
