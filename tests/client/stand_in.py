"""A server that answers from a table: the real protocol on a real socket, with nothing behind it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from console.config import Home, prepare_socket, socket_path
from console.errors import ConsoleError
from console.protocol import (
    HEADER,
    VERSION,
    AnyPush,
    Ask,
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

Answer = Any | Callable[[Any], Any]


class StandIn:
    """Answers asks by `answers` (a body, a function of the ask, or an error to raise); remembers what was asked."""

    def __init__(self, home: Path, answers: dict[type[Ask[Any]], Answer] | None = None) -> None:
        self.home = Home(home)
        self.answers: dict[type[Ask[Any]], Answer] = answers or {}
        self.asked: list[Any] = []
        self.hellos: list[Hello] = []
        self.welcome_error: Fault | None = None
        self.home_name = str(home)
        self._connections: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._changed = threading.Condition()

    def __enter__(self) -> StandIn:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen where clients look."""
        path = socket_path(self.home)
        prepare_socket(path)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self, *, leave_socket: bool = False) -> None:
        """Go away: connections are cut. With `leave_socket` the file stays, as after kill -9."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()
        if not leave_socket:
            socket_path(self.home).unlink(missing_ok=True)

    def cut(self) -> None:
        """Cut every connection."""
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._connections.clear()

    def push(self, push: AnyPush) -> None:
        """Tell every client."""
        for connection in list(self._connections):
            connection.sendall(frame(FromServer(push=push)))

    def say_raw(self, data: bytes) -> None:
        """Send bytes that may be anything."""
        for connection in list(self._connections):
            connection.sendall(data)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something was asked; fails by name."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout=20), f"{what} did not happen; asked: {self.asked}"

    def asked_of(self, kind: type[Any]) -> list[Any]:
        """What was asked of that kind, in order."""
        return [ask for ask in self.asked if isinstance(ask, kind)]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            hello = msgspec.json.decode(_read(connection), type=Hello)
            welcome = Welcome(
                version=VERSION,
                server="0.0.0",
                home=self.home_name,
                name=hello.as_name or "ana",
                asserted=hello.as_name is not None,
                error=self.welcome_error,
            )
            self._note(self.hellos, hello)
            connection.sendall(frame(welcome))
            while True:
                request = msgspec.json.decode(_read(connection), type=Request)
                reply = self._reply(request)
                self._note(self.asked, request.ask)
                connection.sendall(frame(FromServer(reply=reply)))

    def _note(self, where: list[Any], what: Any) -> None:
        with self._changed:
            where.append(what)
            self._changed.notify_all()

    def _reply(self, request: Request) -> Reply:
        if isinstance(request.ask, Watch | Unwatch):
            return Reply(id=request.id)
        answer = self.answers.get(type(request.ask))
        try:
            body = answer(request.ask) if callable(answer) else answer
            if isinstance(body, ConsoleError):
                raise body
        except ConsoleError as error:
            fault = Fault(code=error.code, exit_code=error.exit_code, message=error.message, mend=error.mend)
            return Reply(id=request.id, fault=fault)
        return Reply(id=request.id, body=msgspec.Raw(msgspec.json.encode(body)))


def _read(connection: socket.socket) -> bytes:
    return _exactly(connection, frame_length(_exactly(connection, HEADER)))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data
