"""One request to a supervisor, without following the attempt."""

from __future__ import annotations

import os
import socket
from typing import Any

import msgspec

from console.supervise.address import control_address
from console.supervise.errors import ControlError

_LONGEST_LINE = 1 << 20


def ask(directory: str | os.PathLike[str], request: dict[str, Any], *, timeout_seconds: float = 5.0) -> dict[str, Any]:
    """Send one request and return the answer's fields. Blocks. Raises ControlError if it is refused or not answered."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            with control_address(directory) as address:
                connection.connect(address)
            connection.sendall(msgspec.json.encode(request) + b"\n")
            with connection.makefile("rb") as lines:
                while line := lines.readline(_LONGEST_LINE):
                    message = message_in(line)
                    if "ok" in message:
                        return answer_in(message)
    except OSError as error:
        raise unreachable(directory, str(error)) from error
    raise unreachable(directory, "it closed the connection")


def message_in(line: bytes) -> dict[str, Any]:
    """One line from a supervisor; empty if it is not a message."""
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def answer_in(message: dict[str, Any]) -> dict[str, Any]:
    """The answer's fields. Raises ControlError if it is a refusal."""
    if message.get("ok") is not True:
        raise ControlError(f"the supervisor refused: {message.get('error')}", unaffected="the attempt goes on")
    return {name: value for name, value in message.items() if name not in {"ok", "id"}}


def unreachable(directory: str | os.PathLike[str], why: str) -> ControlError:
    """The error for a supervisor that does not answer."""
    return ControlError(
        f"the attempt's supervisor cannot be reached: {why}",
        where=os.fspath(directory),
        unaffected="nothing was asked of the attempt",
        mend="look whether the attempt still runs",
    )
