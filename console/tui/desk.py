"""What the screens know: the last answers of the server, and which of them must be asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from console.client.aio import Link, LinkState
from console.errors import ConsoleError
from console.protocol import AnyPush, Ask, Body, Changed, Grew, ListRuns, Notice, RunSummary, RunView, ShowRun, Troubled
from console.view.steps import merge

REST_SECONDS = 0.2


class Client(Protocol):
    """The part of the asyncio client that the screens use."""

    link: Link

    def open(self) -> None:
        """Begin to connect."""

    async def close(self) -> None:
        """End the conversation."""

    def start_again(self) -> None:
        """Try at once, and start a server when none runs."""

    async def ask(self, ask: Ask[Body]) -> Body:
        """The server's answer; raises ConsoleError."""

    async def watch(self, run: int | None = None) -> None:
        """Be told of changes."""


MakeClient = Callable[[Callable[[AnyPush], None], Callable[[Link], None]], Client]


class Desk:
    """Keeps the list of runs and the run that is looked at up with the server, a few times a second at most.

    `changed` is called after something known changed, `heard` for every push, `failed` when it cannot be read, and
    `broke` with an error of the screens' own, which must never end the conversation with the server.
    """

    def __init__(
        self,
        make_client: MakeClient,
        *,
        changed: Callable[[], None],
        heard: Callable[[AnyPush], None],
        failed: Callable[[ConsoleError], None],
        broke: Callable[[Exception], None],
    ) -> None:
        self.client = make_client(self._pushed, self._linked)
        self.me = ""
        self.home = ""
        self.unprotected = False
        self.trouble: str | None = None
        self.runs: tuple[RunSummary, ...] | None = None
        self.run: RunView | None = None
        self.grew: dict[tuple[int, str, int, int], tuple[int, int]] = {}
        self._looking_at: int | None = None
        self._heard, self._failed, self._broke = heard, failed, broke
        self._tell_changed = changed
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._watched = False

    @property
    def connected(self) -> bool:
        """Whether the server answers now."""
        return self.client.link.state is LinkState.CONNECTED

    def open(self) -> None:
        """Begin to connect and to keep up."""
        self.client.open()
        self._task = asyncio.create_task(self._keep_up())

    async def close(self) -> None:
        """Stop keeping up; what runs goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()

    def look_at(self, run: int | None) -> None:
        """Keep up with this run, or with the list of runs."""
        if run is not None and (self.run is None or self.run.id != run):
            self.run = None
        self._looking_at = run
        self.reload()

    def reload(self) -> None:
        """Ask again for what is looked at."""
        self._stale.set()

    def reload_all(self) -> None:
        """Ask again for all of what is looked at, not only for what changed."""
        self.runs = None if self._looking_at is None else self.runs
        self.run = None if self.run is None else _as_unknown(self.run)
        self.reload()

    def _linked(self, link: Link) -> None:
        if link.welcome is not None:
            self.me = link.welcome.name
            self.home = link.welcome.home
            self.unprotected = link.welcome.unprotected
            self.trouble = link.welcome.trouble
        if link.state is LinkState.CONNECTED:
            self.reload()
        self._changed()

    def _pushed(self, push: AnyPush) -> None:
        if isinstance(push, Changed):
            known = self.run.seq if self.run is not None and self.run.id == push.run else -1
            if self._looking_at is None or (self._looking_at == push.run and push.seq > known):
                self.reload()
        elif isinstance(push, Grew):
            self.grew[(push.run, push.step, push.visit, push.attempt)] = (push.bytes, push.lines)
        elif isinstance(push, Troubled):
            self.trouble = push.trouble
            self._changed()
        elif isinstance(push, Notice) and self._looking_at is None:
            self.reload()
        try:
            self._heard(push)
        except Exception as error:  # noqa: BLE001 - told to the app, which leaves with a report
            self._broke(error)

    def _changed(self) -> None:
        try:
            self._tell_changed()
        except Exception as error:  # noqa: BLE001 - told to the app, which leaves with a report
            self._broke(error)

    async def _keep_up(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self._read()
            except ConsoleError as problem:
                self._failed(problem)
            await asyncio.sleep(REST_SECONDS)

    async def _read(self) -> None:
        if not self.connected:
            return
        if not self._watched:
            await self.client.watch()
            self._watched = True
        wanted = self._looking_at
        if wanted is None:
            self.runs = await self.client.ask(ListRuns())
        else:
            known = self.run if self.run is not None and self.run.id == wanted else None
            view = await self.client.ask(ShowRun(run=wanted, since=known.seq if known else 0))
            if self._looking_at == wanted:
                self.run = merge(known, view)
        self._changed()


def _as_unknown(run: RunView) -> RunView:
    from msgspec.structs import replace

    return replace(run, seq=0)
