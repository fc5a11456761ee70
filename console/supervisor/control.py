"""The control socket: one JSON object a line, both ways, for several clients, none of which can hold anything up.

On connecting a client is greeted with {"event": "hello", "version": 1, "attempt": …, "bytes": n, "lines": m}; then come
{"event": "grew", "bytes": n, "lines": m} as the output grows, and one answer for each request, in order:
{"ok": true, …} or {"ok": false, "error": "…"}, with the request's "id" if it had one. The connection is closed once the
exit record is in place.
"""

from __future__ import annotations

import _socket
import os
import select
import sys

from console.supervisor import layout
from console.supervisor.lean_json import dump, parse
from console.supervisor.poller import Poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    # Does a request and returns the answer's fields; raises Refusal, ValueError or OSError if it is not done.
    Handle = Callable[[dict[str, Any]], dict[str, object]]

PUSH_SECONDS = 0.04
_MOST_CLIENTS = 512
_LONGEST_REQUEST = 256 * 1024
_MOST_PENDING = 256 * 1024
_READ_BYTES = 64 * 1024
_PEER_CREDENTIALS_BYTES = 12


class Refusal(Exception):
    """A request that is understood and not done; its text is for the one who asked."""


class _Client:
    def __init__(self, connection: _socket.socket) -> None:
        self.socket = connection
        self.incoming = b""
        self.outgoing = b""
        self.stale = False


class ControlServer:
    """Listens in the current directory, answers requests by `handle`, and tells everyone when the output grows."""

    def __init__(self, attempt: str, handle: Handle, poller: Poller) -> None:
        self._attempt = attempt
        self._handle = handle
        self._poller = poller
        self._clients: dict[int, _Client] = {}
        self._told = (0, 0)
        self._now = (0, 0)
        self._push_at = 0.0
        # A relative name: the directory's own path may well be longer than a socket's address can be.
        self._listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
        self._listener.setblocking(False)
        self._listener.bind(layout.CONTROL)
        self._listener.listen(_MOST_CLIENTS)
        poller.watch(self._listener.fileno(), select.POLLIN, self._accept)

    def grew(self, size: int, lines: int) -> None:
        """Note how much output there is now; `push` tells the clients."""
        self._now = (size, lines)

    def push_at(self) -> float | None:
        """When `push` is due (monotonic seconds), or None while there is nothing to tell."""
        return self._push_at if self._now != self._told and self._clients else None

    def push(self, now: float) -> None:
        """Tell the clients how far the output has grown, at most every 40 ms."""
        if self._now == self._told or now < self._push_at:
            return
        self._told = self._now
        self._push_at = now + PUSH_SECONDS
        for client in list(self._clients.values()):
            if client.outgoing:
                # A slow reader is told the newest figure when it has caught up.
                client.stale = True
            else:
                self._send(client, self._growth())

    def close(self) -> None:
        """Tell the last figure to those who keep up, and close every connection."""
        self.push(self._push_at)
        for client in list(self._clients.values()):
            self._drop(client)
        self._poller.unwatch(self._listener.fileno())
        self._listener.close()

    def _growth(self) -> dict[str, object]:
        return {"event": "grew", "bytes": self._told[0], "lines": self._told[1]}

    def _accept(self, _events: int) -> None:
        try:
            descriptor, _ = self._listener._accept()  # type: ignore[attr-defined]
        except OSError:
            # Most likely out of descriptors: a watcher that is dropped looks at the directory and comes back.
            return self._drop(next(iter(self._clients.values()))) if self._clients else None
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, fileno=descriptor)
        connection.setblocking(False)
        if len(self._clients) >= _MOST_CLIENTS or _peer(connection) != os.getuid():
            return connection.close()
        client = _Client(connection)
        self._clients[descriptor] = client
        self._poller.watch(descriptor, select.POLLIN, lambda events: self._serve(client, events))
        hello = {"event": "hello", "version": layout.VERSION, "attempt": self._attempt}
        self._send(client, {**hello, "bytes": self._now[0], "lines": self._now[1]})
        return None

    def _serve(self, client: _Client, events: int) -> None:
        if events & select.POLLOUT:
            self._flush(client)
        if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
            self._receive(client)

    def _receive(self, client: _Client) -> None:
        try:
            data = client.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        client.incoming += data
        if not data or len(client.incoming) > _LONGEST_REQUEST:
            return self._drop(client)
        *requests, client.incoming = client.incoming.split(b"\n")
        for line in requests:
            if client.socket.fileno() < 0:
                return None
            self._send(client, self._answer(line))
        return None

    def _answer(self, line: bytes) -> dict[str, object]:
        answer: dict[str, object] = {}
        try:
            request = parse(line.decode("utf-8"))
            if not isinstance(request, dict):
                raise Refusal("a request is an object")
            if isinstance(request.get("id"), int | str):
                answer["id"] = request["id"]
            return {**answer, "ok": True, **self._handle(request)}
        except (Refusal, ValueError, OSError) as refusal:
            return {**answer, "ok": False, "error": str(refusal)}

    def _send(self, client: _Client, message: dict[str, object]) -> None:
        waiting = bool(client.outgoing)
        client.outgoing += dump(message).encode("ascii") + b"\n"
        if len(client.outgoing) > _MOST_PENDING:
            self._drop(client)
        elif not waiting:
            self._flush(client)

    def _flush(self, client: _Client) -> None:
        try:
            sent = client.socket.send(client.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            return self._drop(client)
        client.outgoing = client.outgoing[sent:]
        if not client.outgoing and client.stale:
            client.stale = False
            return self._send(client, self._growth())
        wanted = select.POLLIN | (select.POLLOUT if client.outgoing else 0)
        self._poller.watch(client.socket.fileno(), wanted, lambda events: self._serve(client, events))
        return None

    def _drop(self, client: _Client) -> None:
        descriptor = client.socket.fileno()
        if self._clients.pop(descriptor, None):
            self._poller.unwatch(descriptor)
            client.socket.close()


def _peer(connection: _socket.socket) -> int:
    """The user at the other end."""
    try:
        credentials = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _PEER_CREDENTIALS_BYTES)
    except OSError:
        return -1
    return int.from_bytes(credentials[4:8], sys.byteorder)
