"""Directories that a step's work depends on: what a name may be, the digest of a tree, and a private copy of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

MOST_FILES = 20_000
MOST_BYTES = 256 * 1024 * 1024


class BadTree(ValueError):
    """A tree that cannot be pinned; the text names the path and says why."""


def refused_name(name: str) -> str | None:
    """Why this is no name of a file or directory beside the runbook, or None when it is one."""
    if not name or "\0" in name:
        return "the name is empty" if not name else "the name holds a NUL character"
    if "{{" in name or "{%" in name:
        return "a template cannot name what a run pins before it starts"
    if name.startswith(("/", "~")):
        return f"{name!r} is not relative to the runbook"
    if ".." in PurePosixPath(name).parts:
        return f"{name!r} leaves the runbook's directory"
    return None


def resolve_inside(root: Path, name: str) -> Path:
    """The path of a name beside the runbook. Raises BadTree when it is missing, refused, or reached through a link."""
    reason = refused_name(name)
    if reason:
        raise BadTree(reason)
    path = root
    for part in PurePosixPath(name).parts:
        path = path / part
        if path.is_symlink():
            raise BadTree(f"{name!r} goes through the symbolic link {part!r}")
    if not path.exists():
        raise BadTree(f"{name!r} is not there")
    return path


def digest_tree(roots: Iterable[Path], base: Path, ignore: Iterable[str] = ()) -> str:
    """SHA-256 (hex) over names (below `base`), execute bits and contents of these files and trees, in a fixed order."""
    digest = hashlib.sha256()
    patterns = tuple(ignore)
    found = {path for root in roots for path in files_below(root, patterns)}
    total = 0
    for path in sorted(found, key=lambda path: path.relative_to(base).as_posix()):
        name = path.relative_to(base).as_posix().encode("utf-8", "surrogateescape")
        status = path.stat()
        total += status.st_size
        if total > MOST_BYTES:
            raise BadTree(f"the files come to more than {MOST_BYTES} bytes at {path.name!r}")
        executable = bool(status.st_mode & stat.S_IXUSR)
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        digest.update(b"%d:%b%d%b" % (len(name), name, executable, content))
    return digest.hexdigest()


def copy_tree(source: Path, target: Path, ignore: Iterable[str] = ()) -> None:
    """Copy a tree to a place that does not exist yet, private (0700, files 0600 or 0700). Raises BadTree for a link."""
    target.mkdir(mode=0o700, parents=True)
    for path in files_below(source, tuple(ignore)):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        copy.chmod(0o700 if os.access(path, os.X_OK) else 0o600)


def files_below(root: Path, ignore: tuple[str, ...] = ()) -> Iterator[Path]:
    """Every regular file of a tree. Raises BadTree for links, devices and sockets, and past the largest number."""
    waiting = [root]
    count = 0
    while waiting:
        path = waiting.pop()
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            waiting += [child for child in path.iterdir() if not _ignored(child.name, ignore)]
            continue
        if not stat.S_ISREG(mode):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a directory"
            raise BadTree(f"{path.relative_to(root.parent).as_posix()!r} is {what}")
        count += 1
        if count > MOST_FILES:
            raise BadTree(f"{root.name!r} holds more than {MOST_FILES} files")
        yield path


def _ignored(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
