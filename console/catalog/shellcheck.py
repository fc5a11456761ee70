"""What shellcheck says about the shell texts of a runbook, where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from console.catalog.load import Loaded
from console.engine.problem import Problem, Severity

_SECONDS = 10
_MOST = 50


def shellcheck(loaded: Loaded) -> list[Problem]:
    """Its findings as warnings at the line of the step, naming the line inside the text. Nothing without the tool."""
    program = shutil.which("shellcheck")
    if program is None:
        return []
    problems: list[Problem] = []
    for step in loaded.runbook.steps:
        for kind, body, line in (
            (step.kind, step.body, step.line),
            *([(step.undo.kind, step.undo.body, step.undo.line)] if step.undo else []),
        ):
            text = body.get("text") if kind == "shell" and isinstance(body, dict) else None
            if isinstance(text, str) and len(problems) < _MOST:
                problems += [_problem(loaded, step.id, line, found) for found in _run(program, text)]
    return problems[:_MOST]


def _run(program: str, text: str) -> list[dict[str, Any]]:
    # SC2154 would call every variable that comes by env: unassigned.
    command = [program, "--shell=sh", "--format=json1", "--severity=warning", "--exclude=SC2154", "-"]
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False)
        comments = json.loads(done.stdout).get("comments", [])
    except (OSError, subprocess.TimeoutExpired, ValueError, AttributeError):
        return []
    return [comment for comment in comments if isinstance(comment, dict)]


def _problem(loaded: Loaded, step_id: str, line: int, found: dict[str, Any]) -> Problem:
    return Problem(
        message=f"step {step_id!r}, line {found.get('line', 0)} of its text: {found.get('message', '')}",
        code="shellcheck",
        file=str(loaded.path or "<text>"),
        line=line,
        column=1,
        mend=f"see SC{found.get('code', '')} of shellcheck",
        severity=Severity.WARNING,
    )
