"""`console check`: everything that is wrong with files, and what kind of process each is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from console.catalog.finding import SUFFIXES
from console.catalog.load import Loaded, load_file
from console.catalog.registry import Registry
from console.catalog.shellcheck import shellcheck
from console.catalog.verdict import Verdict, judge, risk
from console.engine.problem import Problem, Severity
from console.engine.words import Effect
from console.errors import InvalidRunbook, NotFoundError


@dataclass(frozen=True, slots=True)
class Checked:
    """One checked file; `loaded`, `verdict` and `risk` are None where it has errors."""

    path: Path
    problems: tuple[Problem, ...]
    loaded: Loaded | None = None
    verdict: Verdict | None = None
    risk: Effect | None = None

    @property
    def errors(self) -> int:
        """How many of the problems keep it from running."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)


def check_file(path: Path, registry: Registry) -> Checked:
    """Check one file, with shellcheck where it is installed. Raises nothing for what the file says."""
    try:
        loaded = load_file(path, registry)
    except InvalidRunbook as error:
        return Checked(path, tuple(error.problems))
    problems = (*loaded.warnings, *shellcheck(loaded))
    return Checked(path, problems, loaded, judge(loaded.runbook, registry), risk(loaded.runbook, registry))


def check_paths(paths: Iterable[Path], registry: Registry) -> tuple[Checked, ...]:
    """Check files, and of directories the runbooks in them and in their `runbooks/`.

    Raises NotFoundError for a path that does not exist, and for a directory without runbooks.
    """
    return tuple(check_file(file, registry) for path in paths for file in _expand(path))


def _expand(path: Path) -> list[Path]:
    if not path.exists():
        raise NotFoundError(f"There is no {path}.", mend="name runbook files or directories that hold some")
    if not path.is_dir():
        return [path]
    directories = (path, path / "runbooks")
    files = [
        file
        for directory in directories
        if directory.is_dir()
        for file in sorted(directory.iterdir())
        if file.suffix in SUFFIXES and file.is_file()
    ]
    if not files:
        raise NotFoundError(f"There are no runbooks in {path}.", mend="runbooks are files ending in .yaml or .yml")
    return files
