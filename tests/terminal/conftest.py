"""A console home, the installed command, and real terminals."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.screen import Screen, needs_tmux, terminal_environment

PROGRAM = Path(sys.executable).parent


class Place:
    """A home with its server; verbs of the command line run as processes, as a person's would."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        runtime = root / "run"
        for directory in (self.home, runtime):
            directory.mkdir(mode=0o700)
        self.environment = terminal_environment(self.home, runtime, PROGRAM)
        self.screens: list[Screen] = []

    def screen(self, columns: int = 80, rows: int = 24) -> Screen:
        """A new terminal."""
        screen = Screen(self.environment, columns, rows)
        self.screens.append(screen)
        return screen

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A verb, with its output and exit code."""
        command = [str(PROGRAM / "console"), *arguments]
        return subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )

    def json(self, *arguments: str) -> Any:
        """What a verb prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, f"console {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def show(self, run: int = 1) -> Any:
        """A run, as `show --json` gives it."""
        return self.json("show", str(run))

    def until(self, satisfied: Callable[[Any], bool], seconds: float = 60.0, run: int = 1) -> Any:
        """The run once it satisfies a condition."""
        deadline = time.monotonic() + seconds
        shown: Any = None
        while time.monotonic() < deadline:
            shown = self.show(run)
            if satisfied(shown):
                return shown
            time.sleep(0.1)
        pytest.fail(f"the run never came to that; it is\n{json.dumps(shown, indent=1)[:4000]}")

    def output(self, step: str, run: int = 1) -> str:
        """All that the latest process of a step printed."""
        return self.run("output", str(run), step).stdout

    def server_pid(self) -> int:
        """The server's process."""
        return int(self.json("server", "status")["pid"])

    def close(self) -> None:
        """Close the terminals and stop the server."""
        for screen in self.screens:
            screen.close()
        self.run("server", "stop")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A fresh home, closed at the end."""
    needs_tmux()
    place = Place(tmp_path)
    yield place
    place.close()
