"""Shell text that takes data for code, and arguments that are handed to an interpreter."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from console.catalog.draft import Body, Draft
from console.catalog.findings import Mark, shorten

_INTERPRETERS = re.compile(r"(ba|da|z|k|a|fi)?sh|busybox|python[0-9.]*|perl|ruby|node|php|lua|awk|gawk|mawk|sed")
_CODE_OPTION = re.compile(r"-[A-Za-z]*[ceErn]")
_EVALUATES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(?:^|[;&|\s])eval\s"), "eval runs data as code", "call the program with its arguments"),
    (
        re.compile(r"""\b(?:ba|da|z|k|a)?sh\s+(?:-\w+\s+)*-\w*c\s+(?:"[^"]*\$|[^'"\s]*\$)"""),
        "a value becomes part of the script of another shell",
        "hand it over as an argument: sh -c 'SCRIPT' name \"$VALUE\"",
    ),
    (
        re.compile(r'\bssh\s[^|;&\n]*"[^"\n]*\$'),
        "a value becomes part of the command on the other host",
        "send data on stdin, or bound the parameter with a strict pattern",
    ),
    (
        re.compile(r"\$\(\([^)]*[A-Za-z_]"),
        "arithmetic runs what stands inside a variable such as a[$(cmd)]",
        "bound the value: `type: integer`, or test it with case before",
    ),
    (
        re.compile(r"\[\[[^\]]*\s-(?:eq|ne|lt|le|gt|ge)\s"),
        "[[ … -eq … ]] runs what stands inside a variable such as a[$(cmd)]",
        "use [ … -eq … ], which takes numbers only",
    ),
    (
        re.compile(r"\|\s*(?:sudo\s+)?(?:ba|da|z|k)?sh\b(?!\s+-\w*c)"),
        "what is piped into a shell runs as code",
        "store it, check its digest, then run it",
    ),
)


def check_shell_text(draft: Draft) -> None:
    """Warn where a shell text evaluates data; refuse expressions inside the code of an interpreter."""
    for step in draft.steps:
        for body in (step.body, step.undo):
            if body is not None and body.kind.name == "shell" and isinstance(body.data, dict):
                _check_text(draft, body, body.data.get("text"))
                _check_argv(draft, body, body.data.get("argv"))


def _check_text(draft: Draft, body: Body, text: Any) -> None:
    if not isinstance(text, str):
        return
    mark = draft.place(body.path(("text",)))
    for number, line in enumerate(text.split("\n")):
        if line.lstrip().startswith("#"):
            continue
        at = Mark(mark.line + 1 + number, 1) if mark.block else mark
        for pattern, message, mend in _EVALUATES:
            if pattern.search(line):
                draft.findings.add("shell-data", message, at, mend, warning=True)


def _check_argv(draft: Draft, body: Body, argv: Any) -> None:
    if not isinstance(argv, list) or not all(isinstance(word, str) for word in argv):
        return
    interpreter = ""
    for index, word in enumerate(argv):
        name = PurePosixPath(word).name
        path = body.path(("argv", index))
        if "{{" not in word:
            interpreter = name if _INTERPRETERS.fullmatch(name) or name == "ssh" else interpreter
            continue
        if index == 0:
            draft.add("shell-data", "data decides which program runs", path, "write the program out")
        elif interpreter == "ssh" and index > 1:
            message = "ssh hands its arguments to a shell on the other host, which runs data as code"
            draft.add("shell-data", message, path, "send data on stdin, or bound the parameter", warning=True)
        elif interpreter and _CODE_OPTION.fullmatch(argv[index - 1]):
            message = f"{shorten(word)} would become code of {interpreter}"
            draft.add("shell-data", message, path, 'hand it over by env:, or as an argument after the code ("$1")')
