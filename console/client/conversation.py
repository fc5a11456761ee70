"""What the blocking and the asyncio client share: the greeting, what may be repeated, and what can go wrong."""

from __future__ import annotations

from typing import Any

import msgspec

import console
from console.client.faults import ConnectionLost, error_of
from console.config import Home
from console.errors import ServerUnreachable
from console.protocol import VERSION, AnyAsk, Ask, FromServer, Hello, SendInput, StopServer, Welcome, frame

ANSWER_SECONDS = 60.0
# Every other ask reads, or is a command whose id makes it happen once.
NOT_REPEATABLE = (SendInput, StopServer)
_FROM_SERVER = msgspec.json.Decoder(FromServer)


def greeting(as_name: str | None) -> bytes:
    """The frame that a client says first."""
    return frame(Hello(version=VERSION, client=f"console {console.__version__}", as_name=as_name))


def greeted(raw: bytes, home: Home) -> Welcome:
    """The server's answer to the greeting; raises what it says is wrong, ServerUnreachable for another home's."""
    welcome: Welcome = decoded(raw, Welcome)
    if welcome.error is not None:
        raise error_of(welcome.error)
    _check_home(home, welcome)
    return welcome


def no_answer() -> ServerUnreachable:
    """The error for a server that says nothing."""
    return ServerUnreachable(
        f"The server gave no answer within {ANSWER_SECONDS:.0f} seconds.",
        unaffected="what runs goes on; what was asked may still be done",
        mend="look before you ask again: console server status, console runs",
    )


def _check_home(home: Home, welcome: Welcome) -> None:
    """Raise ServerUnreachable when the server that answered works on another home."""
    if welcome.home != str(home.root):
        raise ServerUnreachable(
            f"The server that answers works on another home: {welcome.home}.",
            where=str(home.root),
            unaffected="nothing was asked of it",
            mend="set CONSOLE_HOME to the home you mean, or stop that server",
        )


def known(ask: Ask[Any]) -> AnyAsk:
    """The ask as one of those that there are."""
    return ask  # type: ignore[return-value]  # the union lists every ask there is


def decoded(raw: bytes, kind: Any) -> Any:
    """A message in its type; raises ServerUnreachable for what is none."""
    try:
        return (_FROM_SERVER if kind is FromServer else msgspec.json.Decoder(kind)).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise not_understood(str(problem)) from problem


def not_understood(problem: str) -> ServerUnreachable:
    """The error for an answer that is not the protocol's."""
    return ServerUnreachable(
        f"The server's answer cannot be understood: {problem}.",
        unaffected="what runs goes on",
        mend="server and client may be of different versions: console server stop, then try again",
    )


def lost(problem: str) -> ConnectionLost:
    """The error for a server that went away."""
    return ConnectionLost(
        f"The connection to the server was lost: {problem}.",
        unaffected="what runs goes on under its supervisors",
        mend="try again; a command that is repeated with the same --id does nothing twice",
    )
