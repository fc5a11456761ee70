"""`console answer`: answer what a step asks."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.done import show_done
from console.cli.parsing import assignment, assignments, run_number
from console.engine.words import Answer
from console.protocol import AnswerStep


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")
    parser.add_argument("step", metavar="STEP", help="the step's path, as in console show RUN")
    parser.add_argument(
        "answer", metavar="ANSWER", type=answer_word, help=f"one of {', '.join(Answer)}; what is asked says which"
    )
    parser.add_argument(
        "--set", dest="values", metavar="NAME=VALUE", type=assignment, action="append", default=[],
        help="a value that is asked for",
    )  # fmt: skip
    parser.add_argument("--note", metavar="TEXT", help="a note or a reason")
    parser.add_argument("--version", type=int, metavar="N", help="refuse when the step is no longer at this version")
    parser.add_argument("--id", metavar="ID", help="the command's id: repeated, it does nothing twice")


def answer_word(text: str) -> Answer:
    """An answer, with `-` or `_` between its words. Raises argparse's error."""
    try:
        return Answer(text.lower().replace("-", "_"))
    except ValueError:
        known = ", ".join(Answer)
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no answer: there are {known}") from None


def run(call: Call) -> int:
    """Send an answer."""
    given = call.arguments
    done = call.ask(
        AnswerStep(
            run=call.run_number(given.run),
            step=given.step,
            answer=given.answer,
            values={**assignments(given.values)},
            note=given.note,
            version=given.version,
            command=call.command_id(),
        )
    )
    return show_done(call, done, f"{given.step}: {given.answer.value}")
