"""The conversation: greeting, numbered requests and replies, pushes, and their frames.

A frame is four bytes of length (big-endian) and that many bytes of JSON.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from console.engine.words import RunState
from console.protocol.asked import AnyAsk
from console.protocol.message import Message
from console.protocol.shown import NoticeView

VERSION = 1
OLDEST = 1
LARGEST_FRAME = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")
HEADER = _LENGTH.size


class Hello(Message, frozen=True):
    """The first message of a client. `as_name` is the name it claims to act under."""

    version: int
    client: str
    as_name: str | None = None


class Welcome(Message, frozen=True):
    """The server's answer to Hello: under which name it will record what this client asks."""

    version: int
    server: str
    home: str
    name: str
    asserted: bool = False
    unprotected: bool = True
    trouble: str | None = None
    error: Fault | None = None


class Fault(Message, frozen=True):
    """Why something was not done. `code` and `exit_code` are those of console.errors."""

    code: str
    exit_code: int
    message: str
    where: str | None = None
    unaffected: str | None = None
    mend: str | None = None
    problems: tuple[str, ...] = ()


class Request(Message, frozen=True):
    """A numbered ask."""

    id: int
    ask: AnyAsk


class Reply(Message, frozen=True):
    """The answer to the request of that number: a body, or a fault."""

    id: int
    body: msgspec.Raw = msgspec.Raw(b"null")
    fault: Fault | None = None


class Changed(Message, frozen=True, tag_field="push", tag="changed"):
    """A run changed."""

    run: int
    seq: int
    state: RunState


class Grew(Message, frozen=True, tag_field="push", tag="grew"):
    """An attempt printed more."""

    run: int
    step: str
    visit: int
    attempt: int
    bytes: int
    lines: int


class Notice(Message, frozen=True, tag_field="push", tag="notice"):
    """People were told something."""

    notice: NoticeView


class Troubled(Message, frozen=True, tag_field="push", tag="troubled"):
    """The server records nothing more: what is shown is what was last on disk. It says why, and what mends it."""

    trouble: str


class Stopping(Message, frozen=True, tag_field="push", tag="stopping"):
    """The server stops now; runs go on."""


AnyPush = Changed | Grew | Notice | Troubled | Stopping


class FromServer(Message, frozen=True):
    """A frame from the server: a reply or a push."""

    reply: Reply | None = None
    push: AnyPush | None = None


def frame(message: Any) -> bytes:
    """A message as it goes over the wire."""
    body = msgspec.json.encode(message)
    return _LENGTH.pack(len(body)) + body


def frame_length(header: bytes) -> int:
    """The length that a header announces; raises ValueError for more than LARGEST_FRAME."""
    (length,) = _LENGTH.unpack(header)
    if length > LARGEST_FRAME:
        raise ValueError(f"a frame of {length} bytes is larger than the {LARGEST_FRAME} allowed")
    return int(length)
