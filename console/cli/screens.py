"""The door to the screens: whether they can be shown is decided before anything of them is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from console.cli.call import Call
from console.cli.printing import is_terminal

SMALLEST = (20, 5)


def why_plain(asked: bool, environ: Mapping[str, str] | None = None) -> str | None:
    """Why lines are printed instead of screens, or None when screens can be shown."""
    env = os.environ if environ is None else environ
    if asked:
        return "--plain"
    if env.get("CONSOLE_PLAIN", "") not in ("", "0"):
        return "CONSOLE_PLAIN is set"
    if not is_terminal(sys.stdin) or not is_terminal(sys.stdout):
        return "this is no terminal"
    if env.get("TERM", "dumb") in ("dumb", ""):
        return "TERM names a terminal that cannot place its cursor"
    try:
        size = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return "the terminal does not tell its size"
    if 0 < size.columns < SMALLEST[0] or 0 < size.lines < SMALLEST[1]:
        return f"the terminal is smaller than {SMALLEST[0]} by {SMALLEST[1]}"
    return None


def open_screens(call: Call, *, run: int | None = None, runbook: str | None = None) -> int:
    """Show the screens until the person leaves; returns the exit code."""
    from console.tui import run as run_screens

    return run_screens(call.home, as_name=call.as_name, run=run, runbook=runbook)
