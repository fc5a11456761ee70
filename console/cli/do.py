"""`console do`: what nobody asked about: pause, resume, cancel, jump, skip, rollback."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.done import show_done
from console.cli.parsing import run_number
from console.errors import UsageError
from console.protocol import DoRun

WHAT = ("pause", "resume", "cancel", "jump", "skip", "rollback")
_NEEDS_STEP = ("jump", "skip")
_NEEDS_REASON = ("skip",)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")
    parser.add_argument("what", choices=WHAT, metavar="WHAT", help=f"one of {', '.join(WHAT)}")
    parser.add_argument("step", nargs="?", metavar="STEP", help="the step: jump to it, skip it, roll back to it")
    parser.add_argument("--reason", metavar="TEXT", help="why; required to skip")
    parser.add_argument("--stop", action="store_true", help="cancel: stop what runs now, in the middle of it")
    parser.add_argument("--id", metavar="ID", help="the command's id: repeated, it does nothing twice")


def run(call: Call) -> int:
    """Send the command."""
    given = call.arguments
    _check(given)
    done = call.ask(
        DoRun(
            run=call.run_number(given.run),
            verb=given.what,
            step=given.step,
            reason=given.reason,
            stop=given.stop,
            command=call.command_id(),
        )
    )
    return show_done(call, done, given.what + (f" {given.step}" if given.step else ""))


def _check(given: argparse.Namespace) -> None:
    if given.what in _NEEDS_STEP and given.step is None:
        raise UsageError(f"{given.what} needs a step.", mend=f"console do RUN {given.what} STEP")
    if given.what in _NEEDS_REASON and not (given.reason or "").strip():
        raise UsageError(f"{given.what} needs a reason.", mend="give it with --reason TEXT")
    if given.stop and given.what != "cancel":
        raise UsageError("--stop belongs to cancel.", mend="console do RUN cancel [STEP] --stop")
