"""What clients may ask of a supervisor over its control socket."""

from __future__ import annotations

import binascii
import os

from console.supervisor.child import Child
from console.supervisor.control import Refusal
from console.supervisor.signals import number_of
from console.supervisor.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

Answer = dict[str, object]

_LARGEST_WINDOW = 65535


class Requests:
    """Checks each request and does it. The program, once it runs, is given by `begin`."""

    def __init__(
        self,
        *,
        running: Callable[[], bool],
        mask: Callable[[str], None],
        cancel: Callable[[], None],
        kill: Callable[[], None],
        status: Callable[[], Answer],
    ) -> None:
        """`mask` adds a value to be redacted; the others do or say what they are called."""
        self._running = running
        self._mask = mask
        self._cancel, self._kill, self._status = cancel, kill, status
        self._child: Child | None = None
        self._streams: Streams | None = None
        self._deeds: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "input": self._do_input,
            "window": self._do_window,
            "signal": self._do_signal,
            "cancel": self._do_cancel,
            "kill": self._do_kill,
            "status": lambda _request: self._status(),
        }

    def begin(self, child: Child, streams: Streams) -> None:
        """The program is there: requests can reach it."""
        self._child, self._streams = child, streams

    def handle(self, request: dict[str, Any]) -> Answer:
        """Do what is asked and return the answer's fields. Raises Refusal, ValueError or OSError if it is not done."""
        wanted = request.get("do")
        deed = self._deeds.get(wanted) if isinstance(wanted, str) else None
        if deed is None:
            raise Refusal(f"a request does one of: {', '.join(self._deeds)}")
        return deed(request)

    def _do_input(self, request: dict[str, Any]) -> Answer:
        data = request.get("data")
        if not isinstance(data, str):
            raise Refusal("input needs data, in base64")
        typed = binascii.a2b_base64(data)
        if self._child is None or self._child.terminal is None or self._streams is None:
            raise Refusal("this attempt has no terminal to type at")
        if not self._running() or not self._streams.can_be_typed_at:
            raise Refusal("the program has ended")
        if request.get("secret") is True:
            self._mask(typed.decode("utf-8", "surrogateescape").strip())
        if not self._streams.type(typed):
            raise Refusal("the program does not read what was typed before")
        return {}

    def _do_window(self, request: dict[str, Any]) -> Answer:
        columns, rows = (request.get(name) for name in ("cols", "rows"))
        if not _fits(columns) or not _fits(rows):
            raise Refusal(f"window needs cols and rows, each from 1 to {_LARGEST_WINDOW}")
        if self._child is None or self._child.terminal is None:
            raise Refusal("this attempt has no terminal")
        self._child.terminal.resize(int(columns or 0), int(rows or 0))
        return {}

    def _do_signal(self, request: dict[str, Any]) -> Answer:
        number = number_of(str(request.get("name")))
        if self._child is None or not self._running():
            raise Refusal("the program does not run")
        os.killpg(self._child.pid, number)
        return {}

    def _do_cancel(self, _request: dict[str, Any]) -> Answer:
        self._cancel()
        return {}

    def _do_kill(self, _request: dict[str, Any]) -> Answer:
        self._kill()
        return {}


def _fits(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and 0 < size <= _LARGEST_WINDOW
