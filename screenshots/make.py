"""Makes the pictures of the screens: a real run of provision-environment on a real server, seen through the screens.

Writes SVG beside this file, and PNG where resvg_py is installed. A home of its own is used and removed again.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.client.aio import AioClient
from console.config import Home, prepare_home
from console.tui.surroundings import prepare

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from console.tui.app import ConsoleApp

HERE = Path(__file__).parent
SIZES = {"80x24": (80, 24), "200x60": (200, 60)}
SMALL = "80x24"
WORTH_ROOM = ("run-waiting", "run-ansible", "review-approval", "plan")
FONT = "DejaVu Sans Mono"
PATIENCE = 120.0
RUNBOOK = "provision-environment"
# Textual names a font that is fetched from the network; pictures must not fetch anything.
_FETCHED_FONT = "Fira Code"


class Camera:
    """Screens over a home, and where their pictures go."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[int], size: str) -> None:
        self.app = app
        self.pilot = pilot
        self.size = size

    @property
    def text(self) -> str:
        """What is drawn."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def see(self, *parts: str) -> None:
        """Wait until this is on the screen."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not all(part in self.text for part in parts):
            if asyncio.get_running_loop().time() > deadline:
                raise SystemExit(f"{parts} never came; the screen shows\n{self.text}")
            await self.pilot.pause(0.05)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def take(self, name: str) -> None:
        """Write a picture; in the large size only of the screens that use the room."""
        if self.size != SMALL and name not in WORTH_ROOM:
            return
        await self.pilot.pause(0.2)
        svg = self.app.export_screenshot(title=f"console {name}").replace(_FETCHED_FONT, FONT)
        target = HERE / f"{name}-{self.size}.svg"
        target.write_text(_without_fetching(svg), encoding="utf-8")
        print(target.name)


def _without_fetching(svg: str) -> str:
    lines = [line for line in svg.splitlines() if "cdnjs" not in line and "url(" not in line.replace("url(#", "")]
    return "\n".join(lines) + "\n"


Scene = Callable[[Camera], Awaitable[None]]


async def main_job(camera: Camera) -> None:
    """From the board to what QA is asked, a picture at each place."""
    await camera.see("No runs yet")
    await camera.take("board-empty")
    await camera.press("n")
    await camera.see(RUNBOOK)
    await camera.take("runbooks")
    if "hello" in camera.text:
        await camera.press("j")
    await camera.press("enter")
    await camera.see("Name of the environment")
    await camera.press(*"orion")
    await camera.see("complete")
    await camera.take("form")
    await camera.press(*["enter"] * 3)
    await camera.see("[S] start")
    await camera.take("plan")
    await camera.press("S")
    await camera.see("y start")
    await camera.pilot.pause(0.5)
    await camera.press("y")
    await camera.see("wants approval", "? ASK")
    await camera.take("run-waiting")
    await from_the_approval(camera)


async def from_the_approval(camera: Camera) -> None:
    """Approve, watch the playbook, and look around where QA is asked."""
    await camera.press("a")
    await camera.see("Reject", "to destroy")
    await camera.take("review-approval")
    await camera.press("A")
    await camera.see("y approve")
    await camera.take("question")
    await camera.pilot.pause(0.5)
    await camera.press("y")
    await camera.see("PLAY")
    await camera.take("run-ansible")
    await camera.see("is to be done by hand")
    await camera.press("a")
    await camera.see("0 of 2 ticked")
    await camera.press("space")
    await camera.take("review-manual")
    await camera.press("escape")
    await camera.see("== Steps")
    await camera.press("k", "k", "enter")
    await camera.see("Attempts")
    await camera.take("step")
    await camera.press("escape", "x")
    await camera.see("Roll back all")
    await camera.take("actions")
    await camera.press("escape", "question_mark")
    await camera.see("Help: a run")
    await camera.take("help")
    await camera.press("escape", "escape")
    await camera.see("Needs you")
    await camera.take("board")


async def _film(home: Home, size: str, scene: Scene) -> None:
    from console.tui.app import ConsoleApp

    app = ConsoleApp(lambda on_push, on_link: AioClient(home, as_name="ana", on_push=on_push, on_link=on_link))
    async with app.run_test(size=SIZES[size]) as pilot:
        await scene(Camera(app, pilot, size))


def _paint() -> None:
    try:
        resvg_py: Any = importlib.import_module("resvg_py")
    except ImportError:
        print("resvg_py is not installed: no PNG files were made (pip install resvg_py)")
        return
    for svg in sorted(HERE.glob("*.svg")):
        picture = resvg_py.svg_to_bytes(svg_path=str(svg), font_family=FONT, monospace_family=FONT)
        svg.with_suffix(".png").write_bytes(bytes(picture))


def main() -> int:
    """Make every picture; returns the exit code."""
    prepare(os.environ)
    for size in SIZES:
        root = Path(tempfile.mkdtemp(prefix="console-shots-"))
        os.environ["XDG_RUNTIME_DIR"] = str(root)
        os.environ["CONSOLE_HOME"] = str(root / "home")
        home = prepare_home(Home(root / "home"))
        try:
            asyncio.run(_film(home, size, main_job))
        finally:
            _clean_up()
            shutil.rmtree(root, ignore_errors=True)
    _paint()
    return 0


def _clean_up() -> None:
    """Undo what the run made, so that its service does not stay behind, and stop the server."""
    _console("do", "1", "rollback")
    for _ in range(2):
        waiting = _waiting()
        for task in waiting:
            _console("answer", "1", task, "undo")
    print(_console("show", "1").splitlines()[0])
    _console("server", "stop")


def _waiting() -> list[str]:
    """The steps that ask, once any does or the run has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        run = json.loads(_console("show", "1", "--json") or "{}")
        if run.get("waiting") or run.get("ended_at"):
            return [task["step"] for task in run["waiting"]]
        time.sleep(0.2)
    return []


def _console(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "console", *words], capture_output=True, text=True, check=False)
    return done.stdout
