"""Collecting everything that is wrong with one file, each with its place and the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple

from console.catalog.codes import CODES
from console.engine.problem import Problem, Severity

MOST = 100
_SHOWN = 80


class Mark(NamedTuple):
    """A place in a file, counted from 1. `block` is true for a `|` or `>` text, whose first line is the next one."""

    line: int
    column: int
    block: bool = False


NOWHERE = Mark(0, 0)


class Findings:
    """The problems of one file, in the order they were found; after the hundredth only counted."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: dict[Problem, None] = {}
        self._dropped = 0
        self._errors = 0

    def add(self, code: str, message: str, mark: Mark = NOWHERE, mend: str = "", *, warning: bool = False) -> None:
        """Record a problem; the same one at the same place counts once."""
        if code not in CODES:
            raise KeyError(code)
        severity = Severity.WARNING if warning else Severity.ERROR
        problem = Problem(
            message=message,
            code=code,
            file=self.file,
            line=mark.line,
            column=mark.column,
            mend=mend,
            severity=severity,
        )
        self._errors += severity is Severity.ERROR
        if len(self._problems) < MOST:
            self._problems[problem] = None
        else:
            self._dropped += 1

    def has(self, code: str, mark: Mark) -> bool:
        """Whether that was found at that place."""
        at = (code, mark.line, mark.column)
        return any((problem.code, problem.line, problem.column) == at for problem in self._problems)

    @property
    def failed(self) -> bool:
        """Whether anything was found that keeps the runbook from running."""
        return self._errors > 0

    @property
    def errors(self) -> int:
        """How many of the problems are errors, those that are no longer listed included."""
        return self._errors

    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order of the file."""
        found = sorted(self._problems, key=lambda problem: (problem.line, problem.column))
        if self._dropped:
            rest = f"{self._dropped} more problems are not listed"
            severity = Severity.ERROR if self.failed else Severity.WARNING
            found.append(
                Problem(message=rest, code="too-many", file=self.file, mend="mend these first", severity=severity)
            )
        return tuple(found)


def nearest(word: object, known: Iterable[str]) -> str:
    """`did you mean X?` for the known word that is most like `word`, or an empty text."""
    if not isinstance(word, str):
        return ""
    found = difflib.get_close_matches(word[:_SHOWN], [name for name in known if name != word], n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else ""


def shorten(value: object) -> str:
    """A value as it may stand in a message: quoted, on one line, at most 80 characters."""
    text = repr(value[: _SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words in a row, the first dozen of many."""
    names = list(words)
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
