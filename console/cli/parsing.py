"""Reading the command line: one parser, built for the verb that was called, and errors that are ConsoleErrors."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from console.errors import UsageError

HELP_WIDTH = 100
LAST = 0
"""Stands for the newest run until the server has said which it is."""


class _Formatter(argparse.HelpFormatter):
    """Help of a fixed width; argparse would import shutil to learn the terminal's, also where no help is asked for."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=HELP_WIDTH)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        # argparse says "argument RUN: …" and "the following arguments are required: …".
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", mend=f"{self.prog} --help")


def parser_for(verb: str, help_line: str) -> Parser:
    """A parser with the options that every verb takes."""
    parser = Parser(
        prog=f"console {verb}",
        description=f"{help_line[:1].upper()}{help_line[1:]}.",
        allow_abbrev=False,
        formatter_class=_Formatter,
    )
    common(parser)
    return parser


def common(parser: argparse.ArgumentParser) -> None:
    """Add the options that may stand before and after a verb."""
    group = parser.add_argument_group("options of every verb")
    group.add_argument("--as", dest="as_name", metavar="NAME", help="act under this name (or $CONSOLE_AS)")
    group.add_argument("--json", action="store_true", help="print JSON: see docs/json.md")
    group.add_argument("--plain", action="store_true", help="no screens, only lines (or $CONSOLE_PLAIN)")


def split_verb(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The verb, and everything else in its order; options of every verb may stand before it."""
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if not word.startswith("-") or word == "-":
            return word, [*rest, *words]
        rest.append(word)
        if word == "--as":
            rest.extend([value] if (value := next(words, None)) is not None else [])
    return None, rest


def run_number(text: str) -> int:
    """A run as it is named on the command line: `42`, `#42`, or `last`. Raises argparse's error."""
    if text.lower() == "last":
        return LAST
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15 or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no run: name it by its number, as in 42, or say last")
    return int(digits)


def assignment(text: str) -> tuple[str, str]:
    """A `name=value` pair. Raises argparse's error."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not NAME=VALUE")
    return name, value


def assignments(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The pairs as a mapping. Raises UsageError for a name given twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise UsageError(f"{name} is given twice.", mend="give each name once")
        found[name] = value
    return found


def runbook_name(given: str) -> str:
    """A runbook's id as it stands, or the path of a file as the server can find it."""
    is_path = "/" in given or given.endswith((".yaml", ".yml"))
    return str(Path(given).absolute()) if is_path else given
