"""Printing: lines for people, made harmless, or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from console.errors import ConsoleError
from console.view.sanitise import json_safe, text

_DEFAULT_WIDTH = 100


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end; a closed stream is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def prepare_streams() -> None:
    """Let neither a closed stream nor a character end the program: what an encoding cannot say is shown as its code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process lives
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


class Printer:
    """Where a verb prints. `width` is the terminal's, or enough for a log."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        env = os.environ if environ is None else environ
        self.terminal = is_terminal(sys.stdout)
        self.colour = self.terminal and not env.get("NO_COLOR") and env.get("TERM", "dumb") != "dumb"
        self.width = _width(env) if self.terminal else _DEFAULT_WIDTH

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines."""
        for line in lines:
            self.raw(text(line))

    def raw(self, line: str) -> None:
        """Print a line that is harmless already. Raises ConsoleError when it cannot be written."""
        try:
            print(line)
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise unprintable(problem) from problem

    def outside(self, line: str) -> None:
        """Print a line of a tool's output; its colours stay in a terminal that shows any."""
        self.raw(text(line, sgr=self.colour, limit=65_536))

    def json(self, body: Any) -> None:
        """Print JSON: indented in a terminal, on one line elsewhere."""
        encoded = msgspec.json.encode(body)
        if self.terminal:
            encoded = msgspec.json.format(encoded, indent=2)
        self.raw(json_safe(encoded.decode()))

    def flush(self) -> None:
        """Send what was printed, so that a reader of a pipe sees it now."""
        sys.stdout.flush()


def unprintable(problem: OSError) -> ConsoleError:
    """The error for output that nobody takes."""
    return ConsoleError(f"What was asked cannot be printed: {problem.strerror}.", unaffected="what runs goes on")


def warn(lines: Iterable[str]) -> None:
    """Print lines to standard error."""
    for line in lines:
        print(text(line), file=sys.stderr)


def _width(env: Mapping[str, str]) -> int:
    columns = env.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return max(20, int(columns))
    try:
        return max(20, os.get_terminal_size(sys.stdout.fileno()).columns)
    except (OSError, ValueError):
        return _DEFAULT_WIDTH
