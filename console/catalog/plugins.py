"""Plugins: folders with a `plugin.toml` and Python code, each loaded under a module name of its own.

A plugin called `ansible` must not shadow the package `ansible`: nothing is added to `sys.path`; the folder becomes the
package `console_plugin_<name>_<digest>`, so that its files may import each other relatively.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import re
import shutil
import sys
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from console.catalog.findings import NOWHERE, Findings
from console.catalog.kind_check import instance_of
from console.catalog.shape import BAD, Shape
from console.catalog.source import Unreadable, read_bytes
from console.catalog.trust import foreign, writable_by_others
from console.steps.kind import API, Kind
from console.steps.trees import BadTree, digest_tree, files_below

MANIFEST = "plugin.toml"
# Tests, documents and runbooks do not change what the kind does, so that editing them stops no run.
_NOT_CODE = ("__pycache__", "tests", "runbooks", "*.md", "*.pyc", ".git")
_PluginName = Annotated[
    str, Meta(pattern="^[a-z][a-z0-9_-]{0,40}$", description="a name of small letters, digits, - and _")
]
_Entry = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*$", description="`module:Class`, such as kind:Terraform"
    ),
]


class Provides(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a plugin adds: kinds by name, each with the class behind it. A need `a|b` is met by either program."""

    kinds: dict[_PluginName, _Entry] = {}
    needs: list[str] = []


class Manifest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The content of `plugin.toml`."""

    name: _PluginName
    version: Annotated[str, Meta(min_length=1, max_length=40)]
    api: int
    summary: str = ""
    provides: Provides = msgspec.field(default_factory=Provides)
    needs: list[str] = []


@dataclass(frozen=True, slots=True)
class Plugin:
    """A loaded plugin. `digest` (SHA-256, hex) covers its code; `missing` are needed programs not on the PATH."""

    name: str
    version: str
    summary: str
    folder: Path
    digest: str
    kinds: tuple[Kind, ...]
    needs: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PluginProblem:
    """A plugin that cannot be used, and why. Nothing else is affected by it."""

    name: str
    folder: Path
    message: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" ({self.mend})" if self.mend else ""
        return f"plugin {self.name} in {self.folder}: {self.message}{mend}"


class PluginFailed(Exception):
    """A plugin cannot be loaded."""

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


def find_plugin_folders(root: Path) -> tuple[list[Path], list[PluginProblem]]:
    """The folders in `root`/plugins that may be plugins; a `plugins` directory that others can write to has none."""
    directory = root / "plugins"
    try:
        if not directory.is_dir():
            return [], []
        if reason := writable_by_others(directory) or foreign(directory):
            mend = f"chmod go-w {directory}"
            return [], [PluginProblem("(all)", directory, f"the directory is refused: {reason}", mend)]
        found = sorted(directory.iterdir())
    except OSError as error:
        return [], [PluginProblem("(all)", directory, f"the directory cannot be read: {error.strerror}")]
    return [path for path in found if path.is_dir() and not path.name.startswith((".", "_"))], []


def load_plugin(folder: Path) -> Plugin:
    """Load one plugin. Raises PluginFailed and nothing else, whatever its code does."""
    folder = folder.resolve()
    try:
        _refuse_writable(folder)
        digest = digest_tree([folder], folder, _NOT_CODE)
        manifest = _read_manifest(folder / MANIFEST)
    except (BadTree, OSError) as error:
        raise PluginFailed(f"its files cannot be used: {error}") from error
    if manifest.api != API:
        raise PluginFailed(f"it is written for version {manifest.api} of the interface, and this is version {API}")
    package = f"console_plugin_{manifest.name.replace('-', '_')}_{digest[:8]}"
    kinds = tuple(_load_kinds(package, folder, manifest))
    needs = tuple(
        dict.fromkeys([*manifest.needs, *manifest.provides.needs, *(n for kind in kinds for n in kind.needs)])
    )
    return Plugin(
        name=manifest.name,
        version=manifest.version,
        summary=manifest.summary,
        folder=folder,
        digest=digest,
        kinds=kinds,
        needs=needs,
        missing=tuple(need for need in needs if not any(map(shutil.which, need.split("|")))),
    )


def _refuse_writable(folder: Path) -> None:
    # Compiled code counts as well: Python would run a __pycache__ that somebody else put there.
    for path in (folder, *(file.parent for file in files_below(folder)), *files_below(folder)):
        if reason := writable_by_others(path) or foreign(path):
            raise PluginFailed(f"{path.name} is refused: {reason}", f"chmod -R go-w {folder}")


def _read_manifest(file: Path) -> Manifest:
    if not file.exists():
        raise PluginFailed(f"there is no {MANIFEST}", "a plugin's folder holds plugin.toml and kind.py")
    try:
        data = tomllib.loads(read_bytes(file, 64 * 1024).decode("utf-8"))
    except (Unreadable, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise PluginFailed(f"{MANIFEST} {error}") from error
    findings = Findings(MANIFEST)
    manifest = Shape(findings, lambda _path: NOWHERE, lambda _path: NOWHERE).fit(data, Manifest, name=MANIFEST)
    if manifest is BAD or findings.failed:
        problems = findings.problems()
        raise PluginFailed("; ".join(problem.message for problem in problems), problems[0].mend)
    assert isinstance(manifest, Manifest)
    return manifest


def _load_kinds(package: str, folder: Path, manifest: Manifest) -> list[Kind]:
    kinds = []
    try:
        _make_package(package, folder)
        for name, entry in manifest.provides.kinds.items():
            module, _, attribute = entry.partition(":")
            found = getattr(importlib.import_module(f"{package}.{module}"), attribute, None)
            if found is None:
                raise PluginFailed(f"{module}.py has no {attribute}", f"see [provides] in {MANIFEST}")
            kinds.append(instance_of(found, name))
    except PluginFailed:
        _forget(package)
        raise
    except (Exception, SystemExit) as error:
        _forget(package)
        raise PluginFailed(_trouble(error, folder)) from error
    return kinds


class _BoundLoader(importlib.machinery.SourceFileLoader):
    """Runs compiled code only where it was made of this very source.

    Python goes by a file's time and size, and both may stay the same when code changes under a new digest.
    """

    def path_stats(self, path: str) -> dict[str, int]:
        data = self.get_data(path)
        return {"mtime": zlib.crc32(data), "size": len(data)}


def _make_package(package: str, folder: Path) -> None:
    if package in sys.modules:
        return
    finder = importlib.machinery.FileFinder(str(folder), (_BoundLoader, importlib.machinery.SOURCE_SUFFIXES))
    sys.path_importer_cache[str(folder)] = finder
    start = folder / "__init__.py"
    if start.exists():
        loader = _BoundLoader(package, str(start))
        spec = importlib.util.spec_from_file_location(
            package, start, loader=loader, submodule_search_locations=[str(folder)]
        )
    else:
        spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[package] = module
    if spec.loader is not None:
        spec.loader.exec_module(module)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]


def _trouble(error: BaseException, folder: Path) -> str:
    """The error in one line, with the place in the plugin's own code where it came up."""
    at = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(str(folder)):
            at = f" in {Path(file).name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    text = re.sub(r"\s+", " ", str(error))[:300]
    return f"its code failed{at}: {type(error).__name__}: {text}"
