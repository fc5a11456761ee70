"""The program's descriptors, with pipes of the test's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import cast

import pytest

from console.supervisor.child import Child
from console.supervisor.layout import STDOUT
from console.supervisor.poller import Poller
from console.supervisor.recorder import Recorder
from console.supervisor.streams import Streams


class Taken:
    """Keeps what it is given to record."""

    def __init__(self) -> None:
        self.data = b""

    def take(self, stream: int, data: bytes, now: float) -> None:
        assert stream == STDOUT
        self.data += data


class Writer:
    """A program's end of a pipe."""

    terminal = None
    stdin = None

    def __init__(self) -> None:
        reader, self.end = os.pipe()
        os.set_blocking(reader, False)
        self.reader = reader
        self.streams = {reader: STDOUT}


@pytest.fixture
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    os.close(made.reader)
    os.close(made.end)


def test_the_rest_is_what_is_in_the_pipe_and_nobody_waits_for_more(writer: Writer) -> None:
    taken = Taken()
    streams = Streams(Poller(), cast(Child, writer), cast(Recorder, taken), None)
    os.write(writer.end, b"x" * 60_000)
    streams.read_the_rest()
    assert taken.data == b"x" * 60_000
    assert streams.open
    streams.read_the_rest()
    assert taken.data == b"x" * 60_000
