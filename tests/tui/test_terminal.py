"""What only a terminal shows: the bytes on the wire, its size, and its end."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from console.tui.watchdog import GONE
from tests.tui.on_a_terminal import Terminal

pytestmark = pytest.mark.terminal
IGNORING = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
# What Textual itself says to a terminal; everything else comes from somewhere it must not come from.
_OWN = re.compile(
    rb"\x1b\[[0-9;:]*m|\x1b\[[0-9;]*[HJKABCDGfdlh]|\x1b\[\?[0-9;]+(?:\$p|[hl])|\x1b\[[<>=][0-9;]*u|\x1b\[\?u"
    rb"|\x1b\[>[0-9;]*[a-zA-Z]|\x1b\[[0-9;]*[nct]|\x1b[78]|\x1b\[!p|\x1b\]22;default\x07"
)


def test_hostile_text_never_reaches_the_terminal_as_a_command() -> None:
    with Terminal(client="evil_client()") as terminal:
        terminal.until("Needs you")
        terminal.press("\r")
        terminal.until("Steps")
        terminal.press("a")
        terminal.until("Answers")
        terminal.quiet()
        rest = _OWN.sub(b"", terminal.wire)
        assert b"\x1b" not in rest, rest[max(0, rest.index(b"\x1b") - 80) :][:200]
        text = rest.decode("utf-8")
        assert not [char for char in text if (char < " " and char not in "\r\n") or "\x7f" <= char <= "\x9f"]
        assert "\u202e" not in text
        assert "\u200b" not in text


def test_the_mouse_stays_with_the_terminal() -> None:
    with Terminal() as terminal:
        terminal.until("#42")
        terminal.quiet()
        for mode in (b"?1000h", b"?1002h", b"?1003h", b"?1015h", b"?1006h"):
            assert mode not in terminal.wire


def test_no_color_writes_no_colour() -> None:
    with Terminal(environ={"NO_COLOR": "1", "COLORTERM": "truecolor"}) as terminal:
        terminal.until("#42")
        terminal.press("\r")
        terminal.until("Steps")
        terminal.quiet()
        codes = {code for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.wire) for code in found.split(b";")}
        coloured = {code for code in codes if code.isdigit() and (30 <= int(code) <= 38 or 40 <= int(code) <= 48)}
        assert coloured == set()
        assert b"7" in codes, "the cursor must still be seen"


def test_glyphs_are_ascii_where_the_terminal_is() -> None:
    with Terminal(environ={"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}) as terminal:
        terminal.until("> RUN")
        assert "►".encode() not in terminal.wire


def test_a_cursor_move_is_cheap_on_a_slow_line() -> None:
    many = "with_everything(*(provision(run=number) for number in range(30, 45)))"
    with Terminal(client=many) as terminal:
        terminal.until("#30")
        terminal.quiet()
        sizes = []
        for key in "jjjkjk":
            before = len(terminal.wire)
            terminal.press(key)
            terminal.read(2)
            sizes.append(len(terminal.wire) - before)
        # Some of them meet the tick of a second, which writes the elapsed times as well.
        assert 0 < min(sizes) <= 1024, sizes


def test_another_size_is_drawn_at_once() -> None:
    with Terminal() as terminal:
        terminal.until("#42")
        terminal.press("\r")
        terminal.until("6 Tell")
        terminal.quiet()
        terminal.resize(130, 30)
        os.kill(terminal.pid, signal.SIGWINCH)
        # Side by side, the title of the steps is shorter than the screen is wide.
        terminal.until("-- Output  1 Network -----------------------------------------------")


@pytest.mark.parametrize("before", ["", IGNORING], ids=["as it comes", "hang-up ignored"])
def test_a_terminal_that_is_gone_ends_the_screens_at_once(before: str) -> None:
    with Terminal(before=before) as terminal:
        terminal.until("#42")
        terminal.quiet()
        began = time.monotonic()
        terminal.hang_up()
        status = terminal.ended(2.0)
        assert time.monotonic() - began < 1.0
        assert (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGHUP) or os.WEXITSTATUS(status) == GONE


def test_a_polite_kill_gives_the_terminal_back_and_says_what_goes_on() -> None:
    with Terminal() as terminal:
        terminal.until("#42")
        terminal.quiet()
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.ended() == 0
        terminal.read(0.5)
        assert b"\x1b[?1049l" in terminal.wire
        assert b"\x1b[?25h" in terminal.wire
        assert b"left with (42,)" in terminal.wire


def test_an_error_of_the_screens_leaves_no_traceback_on_the_terminal() -> None:
    broken = (
        "from console.tui.screens.board import BoardScreen\n"
        "def fails(self): raise KeyError('a bug')\n"
        "BoardScreen.do_open = fails"
    )
    with Terminal(after=broken) as terminal:
        terminal.until("#42")
        terminal.press("\r")
        terminal.ended()
        terminal.read(0.5)
        assert b"broken by KeyError('a bug')" in terminal.wire
        assert b"Traceback" not in terminal.wire
        assert b"\x1b[?1049l" in terminal.wire


def test_q_gives_the_terminal_back() -> None:
    with Terminal() as terminal:
        terminal.until("#42")
        terminal.press("q")
        assert terminal.ended() == 0
        terminal.read(0.5)
        assert b"\x1b[?1049l" in terminal.wire
        assert b"left with (42,)" in terminal.wire
