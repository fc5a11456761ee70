"""Signals, without the `signal` module: it builds enums, which costs a supervisor about five milliseconds to import."""

from __future__ import annotations

import _signal  # the C module that `signal` stands on
import os

INT: int = _signal.SIGINT
TERM: int = _signal.SIGTERM
KILL: int = _signal.SIGKILL
CONT: int = _signal.SIGCONT
CHLD: int = _signal.SIGCHLD

# SIGHUP: the server's terminal went away. The others would end or stop a supervisor that has better things to do.
_IGNORED = ("HUP", "PIPE", "QUIT", "USR1", "USR2", "ALRM", "TSTP", "TTIN", "TTOU", "XFSZ")

_NUMBERS: dict[str, int] = {
    name: int(getattr(_signal, name)) for name in dir(_signal) if name.startswith("SIG") and name[3:].isalnum()
}


def number_of(name: str) -> int:
    """The number of a signal such as "SIGTERM". Raises ValueError for anything else."""
    if name not in _NUMBERS:
        raise ValueError(f"{name[:40]!r} is not a signal")
    return _NUMBERS[name]


def name_of(number: int) -> str:
    """The name of a signal, such as "SIGTERM"; its number as text if it has none."""
    return next((name for name, value in _NUMBERS.items() if value == number), str(number))


def arrive_in_pipe() -> int:
    """Have the signals that matter to a supervisor arrive as bytes in a pipe; returns its reading end."""
    for name in _IGNORED:
        _signal.signal(_NUMBERS[f"SIG{name}"], _signal.SIG_IGN)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    _signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (CHLD, TERM, INT):
        _signal.signal(number, lambda _number, _frame: None)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, [])
    return reader


def back_to_default(ignored: list[int]) -> None:
    """In a new program: every signal as a program expects to find it, but for those to be ignored; none blocked."""
    _signal.set_wakeup_fd(-1)
    for number in range(1, _signal.NSIG):
        try:
            _signal.signal(number, _signal.SIG_IGN if number in ignored else _signal.SIG_DFL)
        except (OSError, ValueError):
            continue  # SIGKILL, SIGSTOP, and those the C library keeps to itself
    _signal.pthread_sigmask(_signal.SIG_SETMASK, [])


def send_through(handle: int, number: int) -> None:
    """Signal the process behind a pidfd. Raises OSError."""
    _signal.pidfd_send_signal(handle, number)
