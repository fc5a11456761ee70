"""A server's life: one for each home, from its lock to its last word in the log."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import console
from console import protocol as p
from console.config import Home, prepare_home, prepare_socket, socket_path
from console.engine.commands import Actor
from console.errors import EXIT_DONE, JournalLocked
from console.server import asks
from console.server.host import Host, open_host
from console.server.session import Session

log = logging.getLogger("console.server")


def serve(home: Home) -> int:
    """Serve a home in the foreground until told to stop; returns the exit code of the process.

    Raises ConsoleError for a home that cannot be served.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True
    )
    prepare_home(home)
    socket = socket_path(home)
    prepare_socket(socket)
    with _the_only_server(home, socket):
        return asyncio.run(_serve(home, socket))


@contextlib.contextmanager
def _the_only_server(home: Home, socket: Path) -> Iterator[None]:
    """Hold the home's server lock; it says who holds it, and is never unlinked."""
    handle = os.open(home.server_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 4096).decode("utf-8", "replace").strip()
            raise JournalLocked(
                "Another server works on this home already.",
                where=f"{home.root} ({holder[:200]})",
                unaffected="the other server goes on",
                mend="console server status shows it; console server stop ends it",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "socket": str(socket)}).encode(), 0)
        yield
    finally:
        os.close(handle)


async def _serve(home: Home, socket: Path) -> int:
    host = open_host(home)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sessions: set[asyncio.Task[None]] = set()

    async def answer(ask: Any, who: Actor) -> Any:
        if isinstance(ask, p.StopServer):
            loop.call_later(0.05, stop.set)
            return None
        body = await asks.answer(host, ask, who)
        if isinstance(body, p.ServerView):
            return msgspec.structs.replace(body, clients=len(sessions))
        return body

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(reader, writer, host.hub, answer, str(home.root), lambda: host.trouble)
        task = asyncio.create_task(session.serve())
        sessions.add(task)
        task.add_done_callback(sessions.discard)

    await host.begin()
    timekeeper = asyncio.gather(host.acting.keep_time(), host.tell_trouble())
    server = await _listen(connected, socket)
    await host.turns.record_home("server_started", {"pid": os.getpid(), "version": console.__version__})
    log.info("serving %s on %s", home.root, socket)
    try:
        await stop.wait()
    finally:
        await _close(host, server, timekeeper, sessions, socket)
    return EXIT_DONE


async def _listen(connected: Any, socket: Path) -> asyncio.Server:
    """Listen where clients look. The lock is ours, so a socket that lies there is a dead server's."""
    socket.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(connected, path=str(socket), backlog=128)
    socket.chmod(0o600)
    return server


async def _close(
    host: Host,
    server: asyncio.Server,
    timekeeper: asyncio.Future[Any],
    sessions: set[asyncio.Task[None]],
    socket: Path,
) -> None:
    log.info("stopping; what runs goes on under its supervisors")
    host.hub.tell_all(p.Stopping())
    host.acting.stop()
    server.close()
    socket.unlink(missing_ok=True)
    timekeeper.cancel()
    await asyncio.sleep(0)
    for task in list(sessions):
        task.cancel()
    await asyncio.gather(timekeeper, *sessions, return_exceptions=True)
    await host.aclose()
    log.info("stopped")
