"""What became of an attempt, told by its directory alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from msgspec import Struct

from console.supervise.evidence import Evidence, gather
from console.supervise.places import make_parent
from console.supervise.records import ExitRecord, Record, SupervisorRecord, Unreadable, read_record
from console.supervisor import layout

State = Literal["running", "finished", "lost", "never_started"]


class Standing(Struct, frozen=True, kw_only=True):
    """What became of an attempt. `exit` is there when it finished, `evidence` when it is lost.

    `problems` says what in the directory does not fit, one line each; a finished attempt may have some too.
    """

    state: State
    exit: ExitRecord | None = None
    supervisor: SupervisorRecord | None = None
    evidence: Evidence | None = None
    problems: list[str] = []


def look(directory: str | os.PathLike[str], attempt: str | None = None) -> Standing:
    """What the attempt is doing, or what became of it. Changes nothing; never raises for what it finds.

    `attempt` is its id, for finding survivors where the supervisor's record is missing.
    "never_started" means: so far. A supervisor that is on its way may still start it; `settle` rules that out.
    """
    return _Probe(Path(directory), attempt).stand(claim=False)


def settle(directory: str | os.PathLike[str], attempt: str | None = None) -> Standing:
    """As `look`, for recovery: whatever it finds not running is barred from ever starting in this directory.

    Never call it for an attempt whose `spawn` has not returned, unless that attempt is to be given up.
    Raises OSError if the directory is missing and cannot be created.
    """
    path = Path(directory)
    make_parent(path)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    return _Probe(path, attempt).stand(claim=True)


class _Probe:
    """One look at one directory."""

    def __init__(self, path: Path, attempt: str | None) -> None:
        self._path = path
        self._attempt = attempt
        self._problems: list[str] = []
        self._supervisor: SupervisorRecord | None = None

    def stand(self, *, claim: bool) -> Standing:
        try:
            directory = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return Standing(state="never_started")
        except OSError as error:
            return self._lost(f"the attempt's directory cannot be opened: {error.strerror}")
        try:
            return self._judge(directory, claim=claim)
        except OSError as error:
            return self._lost(f"the attempt's directory cannot be read: {error.strerror}")
        finally:
            os.close(directory)

    def _judge(self, directory: int, *, claim: bool) -> Standing:
        with _lock_is_free(directory, create=claim) as free:
            # Only now the record: it is in place before the lock becomes free.
            ended = _read(directory, layout.EXIT, ExitRecord, self._problems)
            self._supervisor = _read(directory, layout.SUPERVISOR, SupervisorRecord, self._problems)
            if ended:
                self._problems += _misfits(directory, ended)
                return self._standing("finished", ended)
            if not free:
                return self._standing("running")
            if not _exists(directory, layout.OUT) and not _exists(directory, layout.EXIT):
                if claim:
                    _claim(directory)
                return self._standing("never_started")
        return self._lost()

    def _standing(self, state: State, ended: ExitRecord | None = None) -> Standing:
        return Standing(state=state, exit=ended, supervisor=self._supervisor, problems=self._problems)

    def _lost(self, *problems: str) -> Standing:
        self._problems += problems
        evidence = gather(self._path, self._attempt, self._supervisor, self._problems)
        return Standing(state="lost", supervisor=self._supervisor, evidence=evidence, problems=self._problems)


def _read(directory: int, name: str, kind: type[Record], problems: list[str]) -> Record | None:
    try:
        return read_record(directory, name, kind)
    except Unreadable as error:
        problems.append(str(error))
        return None


def _misfits(directory: int, ended: ExitRecord) -> list[str]:
    try:
        size = os.stat(layout.OUT, dir_fd=directory, follow_symlinks=False).st_size
    except OSError as error:
        return [f"the output cannot be read: {error.strerror}"]
    if size != ended.output_bytes:
        return [f"the output has {size} bytes and the exit record says {ended.output_bytes}"]
    return []


@contextmanager
def _lock_is_free(directory: int, *, create: bool) -> Iterator[bool]:
    """Whether no supervisor holds the lock; while inside, none can take it.

    Shared, so that several may look at once: only a supervisor's exclusive lock counts as held.
    """
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_CREAT if create else 0)
    try:
        lock = os.open(layout.LOCK, flags, 0o600, dir_fd=directory)
    except FileNotFoundError:
        yield True
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            free = True
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(lock)


def _claim(directory: int) -> None:
    claim = os.open(layout.CLAIM, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=directory)
    os.fsync(claim)
    os.close(claim)


def _exists(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
