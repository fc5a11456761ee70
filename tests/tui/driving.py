"""Driving the screens by keys, waiting for what is seen and never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from console.tui.app import ConsoleApp
from tests.tui.scripted import ScriptedClient

PATIENCE = 10.0


class Driver:
    """The screens under test: presses keys, reads the screen, waits for a condition."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int], client: ScriptedClient) -> None:
        self.app = app
        self.client = client
        self._pilot = pilot

    @property
    def rows(self) -> list[str]:
        """What is drawn, row by row."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        """What is drawn."""
        return "\n".join(self.rows)

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds; fails with the screen as it stands."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"waited for {what}; the screen shows\n{self.text}")
            await self._pilot.pause(0.02)

    async def see(self, *parts: str) -> None:
        """Wait until all of these are on the screen."""
        await self.until(lambda: all(part in self.text for part in parts), repr(parts))

    async def gone(self, part: str) -> None:
        """Wait until this is not on the screen."""
        await self.until(lambda: part not in self.text, f"no {part!r}")

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self._pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type into the field that has the focus."""
        names = {" ": "space", ".": "full_stop", "-": "minus", ",": "comma", ":": "colon"}
        await self._pilot.press(*(names.get(char, char) for char in text))

    async def question(self, *parts: str) -> None:
        """Wait for a question, until it listens."""
        from console.tui.screens.confirm import ConfirmScreen

        await self.see("Sure?", *parts)
        screen = self.app.screen
        assert isinstance(screen, ConfirmScreen)
        await self.until(lambda: screen.listens, "the question to listen")

    async def resize(self, width: int, height: int) -> None:
        """Change the size of the terminal."""
        await self._pilot.resize_terminal(width, height)


@asynccontextmanager
async def screens(client: ScriptedClient, size: tuple[int, int] = (80, 24), **more: Any) -> AsyncIterator[Driver]:
    """The screens of a client."""
    app = ConsoleApp(client.make, **more)
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot, client)
        await driver.until(lambda: app.desk.connected, "the connection")
        yield driver


def play(
    client: ScriptedClient, scene: Callable[[Driver], Awaitable[None]], size: tuple[int, int] = (80, 24), **more: Any
) -> None:
    """Run a scene on the screens of a client."""

    async def playing() -> None:
        async with screens(client, size, **more) as driver:
            await scene(driver)

    asyncio.run(playing())
