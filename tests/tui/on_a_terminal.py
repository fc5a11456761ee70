"""The screens on a pseudo-terminal of their own, over a scripted client; a test reads the bytes on the wire."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
_ESCAPES = re.compile(rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]|\x1b[^\[]")
CHILD = """
import os, sys
sys.path.insert(0, {root!r})
{before}
from console.tui.surroundings import has_colour, is_utf8, prepare
prepare(os.environ)
from console.tui.app import ConsoleApp
from console.tui.watchdog import watch_terminal
from tests.tui.test_hostile import evil_client
from tests.tui.scripted import with_everything
from tests.view.samples import provision
client = {client}
{after}
watch_terminal(0)
app = ConsoleApp(client.make, ascii_only=not is_utf8(os.environ), colour=has_colour(os.environ))
app.run(mouse=False)
print("left with", app.left_with, "broken by", repr(app.broken_by))
"""


class Terminal:
    """A child with the screens on a pseudo-terminal. `before` and `after` the imports it runs more Python."""

    def __init__(
        self,
        *,
        client: str = "with_everything(provision())",
        before: str = "",
        after: str = "",
        size: tuple[int, int] = (80, 24),
        environ: dict[str, str] | None = None,
    ) -> None:
        code = CHILD.format(root=str(ROOT), client=client, before=before, after=after)
        env = {"PATH": os.environ["PATH"], "HOME": "/tmp", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "-c", code], env | (environ or {}))
        self.resize(*size)
        self.wire = b""
        self._status: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.hang_up()

    def read(self, seconds: float) -> bytes:
        """What comes within some seconds, up to the first pause of a tenth of a second."""
        found = b""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.descriptor], [], [], min(left, 0.1))
            if not ready:
                if found:
                    break
                continue
            try:
                more = os.read(self.descriptor, 65_536)
            except OSError:
                break
            if not more:
                break
            found += more
        self.wire += found
        return found

    def until(self, text: str) -> bytes:
        """Read until this was written, escape sequences aside; returns everything since the call."""
        since = len(self.wire)
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in _ESCAPES.sub(b"", self.wire[since:]):
            assert time.monotonic() < deadline, f"{text!r} was not written; the end is {self.wire[-3000:]!r}"
            self.read(0.5)
        return self.wire[since:]

    def quiet(self) -> None:
        """Read until nothing more comes for a while."""
        deadline = time.monotonic() + PATIENCE
        while self.read(0.4):
            assert time.monotonic() < deadline, "the screen never rests"

    def press(self, keys: str) -> None:
        """Send keys as a terminal does."""
        os.write(self.descriptor, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """The window has another size."""
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def hang_up(self) -> None:
        """The terminal is gone."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def ended(self, seconds: float = 5.0) -> int:
        """The wait status of the child, which must end within some seconds."""
        deadline = time.monotonic() + seconds
        while self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
                break
            assert time.monotonic() < deadline, f"still there after {seconds} s"
            if self.descriptor >= 0:
                self.read(0.05)
            else:
                time.sleep(0.01)
        return self._status
