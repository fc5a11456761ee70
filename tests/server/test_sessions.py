"""Clients that are slow, broken or hostile harm nobody but themselves."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from console import protocol as p
from console.client.conversation import greeting
from console.engine.commands import Actor
from console.errors import RefusedError
from console.server.hub import Hub
from console.server.session import MOST_UNSENT, Session
from tests.server.lab import Lab, refused, shell, until

MOST_KB = 100 * 1024


def dial(lab: Lab) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.settimeout(20)
    stream.connect(str(lab.socket))
    return stream


def closed(stream: socket.socket) -> bool:
    """Whether the server lets go of the connection, reading what it says until then."""
    try:
        while stream.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


def framed(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


GARBAGE: dict[str, Callable[[], bytes]] = {
    "noise": lambda: os.urandom(4_096),
    "a huge header": lambda: struct.pack(">I", 0xFFFF_FFFF) + b"x" * 1_000,
    "just too large": lambda: struct.pack(">I", p.LARGEST_FRAME + 1),
    "not JSON": lambda: struct.pack(">I", 5) + b"hello",
    "no greeting": lambda: p.frame(p.Request(id=1, ask=p.ListRuns())),
    "garbage after the greeting": lambda: greeting("ana") + struct.pack(">I", 3) + b"???",
    "a huge frame after the greeting": lambda: greeting("ana") + struct.pack(">I", 0xFFFF_FFFF),
    "deep nesting": lambda: greeting("ana") + framed(b'{"id": 1, "x": ' + b"[" * 200_000),
    "deep nesting that ends": lambda: greeting("ana") + framed(b'{"x": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
    "a deep greeting": lambda: framed(b'{"version": 1, "client": "x", "y": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
}


@pytest.mark.parametrize("what", list(GARBAGE))
def test_what_is_no_protocol_ends_that_conversation_and_no_other(lab: Lab, what: str) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "m", "manual": "x"}))
    with dial(lab) as stream:
        stream.sendall(GARBAGE[what]())
        assert closed(stream)
    assert ana.ask(p.ShowRun(run=run)).state == "waiting"
    assert "Traceback" not in lab.log()


def test_half_a_frame_holds_up_nobody(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "m", "manual": "x"}))
    halves = [dial(lab) for _ in range(5)]
    for stream in halves:
        stream.sendall(greeting("ben") + struct.pack(">I", 1_000) + b"{")
    assert ana.ask(p.ShowRun(run=run)).state == "waiting"
    assert ana.ask(p.ServerStatus()).clients == 6
    for stream in halves:
        stream.close()
    until(lambda: ana.ask(p.ServerStatus()).clients == 1, saying="they are forgotten")


def test_an_ask_that_is_not_known_is_refused_and_the_conversation_goes_on(lab: Lab) -> None:
    lab.client().welcome  # noqa: B018  (it starts the server)
    stream = dial(lab)
    unknown = b'{"id": 7, "ask": {"ask": "brew_coffee"}}'
    stream.sendall(greeting("ana") + struct.pack(">I", len(unknown)) + unknown)
    stream.sendall(p.frame(p.Request(id=8, ask=p.ListRuns())))
    replies = b""
    while b'"id":8' not in replies or b'"id":7' not in replies:
        replies += stream.recv(65_536)
    stream.close()
    assert b"does not understand this ask" in replies


def test_a_name_that_is_none_is_refused(lab: Lab) -> None:
    lab.client().welcome  # noqa: B018
    for name in ("", "../x", "a b", "\x1b[31m", "x" * 65):
        error = refused(lambda name=name: lab.client(name).welcome)  # type: ignore[misc]
        assert isinstance(error, RefusedError)
        assert "is not a name" in error.message


def test_a_client_that_reads_nothing_does_not_hold_up_the_others(lab: Lab) -> None:
    ana = lab.client()
    deaf = []
    run = lab.start(ana, lab.runbook("t", shell("one", "seq 1 300000"), {"id": "m", "manual": "x"}))
    for _ in range(3):
        stream = dial(lab)
        stream.sendall(greeting("ben") + p.frame(p.Request(id=1, ask=p.Watch())))
        for number in range(2, 300):
            try:
                stream.settimeout(0.2)
                stream.sendall(p.frame(p.Request(id=number, ask=p.ReadOutput(run=run, step="one", count=5_000))))
            except TimeoutError:
                break
        deaf.append(stream)
    lab.wait_task(ana, run, "m")
    begun = time.monotonic()
    for _ in range(20):
        ana.ask(p.ShowRun(run=run))
    assert time.monotonic() - begun < 5.0
    assert ana.ask(p.ServerStatus()).memory_kb < 2 * MOST_KB
    for stream in deaf:
        stream.close()
    lab.answer(ana, run, "m", "done")
    assert lab.wait_end(ana, run).state == "succeeded"


def test_a_watcher_is_not_let_go_while_it_reads_one_large_answer(tmp_path: Path) -> None:
    path = tmp_path / "s"
    large = msgspec.Raw(b'"' + b"x" * (MOST_UNSENT + 1024 * 1024) + b'"')

    async def main() -> None:
        hub, serving = Hub(), asyncio.Event()

        async def answer(ask: object, who: Actor) -> msgspec.Raw:
            return large

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Session(reader, writer, hub, answer, "home").serve()
            serving.set()

        server = await asyncio.start_unix_server(serve, path)
        reader, writer = await asyncio.open_unix_connection(path)

        async def read() -> p.FromServer:
            raw = await reader.readexactly(p.frame_length(await reader.readexactly(p.HEADER)))
            return msgspec.json.decode(raw, type=p.FromServer)

        writer.write(greeting(None) + p.frame(p.Request(id=1, ask=p.Watch())))
        await reader.readexactly(p.frame_length(await reader.readexactly(p.HEADER)))
        assert (await read()).reply == p.Reply(id=1, body=msgspec.Raw(b"null"))
        writer.write(p.frame(p.Request(id=2, ask=p.ListRuns())))
        header = await reader.readexactly(p.HEADER)  # now the answer is on its way, and most of it is unsent
        hub.tell_all(p.Stopping())
        answered = msgspec.json.decode(await reader.readexactly(p.frame_length(header)), type=p.FromServer)
        assert answered.reply is not None
        assert answered.reply.body == large
        assert (await read()).push == p.Stopping()
        writer.close()
        await serving.wait()
        server.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_fifty_watchers_are_told_and_cost_little(lab: Lab) -> None:
    ana = lab.client()
    watchers = [lab.client(f"w{number}") for number in range(50)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda client: client.watch(None), watchers))
    steps = [{"id": f"s{number}", "manual": "x"} for number in range(20)]
    run = lab.start(ana, lab.runbook("t", *steps))
    for number in range(20):
        lab.wait_task(ana, run, f"s{number}")
        lab.answer(ana, run, f"s{number}", "done")
    end = lab.wait_end(ana, run)
    for watcher in watchers:
        while True:
            push = watcher.next_push(20)
            assert push is not None
            if isinstance(push, p.Changed) and push.seq == end.seq:
                break
    status = ana.ask(p.ServerStatus())
    assert status.clients == 51
    assert status.memory_kb < MOST_KB, f"{status.memory_kb} kB"
