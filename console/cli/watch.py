"""`console watch`: follow a run, and answer what it asks when a person sits at the terminal."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.parsing import run_number


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")
    following(parser)


def following(parser: argparse.ArgumentParser) -> None:
    """Declare how a run is followed."""
    parser.add_argument("--no-ask", action="store_true", help="ask nothing, also in a terminal")
    parser.add_argument("--until-end", action="store_true", help="go on while the run waits for a person")


def run(call: Call) -> int:
    """Follow a run."""
    return follow_run(call, call.run_number(call.arguments.run))


def follow_run(call: Call, number: int) -> int:
    """Follow a run as the options say; returns the exit code."""
    from console.cli.follow import can_ask, exit_code, follow  # what only starts a run does not need it

    asking = can_ask(call) and not call.arguments.no_ask
    view = follow(call, number, asking=asking, until_end=call.arguments.until_end)
    if call.json:
        call.out.json(view)
    return exit_code(view)
