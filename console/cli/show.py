"""`console show`: one run, with its steps, attempts, outputs, and what it asks."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.parsing import run_number
from console.errors import EXIT_DONE
from console.protocol import ShowRun
from console.view.plain import run_lines


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")


def run(call: Call) -> int:
    """Show a run."""
    found = call.ask(ShowRun(run=call.run_number(call.arguments.run)))
    call.show(found, lambda: run_lines(found, call.out.width))
    return EXIT_DONE
