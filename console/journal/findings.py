"""Collecting what a verification finds."""

from __future__ import annotations

import sqlite3

from console.errors import ConsoleError
from console.journal.faults import FILE_ERRORS
from console.journal.records import Problem

LIMIT = 1_000

# In a damaged file a column can hold a value of another kind than it was made for.
DAMAGE = (*FILE_ERRORS, TypeError, AttributeError, OverflowError)


class Findings:
    """The problems found so far; beyond a thousand they are only counted."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.dropped = 0

    def add(self, code: str, message: str, stream: str | None = None, seq: int | None = None) -> None:
        """Note a problem: what it means, and the stream and event it is in when it is in one."""
        if len(self.problems) < LIMIT:
            self.problems.append(Problem(code, message, stream, seq))
        else:
            self.dropped += 1

    def add_error(self, error: ConsoleError) -> None:
        """Note that a file could not be looked at."""
        where = f" ({error.where})" if error.where else ""
        self.add(error.code, f"{error.message}{where}")

    def add_unreadable(self, error: Exception, file: str, stream: str | None = None) -> None:
        """Note that a part of a file could not be read."""
        if isinstance(error, UnicodeDecodeError):
            reason = "it holds text that is not UTF-8"
        elif isinstance(error, sqlite3.Error):
            reason = str(error)
        else:
            reason = "a value is of another kind than its column"
        self.add("damaged", f"{file} cannot be read on: {reason}.", stream)

    def all(self) -> list[Problem]:
        """Every problem, with a last one that tells how many were left out."""
        if not self.dropped:
            return self.problems
        return [*self.problems, Problem("more", f"{self.dropped:,} more problems were found.")]
