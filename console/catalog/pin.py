"""Pinning: the content of every file that a run will use, by digest, and laying it out again."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import msgspec

from console.catalog.bodies import DoesNotFit, fit_body
from console.catalog.findings import Findings, Mark
from console.catalog.load import Loaded, invalid
from console.catalog.pinned_names import names_of
from console.catalog.registry import Registry
from console.catalog.source import control_character
from console.catalog.trust import writable_by_others
from console.engine.runbook import Undo
from console.errors import RefusedError
from console.steps.trees import BadTree, refused_name, resolve_inside

MOST_FILES = 2_000
MOST_BYTES = 16 * 1024 * 1024
# What a tool keeps for itself: it belongs to a working copy, never to a definition.
SKIPPED = (".terraform", "*.tfstate*", ".git", "__pycache__")


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file: SHA-256 (hex) of its content, the content, and whether it may be executed."""

    digest: str
    data: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a run starts with: `definition` is the digest of `document`, and that names all the rest.

    Files are named relative to the runbook.
    """

    definition: str
    document: bytes
    source: str
    files: dict[str, PinnedFile]
    plugins: dict[str, str]


def pin(loaded: Loaded, registry: Registry) -> Pinned:
    """Read everything that a run of this runbook will use. Raises InvalidRunbook with every file that is refused."""
    findings = Findings(str(loaded.path or "<text>"))
    files: dict[str, PinnedFile] = {}
    reader = _Reader(loaded.directory, files)
    wrong: dict[str, int] = {}
    for kind_name, body, line in _bodies(loaded):
        kind = registry.kind(kind_name)
        try:
            for name, optional in names_of(kind, fit_body(kind, body, rendered=False)):
                reader.read(name, optional=optional)
        except (BadTree, DoesNotFit) as error:
            wrong.setdefault(f"`{kind_name}` cannot be pinned: {error}", line)
        except OSError as error:
            wrong.setdefault(f"`{kind_name}` cannot be pinned: {error.filename}: {error.strerror}", line)
    for message, line in wrong.items():  # a rollback names the same files again: once is enough
        findings.add("pinned-file", message, Mark(line, 1))
    if findings.failed:
        raise invalid(findings)
    plugins = registry.plugins_of(kind for kind, _, _ in _bodies(loaded))
    content = {
        "source": hashlib.sha256(loaded.source.encode()).hexdigest(),
        "runbook": msgspec.to_builtins(loaded.runbook),
        "files": {name: [file.digest, file.executable] for name, file in files.items()},
        "plugins": plugins,
    }
    document = msgspec.json.encode(content, order="sorted")
    return Pinned(hashlib.sha256(document).hexdigest(), document, loaded.source, dict(sorted(files.items())), plugins)


def lay_out(files: Mapping[str, PinnedFile], target: Path) -> None:
    """Write pinned files below `target`, read-only, all or nothing; what is there and differs is replaced.

    Raises RefusedError for content that does not have its digest, or for a name that leaves the directory.
    """
    for name, file in files.items():
        _refuse_damaged(name, file)
    if _is_laid_out(files, target):
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        tree = made / "new"
        tree.mkdir(mode=0o700)
        for name, file in files.items():
            path = tree / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(_mode(file))
        if target.is_symlink() or target.exists():
            target.rename(made / "old")
        tree.rename(target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


class _Reader:
    """Reads files and directories beside a runbook into `files`, within the limits."""

    def __init__(self, directory: Path, files: dict[str, PinnedFile]) -> None:
        self._directory = directory
        self._files = files
        self._bytes = 0

    def read(self, name: str, *, optional: bool) -> None:
        if optional and refused_name(name) is None and not (self._directory / name).exists():
            return
        start = resolve_inside(self._directory, name)
        for path in _walk(start):
            relative = path.relative_to(self._directory).as_posix()
            if relative not in self._files:
                self._add(relative, path)

    def _add(self, name: str, path: Path) -> None:
        if not name.isprintable() or control_character(name):
            raise BadTree(f"the name {name[:80]!r} holds a character that cannot be shown")
        if len(self._files) >= MOST_FILES:
            raise BadTree(f"there are more than {MOST_FILES} files; name a smaller directory")
        if reason := writable_by_others(path) or writable_by_others(path.parent):
            raise BadTree(f"{name!r} is refused: {reason}; chmod go-w it and its directory")
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            left = MOST_BYTES - self._bytes
            data = file.read(left + 1) if found.st_size <= left else b""
        if found.st_size > left or len(data) > left:
            raise BadTree(f"the files come to more than {MOST_BYTES // 1024 // 1024} MiB at {name!r}")
        self._bytes += len(data)
        executable = bool(found.st_mode & stat.S_IXUSR)
        self._files[name] = PinnedFile(hashlib.sha256(data).hexdigest(), data, executable)


def _walk(start: Path) -> Iterator[Path]:
    """Every regular file of a tree, in a fixed order. Raises BadTree for links, devices and sockets."""
    mode = start.lstat().st_mode
    if stat.S_ISDIR(mode):
        for child in sorted(start.iterdir()):
            if not any(fnmatch(child.name, pattern) for pattern in SKIPPED):
                yield from _walk(child)
    elif stat.S_ISREG(mode):
        yield start
    else:
        what = "a symbolic link" if stat.S_ISLNK(mode) else "neither a file nor a directory"
        raise BadTree(f"{start.name!r} is {what}")


def _bodies(loaded: Loaded) -> Iterator[tuple[str, object, int]]:
    for step in loaded.runbook.steps:
        yield step.kind, step.body, step.line
        undo: Undo | None = step.undo
        if undo is not None and undo.kind is not None:
            yield undo.kind, undo.body, undo.line


def _refuse_damaged(name: str, file: PinnedFile) -> None:
    parts = PurePosixPath(name).parts
    problem = refused_name(name) or (None if parts and parts != (".",) else "the name is empty")
    if hashlib.sha256(file.data).hexdigest() != file.digest:
        problem = "its content does not have the digest under which it was pinned"
    if problem:
        raise RefusedError(
            f"The pinned file {name!r} cannot be laid out: {problem}.",
            unaffected="nothing was written or started",
            mend="run `console verify`: the journal or the disk may be damaged",
        )


def _is_laid_out(files: Mapping[str, PinnedFile], target: Path) -> bool:
    if target.is_symlink() or not target.is_dir():
        return False
    found = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if not path.is_dir()}
    if found.keys() != files.keys():
        return False
    return all(_same(found[name], file) for name, file in files.items())


def _same(path: Path, file: PinnedFile) -> bool:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) != _mode(file):
        return False
    return status.st_size == len(file.data) and path.read_bytes() == file.data


def _mode(file: PinnedFile) -> int:
    return 0o500 if file.executable else 0o400
