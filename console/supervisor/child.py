"""Starting the program: its terminal or pipes, its group, and a process that inherits nothing it should not."""

from __future__ import annotations

import fcntl
import os
import sys
import termios

from console.supervisor import kernel, layout, signals
from console.supervisor.spec import Spec

# What a shell says when a program is not there, or is there and cannot be run.
NOT_FOUND = 127
NOT_EXECUTABLE = 126

_NOT_THERE = {2, 20}  # ENOENT, ENOTDIR
_FIRST_FREE_FD = 3
_LAST_FD = 1 << 20
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


class Terminal:
    """A pseudo-terminal that is the controlling terminal of this session, the program's group in its foreground.

    The supervisor leads the session, not the program: otherwise the kernel would hang up on whatever the program
    leaves running as soon as it ends.
    """

    def __init__(self, window: tuple[int, int]) -> None:
        self.master, self.slave = os.openpty()
        os.set_inheritable(self.master, False)
        os.set_inheritable(self.slave, False)
        os.set_blocking(self.master, False)
        _without_suspend(self.slave)
        self.resize(*window)
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, columns: int, rows: int) -> None:
        """Set the window's size; the kernel tells the foreground group."""
        size = rows.to_bytes(2, sys.byteorder) + columns.to_bytes(2, sys.byteorder) + bytes(4)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def foreground(self) -> int | None:
        """The group that a Ctrl-C at this terminal would reach."""
        try:
            return os.tcgetpgrp(self.master)
        except OSError:
            return None

    def release(self) -> None:
        """The program has ended: take the foreground back, so that our own end hangs up on nobody, and let go."""
        try:
            os.tcsetpgrp(self.slave, os.getpgrp())
        except OSError:
            pass  # the program hung the terminal up itself
        os.close(self.slave)


class Child:
    """The started program: its pid, the descriptors to read by stream, and where its input goes."""

    def __init__(self, spec: Spec) -> None:
        self.terminal = Terminal(spec.window) if spec.pty or spec.terminal else None
        self.streams: dict[int, int] = {}
        if self.terminal:
            self.streams[self.terminal.master] = layout.TERMINAL
        stdin = self._stdin(spec)
        stdout, stderr = self._outputs(spec)
        self.failure, failure = os.pipe()
        supervisor = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _become(supervisor, spec, self.terminal, (stdin, stdout, stderr), failure)
        kept = self.terminal.slave if self.terminal else -1
        for handle in {stdin, stdout, stderr, failure} - {kept}:
            os.close(handle)

    def _stdin(self, spec: Spec) -> int:
        self.stdin: int | None = None
        if spec.stdin is not None:
            reader, self.stdin = os.pipe()
            os.set_blocking(self.stdin, False)
            return reader
        if spec.pty and self.terminal:
            return self.terminal.slave
        return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)

    def _outputs(self, spec: Spec) -> tuple[int, int]:
        if spec.pty and self.terminal:
            return self.terminal.slave, self.terminal.slave
        writers = []
        for stream in (layout.STDOUT, layout.STDERR):
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            self.streams[reader] = stream
            writers.append(_readable_too(writer) if spec.hold_pipes else writer)
        return writers[0], writers[1]


def _readable_too(writer: int) -> int:
    """The same end of the pipe, opened so that whoever has it is a reader as well: it can never break."""
    both = os.open(f"/proc/self/fd/{writer}", os.O_RDWR | os.O_CLOEXEC)
    os.close(writer)
    return both


def why_not(report: bytes, spec: Spec) -> tuple[int, str]:
    """The exit code and the reason that a child's failure report stands for."""
    stage, _, number = report.decode("ascii", "replace").partition(" ")
    code = int(number) if number.isdigit() else 0
    reason = os.strerror(code) if code else "it contains a character that no program can be given"
    if stage == "cwd":
        return NOT_EXECUTABLE, f"cannot start in the directory {spec.cwd!r}: {reason}"
    exit_code = NOT_FOUND if code in _NOT_THERE else NOT_EXECUTABLE
    return exit_code, f"cannot start {spec.argv[0]!r}: {reason}"


def _without_suspend(slave: int) -> None:
    """A Ctrl-Z would stop the program with nobody there to continue it."""
    attributes = termios.tcgetattr(slave)
    attributes[6][termios.VSUSP] = b"\0"
    termios.tcsetattr(slave, termios.TCSANOW, attributes)


def _become(supervisor: int, spec: Spec, terminal: Terminal | None, stdio: tuple[int, int, int], failure: int) -> None:
    """In the child: turn into the program, or report why not and end. Never returns."""
    stage = "exec"
    try:
        # Not SIGKILL: a tool that is left alone may still save its state, and a driver end what it started.
        kernel.die_with_parent(signals.TERM)
        if os.getppid() != supervisor:
            return
        os.setpgid(0, 0)
        if terminal:
            os.tcsetpgrp(terminal.slave, os.getpid())
        for target, source in enumerate(stdio):
            os.dup2(source, target)
        os.closerange(_FIRST_FREE_FD, failure)
        os.closerange(failure + 1, _LAST_FD)
        os.umask(spec.umask)
        signals.back_to_default(spec.ignore_signals)
        stage = "cwd"
        os.chdir(spec.cwd)
        stage = "exec"
        _execute(spec.argv, spec.env)
    except OSError as error:
        os.write(failure, f"{stage} {error.errno}".encode())
    except ValueError:
        os.write(failure, f"{stage} 0".encode())
    finally:
        # Whatever happened, this copy of the supervisor must not go on.
        os._exit(NOT_FOUND)


def _execute(argv: list[str], env: dict[str, str]) -> None:
    """As execvpe, which imports more than the search is worth. Raises OSError like the last useful attempt."""
    if "/" in argv[0]:
        os.execve(argv[0], argv, env)
    trouble: OSError | None = None
    for directory in env.get("PATH", _DEFAULT_PATH).split(":"):
        try:
            os.execve(f"{directory or '.'}/{argv[0]}", argv, env)
        except OSError as error:
            if trouble is None or error.errno not in _NOT_THERE:
                trouble = error
    raise trouble or OSError(2, "no such program")
