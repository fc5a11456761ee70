"""Errors of the console's own: a report for those who can mend it, and one line for the operator."""

from __future__ import annotations

import os
import platform
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import console
from console.config import find_home
from console.errors import ConsoleError


def report(problem: BaseException, given: list[str]) -> ConsoleError:
    """Write the full report into the home, or to standard error with $CONSOLE_DEBUG; returns what to tell."""
    text = _report(problem, given)
    summary = f"{type(problem).__name__}: {problem}".splitlines()[0][:200]
    message = f"The console met an error of its own: {summary}"
    if os.environ.get("CONSOLE_DEBUG"):
        sys.stderr.write(text)
        return ConsoleError(message, unaffected="what runs goes on")
    place = _store(text)
    if place is None:
        return ConsoleError(message, unaffected="what runs goes on", mend="CONSOLE_DEBUG=1 shows the whole report")
    return ConsoleError(message, where=f"full report: {place}", unaffected="what runs goes on", mend="send the report")


def _report(problem: BaseException, given: list[str]) -> str:
    # Only the verb: parameters and notes may hold what is nobody's business.
    verb = next((word for word in given if not word.startswith("-")), "")
    trace = "".join(traceback.format_exception(problem))
    return (
        f"console {console.__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"verb: {verb}\nat: {datetime.now(UTC).isoformat(timespec='seconds')}\n\n{trace}"
    )


def _store(text: str) -> Path | None:
    try:
        home = find_home()
        if not home.root.is_dir():
            return None
        directory = home.root / "reports"
        directory.mkdir(mode=0o700, exist_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        place = directory / f"{stamp}-{os.getpid()}.txt"
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return place
    except (OSError, ConsoleError, UnicodeError):
        return None
