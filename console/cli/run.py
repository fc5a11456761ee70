"""`console run`: start a run, and follow it."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.parsing import assignment, assignments, runbook_name
from console.cli.watch import follow_run, following
from console.errors import EXIT_DONE
from console.protocol import PlanRun, StartRun
from console.view.plain_runbooks import plan_lines


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("runbook", metavar="RUNBOOK", help="a runbook's id, or the path of its file")
    parser.add_argument(
        "-p", "--parameter", dest="parameters", metavar="NAME=VALUE", type=assignment, action="append", default=[],
        help="a parameter of the runbook",
    )  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="show what would run, and start nothing")
    parser.add_argument("--detach", action="store_true", help="start it, print its number, and leave")
    parser.add_argument("--wait", action="store_true", help="queue behind a run that holds the same lock")
    parser.add_argument("--id", metavar="ID", help="the command's id: repeated, it does nothing twice")
    following(parser)


def run(call: Call) -> int:
    """Start a run."""
    given = call.arguments
    runbook = runbook_name(given.runbook)
    parameters = assignments(given.parameters)
    if given.plan:
        plan = call.ask(PlanRun(runbook=runbook, parameters={**parameters}))
        call.show(plan, lambda: plan_lines(plan))
        return EXIT_DONE
    started = call.ask(
        StartRun(runbook=runbook, parameters={**parameters}, command=call.command_id(), wait_for_lock=given.wait)
    )
    if given.detach:
        call.show(started, lambda: [f"run {started.id} {started.state.value}: console watch {started.id}"])
        return EXIT_DONE
    return follow_run(call, started.id)
