"""What a server says went wrong, as the errors of `console.errors`."""

from __future__ import annotations

from collections.abc import Iterator

from console.errors import ConsoleError, InvalidRunbook, ServerUnreachable
from console.protocol import Fault


class ConnectionLost(ServerUnreachable):
    """The server went away while it was being talked to; what was asked may have been done or not."""


def error_of(fault: Fault) -> ConsoleError:
    """The error that a fault stands for; one with an unknown code keeps its code and exit code."""
    known = {kind.code: kind for kind in _kinds(ConsoleError)}
    kind = known.get(fault.code, ConsoleError)
    if kind is InvalidRunbook:
        return InvalidRunbook(
            fault.message, problems=fault.problems, where=fault.where, unaffected=fault.unaffected, mend=fault.mend
        )
    error = kind(fault.message, where=fault.where, unaffected=fault.unaffected, mend=fault.mend)
    if fault.code not in known:
        # A newer server may know kinds of errors that this client does not.
        vars(error).update(code=fault.code, exit_code=fault.exit_code)
    return error


def fault_of(error: ConsoleError) -> Fault:
    """The error as a fault, which is also how `--json` shows it."""
    return Fault(
        code=error.code,
        exit_code=error.exit_code,
        message=error.message,
        where=error.where,
        unaffected=error.unaffected,
        mend=error.mend,
        problems=tuple(str(problem) for problem in error.problems) if isinstance(error, InvalidRunbook) else (),
    )


def _kinds(kind: type[ConsoleError]) -> Iterator[type[ConsoleError]]:
    # An error of ours that refines a published one shares its code; the published one stands for it.
    if "code" in vars(kind):
        yield kind
    for sub in kind.__subclasses__():
        yield from _kinds(sub)
