"""`console` and `console open`: the screens; where there can be none, lines that say the same and what to do."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.parsing import run_number, runbook_name
from console.cli.screens import open_screens, why_plain
from console.errors import EXIT_DONE
from console.protocol import ListRunbooks, ListRuns, RunbookList, RunSummary, ShowRun, ShowRunbook
from console.view.plain import run_lines, runs_lines, waiting_lines
from console.view.plain_runbooks import runbook_lines, runbooks_lines

MOST_RUNS = 20


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("target", nargs="?", metavar="RUN|RUNBOOK", help="a run's number, last, or a runbook")


def run(call: Call) -> int:
    """Open the screens, or print what they would show."""
    number, runbook = _target(call)
    if call.json or why_plain(call.arguments.plain) is not None:
        return _plain(call, number, runbook)
    return open_screens(call, run=number, runbook=runbook)


def _target(call: Call) -> tuple[int | None, str | None]:
    target: str | None = call.arguments.target
    if target is None:
        return None, None
    try:
        return call.run_number(run_number(target)), None
    except argparse.ArgumentTypeError:
        return None, runbook_name(target)


def _plain(call: Call, number: int | None, runbook: str | None) -> int:
    if number is not None:
        view = call.ask(ShowRun(run=number))
        call.show(view, lambda: [*run_lines(view), "", f"Follow it: console watch {number}"])
    elif runbook is not None:
        book = call.ask(ShowRunbook(runbook=runbook))
        call.show(book, lambda: runbook_lines(book))
    else:
        _board(call)
    return EXIT_DONE


def _board(call: Call) -> None:
    runs = call.ask(ListRuns(limit=MOST_RUNS))
    books = None if call.json else call.ask(ListRunbooks())
    call.show(runs, lambda: _board_lines(runs, books))


def _board_lines(runs: tuple[RunSummary, ...], books: RunbookList | None) -> list[str]:
    waiting = [line for one in runs for line in waiting_lines(one.waiting)]
    lines = ["Waiting for a person", *(f"  {line}" for line in waiting), ""] if waiting else []
    lines += ["Runs", *(f"  {line}" for line in runs_lines(runs)), ""]
    if books is not None:
        lines += ["Runbooks", *(f"  {line}" for line in runbooks_lines(books)), ""]
    return [*lines, "console run RUNBOOK starts one, console watch RUN follows one, console --help lists all verbs."]
