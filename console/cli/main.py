"""The way into every verb, and the way out: exit codes, errors for people, and no traceback in anybody's face."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from console.cli.parsing import parser_for, split_verb
from console.cli.printing import prepare_streams, unprintable
from console.cli.registry import VERBS, Verb, find
from console.errors import EXIT_DONE, ConsoleError, UsageError

EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, which docs/cli.md explains."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    try:
        code = _run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _forget_output()
        return EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        _forget_output()
        return EXIT_INTERRUPTED
    except OSError as problem:
        _forget_output()
        return _failed(unprintable(problem), as_json=False)


def _run(given: list[str]) -> int:
    as_json = "--json" in given
    try:
        return _dispatch(given)
    except ConsoleError as error:
        return _failed(error, as_json=as_json)
    except (BrokenPipeError, KeyboardInterrupt, SystemExit):
        raise
    except Exception as problem:  # noqa: BLE001 - the last line of defence: a report, and not a traceback
        from console.cli.unexpected import report

        return _failed(report(problem, given), as_json=as_json)


def _dispatch(given: list[str]) -> int:
    name, rest = split_verb(given)
    if name == "help" or (name is None and {"-h", "--help"} & set(rest)):
        return _help(rest)
    if name is None and "--version" in rest:
        name, rest = "version", [word for word in rest if word != "--version"]
    return call(_verb(name or "open"), rest)


def call(verb: Verb, rest: list[str]) -> int:
    """Parse the arguments of a verb and run it; raises ConsoleError."""
    module = import_module(verb.module)
    parser = parser_for(verb.name, verb.help)
    module.options(parser)
    try:
        arguments = parser.parse_args(rest)
    except SystemExit as ending:  # --help
        return int(ending.code or EXIT_DONE)
    from console.cli.call import Call

    current = Call(arguments)
    try:
        return int(module.run(current))
    finally:
        current.close()


def _verb(name: str) -> Verb:
    verb = find(name)
    if verb is None:
        from console.cli.registry import nearest

        close = nearest(name)
        raise UsageError(
            f"{name[:60]!r} is no verb of the console.",
            mend=f"did you mean `console {close}`? console --help lists all" if close else "console --help lists all",
        )
    return verb


def _help(rest: list[str]) -> int:
    wanted = next((word for word in rest if not word.startswith("-")), None)
    if wanted is not None:
        return call(_verb(wanted), ["--help"])
    print("usage: console [--as NAME] [--json] [--plain] [VERB …]".replace("…", "..."))
    print()
    print("Without a verb, the screens open. The verbs:")
    for verb in VERBS:
        print(f"  {verb.name:<10} {verb.help}")
    print()
    print("console VERB --help explains one. $CONSOLE_HOME says which home is meant.")
    return EXIT_DONE


def _failed(error: ConsoleError, *, as_json: bool) -> int:
    from console.cli.printing import warn

    if as_json:
        from console.cli.printing import Printer
        from console.client.faults import fault_of

        Printer().json({"error": fault_of(error)})
    warn([f"console: {line}" if not number else line for number, line in enumerate(error.lines())])
    return error.exit_code


def _forget_output() -> None:
    # What is still in Python's buffer would raise once more when the interpreter ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
