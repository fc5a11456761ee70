"""Writes the reference part of docs/cli.md from the parsers themselves.

python -m tools.cli_reference            writes it
python -m tools.cli_reference --check    ends with 1 when it is out of date
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from console.cli.parsing import parser_for
from console.cli.registry import VERBS, Verb

PLACE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
BEGIN = "<!-- from here on: python -m tools.cli_reference -->"
_COMMON = ("--as", "--json", "--plain", "-h")


def reference() -> str:
    """The reference: each verb with its usage and its options."""
    return "\n".join(line for verb in VERBS for line in _verb(verb))


def _verb(verb: Verb) -> list[str]:
    module = import_module(verb.module)
    parser = parser_for(verb.name, verb.help)
    module.options(parser)
    lines = [
        f"### console {verb.name}",
        "",
        f"{verb.help[:1].upper()}{verb.help[1:]}.",
        "",
        "```",
        _usage(parser),
        "```",
    ]
    rows = [row for action in parser._actions if (row := _row(action)) is not None]
    return [*lines, *(["", "| | |", "|---|---|", *rows] if rows else []), ""]


def _usage(parser: argparse.ArgumentParser) -> str:
    # Not argparse's own, whose form changes with the version of Python.
    named = [_argument(action) for action in parser._actions if not action.option_strings]
    return " ".join([parser.prog, "[options]", *named])


def _argument(action: argparse.Action) -> str:
    name = str(action.metavar or action.dest)
    return {"?": f"[{name}]", "+": f"{name}..."}.get(str(action.nargs), name)


def _row(action: argparse.Action) -> str | None:
    if action.help == argparse.SUPPRESS or set(action.option_strings) & set(_COMMON):
        return None
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    value = f" {action.metavar}" if action.option_strings and action.metavar else ""
    return f"| `{name}{value}` | {(action.help or '').replace('|', chr(92) + '|')} |"


def text() -> str:
    """The whole file as it must be."""
    before, _, _ = PLACE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{reference()}"


def main(arguments: list[str]) -> int:
    """Write the file, or check it."""
    if "--check" not in arguments:
        PLACE.write_text(text(), encoding="utf-8")
        return 0
    if PLACE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PLACE} is out of date: python -m tools.cli_reference")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
