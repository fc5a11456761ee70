"""One client's connection: greeting, numbered asks, pushes. A client that vanishes ends nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

import console
from console.engine.commands import Actor
from console.errors import ConsoleError, RefusedError, UsageError
from console.protocol import (
    HEADER,
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
Answering = Callable[[Any, Actor], Awaitable[Any]]
_REQUEST = msgspec.json.Decoder(Request)
_HELLO = msgspec.json.Decoder(Hello)


def fault_of(problem: ConsoleError) -> Fault:
    """An error as it goes to a client."""
    return Fault(
        code=problem.code,
        exit_code=problem.exit_code,
        message=problem.message,
        where=problem.where,
        unaffected=problem.unaffected,
        mend=problem.mend,
        problems=tuple(getattr(problem, "problems", ())),
    )


class Session:
    """Serves one connection until it ends."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hub: Hub, answer: Answering, home: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._hub = hub
        self._answer = answer
        self._home = home
        self._who: Actor | None = None
        self._asks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Greet, then answer; returns when the client has gone."""
        try:
            if await self._greet():
                await self._answer_all()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except (ValueError, msgspec.DecodeError) as problem:
            log.info("a client said something that is not the protocol: %s", problem)
        finally:
            self._hub.forget(self._push)
            for task in self._asks:
                task.cancel()
            self._writer.close()

    async def _greet(self) -> bool:
        hello = _HELLO.decode(await self._read())
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
            version=VERSION, server=console.__version__, home=self._home, name=name, asserted=asserted, error=fault
        )
        self._writer.write(frame(welcome))
        await self._writer.drain()
        return fault is None

    async def _read(self) -> bytes:
        header = await self._reader.readexactly(HEADER)
        return await self._reader.readexactly(frame_length(header))

    async def _answer_all(self) -> None:
        while True:
            request = _REQUEST.decode(await self._read())
            task = asyncio.create_task(self._answer_one(request))
            self._asks.add(task)
            task.add_done_callback(self._asks.discard)

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
        self._writer.write(frame(FromServer(reply=reply)))
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def _push(self, push: AnyPush) -> None:
        """Send a push without waiting; a client that reads nothing for long is let go."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() > MOST_UNSENT:
            log.info("a client reads nothing: letting it go")
            transport.abort()
            return
        self._writer.write(frame(FromServer(push=push)))


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
