"""`console server`: start, stop or look at the server of this home, or run it in the foreground."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque

from console.cli.call import Call
from console.cli.shapes import LogView, StoppedView
from console.client.connection import Client
from console.client.faults import ConnectionLost
from console.errors import EXIT_DONE, NotFoundError, ServerUnreachable
from console.protocol import ServerStatus, StopServer
from console.view.plain_runbooks import server_lines

STOP_SECONDS = 30.0
_PAUSE = 0.02


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("what", choices=("start", "stop", "status", "log", "run"), metavar="start|stop|status|log|run")
    parser.add_argument("--lines", type=int, default=50, metavar="N", help="log: the last N lines (50)")
    parser.add_argument("--report-to", type=int, metavar="FD", help=argparse.SUPPRESS)


def run(call: Call) -> int:
    """Do what was asked of the server."""
    match call.arguments.what:
        case "start":
            return _show_status(call, call.client)
        case "status":
            return _show_status(call, Client(call.home, as_name=call.as_name, start=False))
        case "stop":
            return _stop(call)
        case "log":
            return _log(call)
        case _:
            from console.cli.server_run import serve_home

            return serve_home(call.home, call.arguments.report_to)


def _show_status(call: Call, client: Client) -> int:
    try:
        found = client.ask(ServerStatus())
    finally:
        client.close()
    call.show(found, lambda: server_lines(found))
    return EXIT_DONE


def _stop(call: Call) -> int:
    client = Client(call.home, as_name=call.as_name, start=False)
    try:
        pid = client.ask(ServerStatus()).pid
        client.ask(StopServer())
    except ConnectionLost:
        pid = None
    except ServerUnreachable:
        body = StoppedView(stopped=False)
        call.show(body, lambda: ["No server was running for this home."])
        return EXIT_DONE
    finally:
        client.close()
    if pid is not None:
        _wait_until_gone(pid)
    body = StoppedView(stopped=True, pid=pid)
    call.show(body, lambda: ["The server has stopped. What runs goes on under its supervisors."])
    return EXIT_DONE


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while _lives(pid):
        if time.monotonic() > deadline:
            raise ServerUnreachable(
                f"The server was told to stop, and process {pid} is still there after {STOP_SECONDS:.0f} seconds.",
                unaffected="what runs goes on",
                mend="console server log shows what it does",
            )
        time.sleep(_PAUSE)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - nothing else here needs pathlib
            return file.read().rpartition(b")")[2].split()[0] != b"Z"
    except (OSError, IndexError):
        return False


def _log(call: Call) -> int:
    place = call.home.server_log
    try:
        with place.open("rb") as file:
            lines = deque((raw.decode("utf-8", "replace").rstrip("\n") for raw in file), max(0, call.arguments.lines))
    except FileNotFoundError:
        raise NotFoundError(
            "The server of this home has written no log yet.", where=str(place), mend="console server start"
        ) from None
    except OSError as problem:
        raise NotFoundError(f"The log cannot be read: {problem.strerror}.", where=str(place)) from problem
    body = LogView(file=str(place), lines=tuple(lines))
    call.show(body, lambda: body.lines)
    return EXIT_DONE
