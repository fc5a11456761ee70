"""One call of a verb: its arguments, the home, the server, and where it prints."""

from __future__ import annotations

import os
import uuid
from argparse import Namespace
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from console.cli.parsing import LAST
from console.cli.printing import Printer
from console.client.connection import Client
from console.config import Home, find_home
from console.errors import NotFoundError
from console.protocol import Ask, Body, ListRuns


class Call:
    """What a verb works with. Home and server are looked for when they are first needed."""

    def __init__(self, arguments: Namespace) -> None:
        self.arguments = arguments
        self.json: bool = arguments.json
        self.as_name: str | None = arguments.as_name or os.environ.get("CONSOLE_AS") or None
        self.out = Printer()
        self._client: Client | None = None

    @cached_property
    def home(self) -> Home:
        """The home that $CONSOLE_HOME means."""
        return find_home()

    @property
    def client(self) -> Client:
        """The server of the home, started when none runs."""
        if self._client is None:
            self._client = Client(self.home, as_name=self.as_name)
        return self._client

    def ask(self, ask: Ask[Body]) -> Body:
        """The server's answer; raises ConsoleError."""
        return self.client.ask(ask)

    def run_number(self, given: int) -> int:
        """The number of the run that was named, with `last` resolved. Raises NotFoundError when there is none."""
        if given != LAST:
            return given
        newest = self.ask(ListRuns(limit=1))
        if not newest:
            raise NotFoundError("There is no run yet.", where=str(self.home.root), mend="console run RUNBOOK")
        return newest[0].id

    def command_id(self) -> str:
        """The id of the command that is sent: the one given, or a fresh one."""
        return self.arguments.id or uuid.uuid4().hex

    def show(self, body: Any, lines: Callable[[], Iterable[str]]) -> None:
        """Print a body as JSON, or as the lines that `lines` makes of it."""
        if self.json:
            self.out.json(body)
        else:
            self.out.lines(lines())

    def close(self) -> None:
        """End the conversation with the server."""
        if self._client is not None:
            self._client.close()
