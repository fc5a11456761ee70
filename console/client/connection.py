"""The blocking client of the command line: one conversation with the server of a home."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Mapping

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
from console.protocol import (
    HEADER,
    AnyPush,
    Ask,
    Body,
    FromServer,
    Request,
    Watch,
    Welcome,
    body_type,
    frame,
    frame_length,
)


class Connection:
    """A greeted connection. Raises ConnectionLost when the server goes away, ServerUnreachable when it is silent."""

    def __init__(self, stream: socket.socket, home: Home, as_name: str | None) -> None:
        self._stream = stream
        self._received = bytearray()
        self._pushes: deque[AnyPush] = deque()
        self._number = 0
        self._send(greeting(as_name))
        first = self._frame(ANSWER_SECONDS)
        if first is None:
            raise no_answer()
        self.welcome = greeted(first, home)

    def ask(self, ask: Ask[Body]) -> Body:
        """The server's answer, in the type that the ask declares; raises the ConsoleError that it answers with."""
        self._number += 1
        self._send(frame(Request(id=self._number, ask=known(ask))))
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self._message(max(0.0, deadline - time.monotonic()))
            if message is None:
                raise no_answer()
            reply = message.reply
            if reply is None or reply.id != self._number:
                continue
            if reply.fault is not None:
                raise error_of(reply.fault)
            body: Body = decoded(bytes(reply.body), body_type(type(ask)))
            return body

    def next_push(self, timeout: float | None) -> AnyPush | None:
        """The next thing the server tells, or None when `timeout` (seconds) passed; without one it waits for it."""
        while not self._pushes:
            if self._message(timeout) is None:
                return None
        return self._pushes.popleft()

    def fileno(self) -> int:
        """For select: readable when more came. What `next_push(0)` has not handed out yet is not seen by select."""
        return self._stream.fileno()

    def close(self) -> None:
        """End the conversation; what runs goes on."""
        self._stream.close()

    def _message(self, timeout: float | None) -> FromServer | None:
        raw = self._frame(timeout)
        if raw is None:
            return None
        message: FromServer = decoded(raw, FromServer)
        if message.push is not None:
            self._pushes.append(message.push)
        return message

    def _frame(self, timeout: float | None) -> bytes | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (whole := self._whole_frame()) is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._receive(left):
                return None
        return whole

    def _whole_frame(self) -> bytes | None:
        if len(self._received) < HEADER:
            return None
        try:
            end = HEADER + frame_length(bytes(self._received[:HEADER]))
        except ValueError as problem:
            raise not_understood(str(problem)) from problem
        if len(self._received) < end:
            return None
        whole = bytes(self._received[HEADER:end])
        del self._received[:end]
        return whole

    def _receive(self, timeout: float | None) -> bool:
        self._stream.settimeout(timeout)
        try:
            more = self._stream.recv(262_144)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError as problem:
            raise lost(str(problem)) from problem
        if not more:
            raise lost("it closed the connection")
        self._received += more
        return True

    def _send(self, data: bytes) -> None:
        self._stream.settimeout(ANSWER_SECONDS)
        try:
            self._stream.sendall(data)
        except OSError as problem:
            raise lost(str(problem)) from problem


class Client:
    """The server of a home as the command line sees it: connected when first asked, and once more when it is lost.

    Commands carry an id, so that asking again does nothing twice. With `start`, a server is started when none runs.
    """

    def __init__(
        self,
        home: Home,
        *,
        as_name: str | None = None,
        start: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self._as_name = as_name
        self._start = start
        self._environ = environ
        self._connection: Connection | None = None
        self._watching: Watch | None = None

    @property
    def welcome(self) -> Welcome:
        """How the server greeted: under which name it records what is asked."""
        return self._connected().welcome

    def ask(self, ask: Ask[Body]) -> Body:
        """The server's answer; raises ConsoleError."""
        try:
            return self._connected().ask(ask)
        except ConnectionLost:
            self.close()
            if isinstance(ask, NOT_REPEATABLE):
                raise
            return self._connected().ask(ask)

    def watch(self, run: int | None = None) -> None:
        """Be told of changes, also after the server was lost and is back."""
        watching = Watch(run=run)
        self.ask(watching)
        self._watching = watching

    def next_push(self, timeout: float | None) -> AnyPush | None:
        """The next thing the server tells, or None; raises ConnectionLost, after which the next call connects anew."""
        try:
            return self._connected().next_push(timeout)
        except ConnectionLost:
            self.close()
            raise

    def fileno(self) -> int:
        """For select; a reconnected client has another one."""
        return self._connected().fileno()

    def close(self) -> None:
        """End the conversation; what runs goes on."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            try:
                self._connection = self._connect()
            except ConnectionLost:
                # It was just ending, or has too much to do: the second try finds it gone, and starts another.
                self._connection = self._connect()
            if self._watching is not None:
                self._connection.ask(self._watching)
        return self._connection

    def _connect(self) -> Connection:
        stream = reach(self.home, start=self._start, environ=self._environ)
        try:
            return Connection(stream, self.home, self._as_name)
        except BaseException:
            stream.close()
            raise
