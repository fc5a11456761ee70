"""Finding runbooks on the search path, by id or by path."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.catalog.findings import Findings, listed, nearest
from console.catalog.load import Loaded, load_file
from console.catalog.registry import Registry
from console.catalog.trust import writable_by_others
from console.engine.problem import Problem
from console.engine.runbook import Runbook
from console.errors import InvalidRunbook, NotFoundError

SUFFIXES = (".yaml", ".yml")
MOST_IN_A_DIRECTORY = 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the catalogue. `id` falls back to the file's name and `runbook` is None where it cannot be read."""

    id: str
    title: str
    path: Path
    runbook: Runbook | None
    problems: tuple[Problem, ...]

    @property
    def usable(self) -> bool:
        """Whether it can be started."""
        return self.runbook is not None


class Catalogue:
    """The runbooks in each root's `runbooks/` and in the plugins' own. Files that did not change are not read again."""

    def __init__(self, roots: Iterable[Path], registry: Registry) -> None:
        self.roots = tuple(roots)
        self.registry = registry
        self.problems: tuple[Problem, ...] = ()
        self._cache: dict[Path, tuple[tuple[int, ...], Entry]] = {}
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """Every runbook file, usable or not, by id. One that fails takes no other down; `problems` has the rest.

        What a runbook names beside itself is looked at when the file changes, and again when it is found by `find`.
        """
        with self._lock:
            return self._entries()

    def _entries(self) -> tuple[Entry, ...]:
        findings = Findings("")
        found: list[Entry] = []
        seen: set[Path] = set()
        for directory in self._directories():
            for path in _files(directory, findings):
                if path not in seen:
                    seen.add(path)
                    found.append(self._entry(path))
        self._cache = {path: kept for path, kept in self._cache.items() if path in seen}
        _report_duplicates(found, findings)
        self.problems = findings.problems()
        return tuple(sorted(found, key=lambda entry: (entry.id, str(entry.path))))

    def find(self, name: str | Path) -> Loaded:
        """The runbook of that id, or in that file (a path, or a text with `/` or a suffix of YAML), freshly loaded.

        Raises NotFoundError, or InvalidRunbook with every problem; an id that two files claim belongs to neither.
        """
        if isinstance(name, Path) or "/" in name or name.endswith(SUFFIXES):
            path = Path(name).absolute()
            if not path.exists():
                raise NotFoundError(f"There is no file {path}.", mend="name a runbook's id or an existing file")
            return load_file(path, self.registry)
        entries = self.entries()
        claiming = [entry for entry in entries if entry.id == name]
        if not claiming:
            known = [entry.id for entry in entries]
            mend = nearest(name, known) or f"there are {listed(known) or 'no runbooks'}"
            raise NotFoundError(f"There is no runbook {name[:80]!r}.", where=self._where(), mend=mend)
        if len(claiming) > 1:
            problems = [problem for problem in self.problems if problem.code == "duplicate-id"]
            raise InvalidRunbook(
                f"{len(claiming)} files claim to be the runbook {name!r}.",
                problems=problems,
                unaffected="nothing was started",
                mend="rename one of them, or name the file instead of the id",
            )
        return load_file(claiming[0].path, self.registry)

    def _where(self) -> str:
        return "looked in " + (listed(map(str, self._directories())) or "no directory")

    def _directories(self) -> list[Path]:
        directories = [root / "runbooks" for root in self.roots]
        directories += [plugin.folder / "runbooks" for plugin in self.registry.plugins]
        return [directory for directory in dict.fromkeys(directories) if directory.is_dir()]

    def _entry(self, path: Path) -> Entry:
        stamp = _stamp(path)
        kept = self._cache.get(path)
        if kept is not None and stamp is not None and kept[0] == stamp:
            return kept[1]
        entry = _read(path, self.registry)
        if stamp is not None:
            self._cache[path] = (stamp, entry)
        return entry


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)


def _read(path: Path, registry: Registry) -> Entry:
    try:
        loaded = load_file(path, registry)
    except InvalidRunbook as error:
        return Entry(path.stem, path.name, path, None, tuple(error.problems))
    return Entry(loaded.runbook.id, loaded.runbook.title, path, loaded.runbook, loaded.warnings)


def _files(directory: Path, findings: Findings) -> list[Path]:
    try:
        if reason := writable_by_others(directory):
            mend = f"chmod go-w {directory}"
            findings.add("writable", f"the runbooks in {directory} are refused: {reason}", mend=mend)
            return []
        paths = [path for path in directory.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")]
    except OSError as error:
        findings.add("unreadable", f"the directory {directory} cannot be read: {error.strerror}")
        return []
    if len(paths) > MOST_IN_A_DIRECTORY:
        message = f"{directory} holds {len(paths)} runbooks, and only the first {MOST_IN_A_DIRECTORY} are read"
        findings.add("too-many", message, mend="divide them over several directories")
    return sorted(paths)[:MOST_IN_A_DIRECTORY]


def _report_duplicates(entries: list[Entry], findings: Findings) -> None:
    claims: dict[str, list[Path]] = {}
    for entry in entries:
        if entry.usable:
            claims.setdefault(entry.id, []).append(entry.path)
    for name, paths in claims.items():
        if len(paths) > 1:
            message = f"the id {name!r} is claimed by {listed(map(str, paths))}"
            findings.add("duplicate-id", message, mend="rename one of them")
