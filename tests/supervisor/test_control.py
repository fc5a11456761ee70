"""The control socket: many clients, slow ones and malicious ones, and a supervisor that none of them holds up."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from console.supervise import AttemptSpec, ControlError, ask, look
from console.supervise.address import control_address
from tests.supervise.lab import Lab, needs_root, until


@contextmanager
def client(spec: AttemptSpec) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        with control_address(spec.directory) as address:
            connection.connect(address)
        connection.settimeout(20)
        yield connection


def messages(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """What the supervisor says, until it closes the connection."""
    with connection.makefile("rb") as lines:
        for line in lines:
            yield json.loads(line)


def test_a_client_is_greeted_then_told_and_let_go_at_the_end(lab: Lab) -> None:
    spec = lab.start(sh="echo one; read _; echo two; exit 3", pty=True)
    lab.wait_for_output(spec, b"one")
    with client(spec) as connection:
        said = messages(connection)
        hello = next(said)
        assert (hello["event"], hello["version"], hello["attempt"]) == ("hello", 1, spec.attempt)
        lab.ask(spec, "input", data="Cg==")
        rest = list(said)
        # The connection has ended: the exit record is in place at this very moment.
        ended = look(spec.directory).exit
    assert ended is not None
    assert ended.exit_code == 3
    assert rest[-1] == {"event": "grew", "bytes": ended.output_bytes, "lines": ended.output_lines}


def test_growth_is_told_at_most_every_forty_milliseconds(lab: Lab) -> None:
    spec = lab.start(sh="read _; for i in $(seq 100); do echo $i; sleep 0.005; done", pty=True)
    with client(spec) as connection:
        said = messages(connection)
        next(said)
        lab.ask(spec, "input", data="Cg==")
        began = time.monotonic()
        told = [message for message in said if message.get("event") == "grew"]
        elapsed = time.monotonic() - began
    assert [message["bytes"] for message in told] == sorted({message["bytes"] for message in told})
    # One more for the first, and one for the last figure.
    assert 3 <= len(told) <= elapsed / 0.04 + 2


def test_requests_are_answered_in_order_with_their_ids(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    with client(spec) as connection:
        connection.sendall(b'{"id": 1, "do": "status"}\n{"id": "b", "do": "nonsense"}\nnot json\n{"do": "status"}\n')
        answers = list(islice(messages(connection), 5))[1:]
    assert [answer.get("id") for answer in answers] == [1, "b", None, None]
    assert [answer["ok"] for answer in answers] == [True, False, False, True]
    assert "input, window, signal, cancel, kill, status" in answers[1]["error"]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"do": 7},
        {"do": "input"},
        {"do": "input", "data": "not base64!"},
        {"do": "window", "cols": 0, "rows": 5},
        {"do": "window", "cols": True, "rows": 5},
        {"do": "window", "cols": 70000, "rows": 5},
        {"do": "signal", "name": "SIG_DFL"},
        {"do": "signal", "name": "KILL"},
        {"do": "signal"},
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_refused_and_harms_nobody(lab: Lab, request_: dict[str, Any]) -> None:
    spec = lab.start(sh="sleep 60")
    with pytest.raises(ControlError, match="the supervisor refused"):
        ask(spec.directory, request_)
    assert lab.ask(spec, "status")["ended"] is False


def test_a_signal_reaches_the_programs_group(lab: Lab) -> None:
    spec = lab.start(sh="trap 'echo usr1; exit 4' USR1; echo ready; while :; do sleep 0.02; done")
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "signal", name="SIGUSR1")
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code) == ("exited", 4)


def test_two_hundred_watchers_and_one_that_never_reads(lab: Lab) -> None:
    spec = lab.start(sh="read _; seq 1 200000; sleep 0.1; seq 1 200000; exit 7", pty=True)
    with ExitStack() as stack:
        mute = stack.enter_context(client(spec))
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        flood = b'{"do": "status"}\n' * 3000
        mute.settimeout(5)
        try:
            # It asks and asks and never reads an answer.
            for _ in range(20):
                mute.sendall(flood)
        except OSError:
            pass  # it was dropped
        watchers = [stack.enter_context(client(spec)) for _ in range(200)]
        lab.ask(spec, "input", data="Cg==")
        ends = []
        for watcher in watchers:
            *_, last = messages(watcher)
            ends.append((last["bytes"], last["lines"]))
        ended = lab.finish(spec)
    assert ended.exit_code == 7
    assert set(ends) == {(ended.output_bytes, ended.output_lines)}


def test_a_slow_client_is_told_the_newest_figure_when_it_has_caught_up(lab: Lab) -> None:
    spec = lab.start(sh="stty -echo; echo ready; read _; seq 1000; sleep 60", pty=True)
    lab.wait_for_output(spec, b"ready")
    with client(spec) as connection:
        # The answers fill the socket and wait in the supervisor, but are not yet too many.
        connection.sendall(b'{"do": "status"}\n' * 900)
        lab.ask(spec, "input", data="Cg==")
        lab.wait_for_output(spec, b"\r\n1000\r\n")
        size = len(lab.output(spec))
        assert any(message.get("event") == "grew" and message["bytes"] == size for message in messages(connection))


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff" * 1000 + b"\n", b"x" * 1_000_000, b"[" * 100_000 + b"\n", b"\n" * 1000]
)
def test_garbage_costs_its_sender_the_connection_at_most(lab: Lab, garbage: bytes) -> None:
    spec = lab.start(sh="sleep 60")
    with client(spec) as connection:
        with suppress(OSError):
            connection.sendall(garbage)
        assert lab.ask(spec, "status")["ended"] is False
    lab.ask(spec, "kill")
    assert lab.finish(spec).ending == "cancelled"


@needs_root
def test_clients_that_come_and_go_leave_nothing_open(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    supervisor = lab.supervisor(spec).supervisor.pid

    def descriptors() -> int:
        return len(list(Path(f"/proc/{supervisor}/fd").iterdir()))

    lab.ask(spec, "status")
    before = descriptors()
    for _ in range(50):
        with client(spec):
            pass
    until(lambda: descriptors() <= before, "the descriptors to be closed")


def test_more_clients_than_there_is_room_for_are_turned_away(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    with ExitStack() as stack:
        connections = [stack.enter_context(client(spec)) for _ in range(520)]
        turned_away = [connection for connection in connections[512:] if not connection.recv(1)]
        assert len(turned_away) == 8
        assert connections[0].recv(9) == b'{"event":'

    def answers() -> bool:
        with suppress(ControlError):
            return lab.ask(spec, "status")["ended"] is False
        return False

    until(answers, "room for another client")


def test_an_idle_supervisor_uses_no_time(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60", pty=True, timeout_ms=60_000)
    supervisor = lab.supervisor(spec).supervisor.pid

    def ticks() -> int:
        fields = Path(f"/proc/{supervisor}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    with client(spec) as connection:
        next(messages(connection))
        before = ticks()
        time.sleep(0.5)  # the time in which it must do nothing is what is tested
        assert ticks() - before <= 1
