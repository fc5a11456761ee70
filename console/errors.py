"""Every error an operator can meet, in one tree.

    ConsoleError                 internal             1
    ├── UsageError               usage                2
    │   └── ConfigError          config               2
    ├── RefusedError             refused              3
    ├── NotFoundError            not-found            4
    ├── RunFailed                run-failed           5
    ├── WaitingForPerson         waiting-for-person   6
    ├── ServerUnreachable        server-unreachable   7
    ├── InvalidRunbook           invalid-runbook      8   carries every problem that was found
    └── JournalError             journal              9
        ├── JournalCorrupt       journal-corrupt      9
        ├── JournalForked        journal-forked       9
        ├── JournalFull          journal-full         9
        ├── JournalLocked        journal-locked       9
        └── JournalTooNew        journal-too-new      9

The columns are the class, its stable code and the exit code of a command that ends with it; 0 means done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

EXIT_DONE = 0


class ConsoleError(Exception):
    """What failed, where, what is unaffected by it, and what to do next.

    `where` is a file, a line, a step or a command; `unaffected` says what goes on or is safe; `mend` is the
    next action for a person. Each is one line of plain text, or None when there is nothing true to say.
    """

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        unaffected: str | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.unaffected = unaffected
        self.mend = mend

    def lines(self) -> list[str]:
        """The error for a person: the message first, then a labelled line for each part that is known."""
        labelled = (("where", self.where), ("unaffected", self.unaffected), ("to mend", self.mend))
        return [self.message, *(f"  {label}: {text}" for label, text in labelled if text)]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __reduce__(self) -> tuple[object, ...]:
        # Exception's own reduction passes only `args`; the keyword parts come back through the state.
        return type(self), (self.message,), self.__dict__


class UsageError(ConsoleError):
    """The command line does not say something that can be done."""

    code = "usage"
    exit_code = 2


class ConfigError(UsageError):
    """The environment or the configuration file does not say something that can be used."""

    code = "config"


class RefusedError(ConsoleError):
    """The command was understood and refused: by access, by the state of the run, or by a rule."""

    code = "refused"
    exit_code = 3


class NotFoundError(ConsoleError):
    """The run, step, runbook or file that was named does not exist."""

    code = "not-found"
    exit_code = 4


class RunFailed(ConsoleError):
    """The run that was waited for ended without success."""

    code = "run-failed"
    exit_code = 5


class WaitingForPerson(ConsoleError):
    """The run that was waited for cannot go on until somebody answers."""

    code = "waiting-for-person"
    exit_code = 6


class ServerUnreachable(ConsoleError):
    """No server answers for this home, and none could be started."""

    code = "server-unreachable"
    exit_code = 7


class InvalidRunbook(ConsoleError):
    """A runbook or a plugin cannot be used; `problems` has an entry for each thing that is wrong.

    An entry reads as one line: a text, or a `console.engine.problem.Problem` with its place.
    """

    code = "invalid-runbook"
    exit_code = 8

    def __init__(
        self,
        message: str,
        *,
        problems: Iterable[Any] = (),
        where: str | None = None,
        unaffected: str | None = None,
        mend: str | None = None,
    ) -> None:
        super().__init__(message, where=where, unaffected=unaffected, mend=mend)
        self.problems = tuple(problems)

    def lines(self) -> list[str]:
        """As for every error, with the problems between the message and the labelled lines."""
        first, *rest = super().lines()
        return [first, *(f"  - {problem}" for problem in self.problems), *rest]


class JournalError(ConsoleError):
    """The journal cannot be read or written as it must be."""

    code = "journal"
    exit_code = 9


class JournalCorrupt(JournalError):
    """The journal's file is damaged: it cannot be read, or its hash chain does not hold."""

    code = "journal-corrupt"


class JournalForked(JournalError):
    """One place in a stream was written twice with different events."""

    code = "journal-forked"


class JournalFull(JournalError):
    """The disk or the quota is full, so nothing more can be recorded."""

    code = "journal-full"


class JournalLocked(JournalError):
    """Another process holds this journal."""

    code = "journal-locked"


class JournalTooNew(JournalError):
    """The journal was written by a later version of the console."""

    code = "journal-too-new"
