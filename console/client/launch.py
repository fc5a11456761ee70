"""Reaching the server of a home: by its socket, and by starting one when none answers.

Of clients that start at once, one starts the server and the others wait for it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from console.client.environment import server_command, server_environment
from console.config import Home, prepare_home, prepare_socket, socket_path
from console.errors import JournalLocked, RefusedError, ServerUnreachable

if TYPE_CHECKING:
    import subprocess

START_SECONDS = 20.0
HELD_SECONDS = 8.0
BUSY_SECONDS = 5.0
LOG_LINES = 8
LARGEST_LOG = 8 * 1024 * 1024
_PAUSE = 0.01
_started: list[subprocess.Popen[bytes]] = []


class StartFailed(ServerUnreachable):
    """A server was started and did not come up; `said` holds the last lines of its log."""

    def __init__(self, message: str, *, said: tuple[str, ...], where: str, mend: str) -> None:
        super().__init__(message, where=where, unaffected="what runs goes on under its supervisors", mend=mend)
        self.said = said

    def lines(self) -> list[str]:
        """As for every error, with what the server said between the message and the labelled lines."""
        first, *rest = super().lines()
        return [first, *(f"  | {line}" for line in self.said), *rest]


def reach(home: Home, *, start: bool = True, environ: Mapping[str, str] | None = None) -> socket.socket:
    """A connected socket to the server of `home`; with `start`, one is started when none answers.

    Raises ServerUnreachable, RefusedError or ConfigError for a home that cannot be used, and what a server that
    could not start says.
    """
    env = os.environ if environ is None else environ
    path = socket_path(home, env)
    if path.parent.exists():
        # Before anything is said: a directory that others can write to may hold somebody else's socket.
        prepare_socket(path)
    found = dial(path) or _elsewhere(home, path)
    if found is not None:
        return found
    if not start:
        raise ServerUnreachable(
            "No server runs for this home.",
            where=str(home.root),
            unaffected="what was started goes on under its supervisors",
            mend="console server start",
        )
    prepare_home(home)
    prepare_socket(path)
    return _start(home, path, env)


def dial(path: Path) -> socket.socket | None:
    """A socket connected to `path`, or None when nobody listens there. Raises ServerUnreachable."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            stream.settimeout(BUSY_SECONDS)
            stream.connect(os.fspath(path))
        except OSError as problem:
            stream.close()
            if problem.errno in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR):
                return None
            if problem.errno == errno.EAGAIN and time.monotonic() < deadline:  # more clients than the queue holds
                time.sleep(_PAUSE)
                continue
            raise ServerUnreachable(
                f"The server's socket cannot be used: {problem.strerror or problem}.",
                where=str(path),
                unaffected="what runs goes on",
                mend="console doctor shows how the home stands",
            ) from problem
        return stream


def _elsewhere(home: Home, path: Path) -> socket.socket | None:
    """The server of this home where it says itself that it listens, because it has another runtime directory.

    A cron job or `su` may have none, or another one than the login that started the server.
    """
    import json

    try:
        recorded = json.loads(home.server_lock.read_bytes()[:4_096])["socket"]
        other = Path(recorded)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if other == path or not other.is_absolute() or not other.exists():
        return None
    prepare_home(home)  # nobody else can have written there
    prepare_socket(other)
    return dial(other)


def _start(home: Home, path: Path, env: Mapping[str, str]) -> socket.socket:
    deadline = time.monotonic() + START_SECONDS
    with _one_at_a_time(path.with_suffix(".starting"), home, deadline):
        while True:
            found = dial(path)
            if found is not None:
                return found
            try:
                return _launched(home, path, env, deadline)
            except (JournalLocked, RefusedError):
                # A server that is just ending, or one that a service starts, holds the home.
                if time.monotonic() > deadline - START_SECONDS + HELD_SECONDS:
                    raise
                time.sleep(0.1)


@contextmanager
def _one_at_a_time(file: Path, home: Home, deadline: float) -> Iterator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as problem:
                if time.monotonic() > deadline:
                    raise _not_in_time(home, 0) from problem
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _launched(home: Home, path: Path, env: Mapping[str, str], deadline: float) -> socket.socket:
    log_start, process, report = _spawn(home, env)
    try:
        while time.monotonic() < deadline:
            found = dial(path)
            if found is not None:
                return found
            if process.poll() is not None:
                raise _why_it_ended(home, process.returncode, report, log_start)
            time.sleep(_PAUSE)
    finally:
        os.close(report)
    raise _not_in_time(home, log_start)


def _spawn(home: Home, env: Mapping[str, str]) -> tuple[int, subprocess.Popen[bytes], int]:
    """Start a server on its own, and a pipe by which it says why it could not; returns (log size, process, pipe)."""
    import subprocess

    _begin_new_log(home)
    _started[:] = [process for process in _started if process.poll() is None]
    report, end = os.pipe()
    log = os.open(home.server_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        size = os.fstat(log).st_size
        process = subprocess.Popen(
            server_command("--report-to", str(end)),
            env=server_environment(home, env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(end,),
            start_new_session=True,
        )
    except BaseException:
        os.close(report)
        raise
    finally:
        os.close(end)
        os.close(log)
    _started.append(process)  # kept, so that a client that lives on can reap it
    os.set_blocking(report, False)
    return size, process, report


def _begin_new_log(home: Home) -> None:
    with suppress(OSError):
        if home.server_log.stat().st_size > LARGEST_LOG:
            home.server_log.rename(home.server_log.with_suffix(".log.old"))


def _why_it_ended(home: Home, code: int, report: int, log_start: int) -> Exception:
    try:
        said = os.read(report, 65_536)
    except BlockingIOError:
        said = b""
    if said:
        import msgspec

        from console.client.faults import error_of
        from console.protocol import Fault

        try:
            return error_of(msgspec.json.decode(said, type=Fault))
        except msgspec.DecodeError:
            pass  # cut off: the log holds the rest
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return StartFailed(
        f"The server {ended} before it answered.",
        said=_log_tail(home, log_start),
        where=str(home.server_log),
        mend="console doctor shows what is missing; console server run shows the server's start",
    )


def _not_in_time(home: Home, log_start: int) -> StartFailed:
    return StartFailed(
        f"The server did not answer within {START_SECONDS:.0f} seconds.",
        said=_log_tail(home, log_start),
        where=str(home.server_log),
        mend="try again: it may be up by now; console server log shows what it does",
    )


def _log_tail(home: Home, start: int) -> tuple[str, ...]:
    try:
        with home.server_log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(start, size - 4_096))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-LOG_LINES:]
