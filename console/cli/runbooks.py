"""`console runbooks`: the runbooks that were found, or one of them."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.parsing import runbook_name
from console.errors import EXIT_DONE, UsageError
from console.protocol import ListRunbooks, ShowRunbook
from console.view.plain_runbooks import runbook_lines, runbooks_lines


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("what", nargs="?", choices=("list", "show"), default="list", metavar="show")
    parser.add_argument("runbook", nargs="?", metavar="NAME", help="a runbook's id, or the path of its file")


def run(call: Call) -> int:
    """List the runbooks, or show one."""
    if call.arguments.what == "list":
        if call.arguments.runbook:
            raise UsageError("The list takes no name.", mend=f"console runbooks show {call.arguments.runbook}")
        found = call.ask(ListRunbooks())
        call.show(found, lambda: runbooks_lines(found))
        return EXIT_DONE
    if not call.arguments.runbook:
        raise UsageError("Which runbook?", mend="console runbooks lists them")
    book = call.ask(ShowRunbook(runbook=runbook_name(call.arguments.runbook)))
    call.show(book, lambda: runbook_lines(book))
    return EXIT_DONE
