"""The directory that the journal lives in: whose it is, what it lies on, its lock, its reserve of space."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from console.errors import JournalError, JournalLocked
from console.journal.faults import damaged, explain_os

LOCK = "journal.lock"
RESERVE = "reserve"
RESERVE_BYTES = 4 * 1024 * 1024

# Write-ahead logging needs shared memory and locks that hold, which these do not give.
NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "afs", "ncpfs", "coda", "vboxsf"),
        *("ceph", "lustre", "glusterfs", "gpfs", "beegfs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone"),
    }
)


def prepare_home(home: Path) -> None:
    """Make the home if it is not there, and refuse one that is not safe to keep a journal in.

    Raises JournalError: not a directory, of another user, writable by others, on a network file system.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise JournalError(
            "The console home is not a directory.", where=str(home), mend="Name a directory in CONSOLE_HOME."
        ) from error
    except OSError as error:
        raise explain_os(error, home, "make the directory") from error
    check_home(home)


def check_home(home: Path) -> None:
    """The checks of `prepare_home` for a home that must be there already."""
    try:
        status = home.stat()
    except OSError as error:
        raise explain_os(error, home, "look into the directory") from error
    if not stat.S_ISDIR(status.st_mode):
        raise JournalError("The console home is not a directory.", where=str(home))
    _check_owner(home, status)
    if status.st_mode & 0o022:
        raise JournalError(
            "Others may write into the console home, so they could replace the journal.",
            where=str(home),
            mend=f"chmod go-w {home}",
        )
    kind = file_system(home)
    if kind in NETWORK_FILE_SYSTEMS:
        raise JournalError(
            f"The console home lies on a network file system ({kind}), where a journal can be lost or torn.",
            where=str(home),
            mend="Set CONSOLE_HOME to a directory on a local disk.",
        )


def _check_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (os.geteuid(), 0):
        raise JournalError(
            f"{path.name} belongs to another user (uid {status.st_uid}).",
            where=str(path),
            unaffected="Nothing was opened.",
            mend="Run the console as the user who owns the home, or change the owner.",
        )


def check_file(path: Path) -> None:
    """Refuse, before it is opened, a file that cannot be ours: wrong type, empty, foreign, open to others.

    Only its directory entry is looked at: closing a second descriptor on an open SQLite file drops its locks.
    Raises FileNotFoundError when there is none.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise explain_os(error, path, "read") from error
    if not stat.S_ISREG(status.st_mode):
        raise damaged(path, "it is not a regular file")
    if status.st_size == 0:
        raise damaged(path, "the file is empty")
    _check_owner(path, status)
    if status.st_mode & 0o077:
        raise JournalError(
            f"Others may open {path.name} (mode {stat.S_IMODE(status.st_mode):o}).",
            where=str(path),
            unaffected="Nothing was opened.",
            mend=f"chmod 600 {path}",
        )


def file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The type of the file system that `path` lies on, such as `ext4`; None when that is unknown."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    wanted = os.path.realpath(path)
    best, kind = -1, None
    for line in lines:
        left, separator, right = line.partition(" - ")
        fields = left.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = _unescape(fields[4])
        # Later lines shadow earlier ones that are mounted on the same place.
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, kind = len(point), right.split(" ")[0]
    return kind


def _unescape(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


class HomeLock:
    """The one writer's claim on a home; the kernel drops it when the process ends, however it ends."""

    def __init__(self, home: Path, wait: float) -> None:
        """Take the lock, trying for `wait` seconds; raises JournalLocked with the holder's process id."""
        self._path = home / LOCK
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain_os(error, self._path, "open") from error
        try:
            self._take(time.monotonic() + wait)
        except BaseException:
            os.close(self._descriptor)
            raise

    def _take(self, until: float) -> None:
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise self._locked() from None
                time.sleep(0.02)
        # Who holds it is a help for people and nothing more, so a full disk does not stop us here.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def _locked(self) -> JournalLocked:
        holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder.isdigit() else "another process"
        return JournalLocked(
            f"The journal of this home is being written by {who}.",
            where=str(self._path.parent),
            unaffected="Nothing was opened; the other process goes on.",
            mend="Use that server, or stop it first: console server stop",
        )

    def release(self) -> None:
        """Give the home free."""
        os.close(self._descriptor)


def make_reserve(home: Path) -> None:
    """Set space aside for a full disk, to be given back by `release_reserve`. Raises JournalFull."""
    path = home / RESERVE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size < RESERVE_BYTES:
                os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        release_reserve(home)
        raise explain_os(error, path, "set aside") from error


def release_reserve(home: Path) -> None:
    """Give the reserved space back, so that looking on and mending have room."""
    with contextlib.suppress(OSError):
        os.truncate(home / RESERVE, 0)
