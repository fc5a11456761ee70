"""The screens: the only package that imports textual, and it does so only when they are shown."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.config import Home

SPLASH = "console: reading the journal\r"


def run(home: Home, as_name: str | None = None, *, runbook: str | None = None, run: int | None = None) -> int:
    """Show the screens until the operator leaves; returns the exit code.

    With `run` they open on that run, with `runbook` on its form. The caller has made sure that this is a terminal.
    """
    _splash()
    from console.tui.surroundings import has_colour, is_utf8, prepare

    prepare(os.environ)
    from console.client.aio import AioClient
    from console.tui.app import ConsoleApp
    from console.tui.watchdog import watch_terminal

    app = ConsoleApp(
        lambda on_push, on_link: AioClient(home, as_name=as_name, on_push=on_push, on_link=on_link),
        ascii_only=not is_utf8(os.environ),
        colour=has_colour(os.environ),
        open_runbook=runbook,
        open_run=run,
    )
    watch_terminal(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    code = app.run(mouse=False)
    if app.broken_by is not None:
        raise app.broken_by
    _say_goodbye(app.left_with, app.unanswered)
    return code if code is not None else app.return_code or 0


def _splash() -> None:
    """One line at once: importing what draws takes a few hundred milliseconds."""
    sys.stdout.write(SPLASH)
    sys.stdout.flush()


def _say_goodbye(runs: tuple[int, ...], unanswered: bool) -> None:
    numbers = ", ".join(str(number) for number in runs)
    if not runs:
        text = ""
    elif len(runs) == 1:
        text = f"Run {numbers} goes on without you. console open {numbers} shows it again.\n"
    else:
        text = f"Runs {numbers} go on without you. console shows them again.\n"
    if unanswered:
        text += "The server had not answered what you sent last: look before you send it again.\n"
    sys.stdout.write(" " * len(SPLASH) + "\r" + text)
    sys.stdout.flush()
