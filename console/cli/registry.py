"""The verbs: what each is called, what it does in one line, and the module that is imported when it is called."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """A verb. Its module has `options(parser)` and `run(call) -> exit code`."""

    name: str
    help: str
    module: str


VERBS = (
    Verb("open", "open the console, on a run or on a runbook's form", "console.cli.open"),
    Verb("run", "start a run and follow it", "console.cli.run"),
    Verb("runs", "list the runs, newest first", "console.cli.runs"),
    Verb("show", "show a run", "console.cli.show"),
    Verb("watch", "follow a run, and answer what it asks", "console.cli.watch"),
    Verb("output", "print the output of a step", "console.cli.output"),
    Verb("answer", "answer what a step asks", "console.cli.answer"),
    Verb("do", "pause, resume, cancel, jump, skip or roll back", "console.cli.do"),
    Verb("runbooks", "list the runbooks, or show one", "console.cli.runbooks"),
    Verb("check", "check runbook files, and print every problem", "console.cli.check"),
    Verb("export", "write a run's events or its report to a file", "console.cli.export"),
    Verb("verify", "verify the journal, also while no server runs", "console.cli.verify"),
    Verb("server", "start, stop or look at the server of this home", "console.cli.server"),
    Verb("doctor", "show what is installed, and what each lack disables", "console.cli.doctor"),
    Verb("version", "show the version", "console.cli.version"),
)


def find(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def nearest(name: str) -> str | None:
    """The verb that is spelt most like `name`."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, [verb.name for verb in VERBS], 1)), None)
