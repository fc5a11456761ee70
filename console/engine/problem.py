"""One thing that is wrong with a runbook, a plugin or a form, with its place and a mend."""

from __future__ import annotations

from enum import StrEnum

from console.engine.runbook import Model


class Severity(StrEnum):
    """Whether a runbook can run with the problem."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Model, frozen=True):
    """What is wrong, where, and what to do about it.

    `line` and `column` count from 1; 0 means the file as a whole. `code` is stable and listed in
    docs/runbook-language.md; `mend` may be empty.
    """

    message: str
    code: str
    file: str = ""
    line: int = 0
    column: int = 0
    mend: str = ""
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        """Where it stands, as `file:line:column`; the file alone where the whole of it is meant."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        word = "warning: " if self.severity is Severity.WARNING else ""
        mend = f" ({self.mend})" if self.mend else ""
        return f"{place}{word}{self.message}{mend} [{self.code}]"
