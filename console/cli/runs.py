"""`console runs`: the runs, newest first."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.errors import EXIT_DONE
from console.protocol import ListRuns
from console.view.plain import runs_lines


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--waiting", action="store_true", help="only runs that wait for a person")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="at most this many (200)")


def run(call: Call) -> int:
    """List the runs."""
    found = call.ask(ListRuns(waiting=call.arguments.waiting, limit=call.arguments.limit))
    call.show(found, lambda: runs_lines(found, call.out.width))
    return EXIT_DONE
