"""`console check`: check runbook files without a server, and print every problem with its place."""

from __future__ import annotations

import argparse
from pathlib import Path

from console.cli.call import Call
from console.cli.shapes import CheckedFile, CheckProblem, CheckView
from console.engine.problem import Problem, Severity
from console.errors import EXIT_DONE, InvalidRunbook
from console.view.sanitise import line as clean


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a runbook's file, or a directory of them")


def run(call: Call) -> int:
    """Check files, and say what kind of process each is."""
    found = _check(call)
    call.show(found, lambda: _lines(found))
    return EXIT_DONE if found.ok else InvalidRunbook.exit_code


def _check(call: Call) -> CheckView:
    # The one verb that loads the catalogue, with Jinja2 and YAML.
    from console.catalog.check import check_paths
    from console.catalog.registry import load_registry
    from console.config import search_path

    registry = load_registry(search_path(call.home))
    files: list[CheckedFile] = []
    problems = [
        CheckProblem(
            file=str(one.folder),
            line=0,
            column=0,
            message=one.message,
            code="plugin",
            severity=Severity.WARNING.value,
            mend=one.mend,
        )
        for one in registry.problems
    ]
    for checked in check_paths([Path(given) for given in call.arguments.paths], registry):
        path, ok = str(checked.path), checked.errors == 0
        verdict = str(checked.verdict) if checked.verdict else ""
        files.append(CheckedFile(file=path, ok=ok, verdict=verdict, risk=checked.risk.value if checked.risk else ""))
        problems += [_problem(one, path) for one in checked.problems]
    return CheckView(ok=all(file.ok for file in files), files=tuple(files), problems=tuple(problems))


def _problem(one: Problem, path: str) -> CheckProblem:
    return CheckProblem(
        file=one.file or path,
        line=one.line,
        column=one.column,
        message=one.message,
        code=one.code,
        severity=one.severity.value,
        mend=one.mend,
    )


def _lines(found: CheckView) -> list[str]:
    lines = [_problem_line(one) for one in found.problems]
    for file in found.files:
        if file.ok:
            risk = f", {file.risk}" if file.risk else ""
            lines.append(f"{clean(file.file, limit=400)}: fine; {clean(file.verdict, limit=1_000)}{risk}")
    wrong = sum(not file.ok for file in found.files)
    if wrong:
        lines.append(f"{wrong} of {len(found.files)} files cannot be used")
    return lines


def _problem_line(one: CheckProblem) -> str:
    place = f"{clean(one.file, limit=400)}:{one.line}:{one.column}" if one.line else clean(one.file, limit=400)
    word = "" if one.severity == "error" else f"{one.severity}: "
    mend = f" ({clean(one.mend, limit=1_000)})" if one.mend else ""
    return f"{place}: {word}{clean(one.message, limit=1_000)}{mend} [{one.code}]"
