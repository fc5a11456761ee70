"""A real terminal for tests: a tmux session of its own server, keys sent as a person sends them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

COLUMNS, ROWS = 80, 24


class Screen:
    """One terminal of 80x24 (or as asked), with a shell in it until a program is started."""

    def __init__(self, environment: dict[str, str], columns: int = COLUMNS, rows: int = ROWS) -> None:
        self._socket = f"console-test-{uuid.uuid4().hex[:12]}"
        self._environment = environment
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", env=environment)
        self._tmux("set-option", "-g", "status", "off")

    def _tmux(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        done = subprocess.run(
            command, env=env or self._environment, capture_output=True, text=True, check=False, timeout=30
        )
        if done.returncode and "no server" not in done.stderr and "kill-server" not in arguments:
            raise AssertionError(f"tmux {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def type(self, text: str) -> None:
        """Type a text, letter by letter as far as the program can tell."""
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: Enter, Escape, Up, C-c, F1, a …"""
        self._tmux("send-keys", *keys)

    def line(self, text: str) -> None:
        """Type a line and press enter."""
        self.type(text)
        self.press("Enter")

    def text(self) -> str:
        """What the screen shows."""
        return self._tmux("capture-pane", "-p")

    def wait(self, wanted: str | Callable[[str], bool], seconds: float = 60.0) -> str:
        """Wait until the screen shows a text (or a regular expression between slashes), or until it satisfies."""
        deadline = time.monotonic() + seconds
        shown = ""
        while time.monotonic() < deadline:
            shown = self.text()
            if wanted(shown) if callable(wanted) else _shows(shown, wanted):
                return shown
            time.sleep(0.05)
        what = wanted if isinstance(wanted, str) else "what was waited for"
        pytest.fail(f"the screen never showed {what!r}; it shows:\n{shown}", pytrace=True)

    def press_until(self, key: str, wanted: str, every: float = 0.7, seconds: float = 60.0) -> str:
        """Press a key again and again, at a person's pace, until the screen shows what was wanted."""
        pressed = -every

        def shows(shown: str) -> bool:
            nonlocal pressed
            if _shows(shown, wanted):
                return True
            if time.monotonic() - pressed >= every:
                self.press(key)
                pressed = time.monotonic()
            return False

        return self.wait(shows, seconds)

    def pane_pid(self) -> int:
        """The process of the shell in the terminal."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}").strip())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        """Close the terminal as a window manager or a lost connection does."""
        self._tmux("kill-server")


def _shows(shown: str, wanted: str) -> bool:
    if len(wanted) > 2 and wanted.startswith("/") and wanted.endswith("/"):
        return re.search(wanted[1:-1], shown, re.MULTILINE) is not None
    return wanted in shown


def needs_tmux() -> None:
    """Skip, with a notice, where there is no tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: tests through a real terminal are skipped")


def terminal_environment(home: Path, runtime: Path, program: Path) -> dict[str, str]:
    """A small environment such as a login gives, with the program first on the PATH."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "PATH": f"{program}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "TERM": "xterm-256color",
        "PS1": "$ ",
        "CONSOLE_HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
    }
