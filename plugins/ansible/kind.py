"""The kind `ansible`: check a playbook, run it, and tell what came of it by host."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from console.engine.prepared import ProcessWork
from console.engine.runbook import Step
from console.engine.words import Purpose
from console.steps.driving import driver_command, read_driven
from console.steps.kind import CannotPrepare, CommandLine, Context, Exit, Kind, Place, Problem, Reading, Ready
from console.steps.trees import BadTree, digest_tree, refused_name, resolve_inside

PROGRAM = "CONSOLE_ANSIBLE_PLAYBOOK"
_FOLDER = Path(__file__).resolve().parent
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# What Ansible looks for beside a playbook, and beside an inventory.
_BESIDE_PLAYBOOK = (
    "roles", "tasks", "handlers", "templates", "files", "vars", "library", "module_utils", "filter_plugins",
    "action_plugins", "lookup_plugins", "collections", "group_vars", "host_vars", "ansible.cfg",
)  # fmt: skip
_BESIDE_INVENTORY = ("group_vars", "host_vars")
# Workers end within half a second of a SIGINT; a module in the middle of something may take longer.
_GRACE_MS = 10_000


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The playbook and inventory beside the runbook, the variables, and which hosts and tasks.

    Without an inventory the playbook runs on this host. `extra_files` are pinned beside what Ansible finds by itself.
    `preview: false` is for playbooks that mean nothing in check mode.
    """

    playbook: str
    inventory: str | None = None
    variables: dict[str, Any] = {}
    limit: str | None = None
    tags: list[str] = []
    skip_tags: list[str] = []
    extra_files: list[str] = []
    preview: bool = True


class Ansible(Kind):
    """Runs ansible-playbook through ansible-runner, from the pinned files, with variables that are never templates."""

    name = "ansible"
    keys = ("ansible",)
    literal = frozenset({"playbook", "inventory", "extra_files", "preview"})
    body = Body
    needs = ("ansible-playbook",)
    learns_effect = True

    def expand(self, key: str, raw: object) -> object:
        """`ansible: PLAYBOOK` is short for a playbook on this host."""
        return {"playbook": raw} if isinstance(raw, str) else raw

    def expand_undo(self, raw: object, forward: object) -> object:
        """All but the tags, which belong to their playbook, comes from the forward step where it is not said."""
        own = self.expand("ansible", raw)
        if not isinstance(own, dict) or not isinstance(forward, dict):
            return own
        return {**{key: value for key, value in forward.items() if key not in ("tags", "skip_tags")}, **own}

    def check(self, body: Body, step: Step) -> Iterable[Problem]:
        """Names that cannot be pinned, and choices that could be read as something else."""
        named = [
            (("playbook",), body.playbook),
            *((("extra_files", index), name) for index, name in enumerate(body.extra_files)),
        ]
        if body.inventory is not None:
            named.append((("inventory",), body.inventory))
        for at, name in named:
            if reason := refused_name(name):
                yield Problem(at, reason, "name a file beside the runbook, such as site.yml")
        for name in body.variables:
            if not _VARIABLE.fullmatch(name):
                yield Problem(("variables", name), f"{name!r} is no name of an Ansible variable")
        if body.limit is not None and body.limit.startswith("@"):
            yield Problem(("limit",), "a limit cannot be read from a file", "name hosts or groups")

    def files(self, body: Body) -> tuple[str, ...]:
        """The playbook's own directory, or what Ansible finds beside it; the inventory and what lies beside that."""
        names = [*_with_neighbours(body.playbook, _BESIDE_PLAYBOOK), *body.extra_files]
        if body.inventory is not None:
            names += [body.inventory, *(f"{_beside(body.inventory, name)}?" for name in _BESIDE_INVENTORY)]
        return tuple(dict.fromkeys(names))

    def prepare(self, body: Body, context: Context) -> Ready:
        """Pin files, inventory, variables, choices and versions."""
        return self._ready(body, context, "forward")

    def prepare_undo(self, body: Body, forward: Ready, context: Context) -> Ready:
        """Pin the playbook that undoes."""
        return self._ready(body, context, "undo")

    def command(self, purpose: Purpose, spec: dict[str, Any], place: Place) -> CommandLine | None:
        """The driver, for every purpose but verify."""
        if purpose is Purpose.VERIFY or place.attempt is None:
            return None
        return driver_command(_FOLDER, purpose, spec, place, signals=("SIGINT", "SIGTERM"), grace_ms=_GRACE_MS)

    def read(self, purpose: Purpose, spec: dict[str, Any], ended: Exit, place: Place) -> Reading:
        """What the driver says."""
        return read_driven(purpose, ended, place)

    def _ready(self, body: Body, context: Context, role: str) -> Ready:
        for problem in self.check(body, context.step):
            raise CannotPrepare(f"{problem.message}: {problem.mend}")
        files = context.place.files
        try:
            roots = self._roots(body, files)
            tree = digest_tree([resolve_inside(files, name) for name in roots], files)
        except (BadTree, OSError) as error:
            raise CannotPrepare(f"the playbook cannot be pinned: {error}") from None
        spec: dict[str, Any] = {
            "role": role,
            "playbook": body.playbook,
            "inventory": body.inventory,
            "config": _config(body.playbook, files),
            "variables": body.variables,
            "limit": body.limit,
            "tags": body.tags,
            "skip_tags": body.skip_tags,
            "program": find_program(),
            "env": sorted(context.env),
            "roots": roots,
            "tree": tree,
            "versions": _versions(),
        }
        spec["inputs"] = hashlib.sha256(msgspec.json.encode(spec, order="deterministic")).hexdigest()
        work = ProcessWork(previews=body.preview, discovers=True)
        return Ready(
            work=work, spec=spec, shown=tuple(_shown(body)), bound={"playbook": tree, "inputs": spec["inputs"]}
        )

    def _roots(self, body: Body, files: Path) -> list[str]:
        names = []
        for name in self.files(body):
            plain = name.removesuffix("?")
            if not name.endswith("?") or (files / plain).exists():
                names.append(str(PurePosixPath(plain)))
        return sorted(set(names))


def find_program() -> str:
    """The path of ansible-playbook: $CONSOLE_ANSIBLE_PLAYBOOK, else the one of this Python, else that on the PATH.

    Raises CannotPrepare when there is none.
    """
    if named := os.environ.get(PROGRAM):
        if found := shutil.which(named):
            return str(Path(found).absolute())
        raise CannotPrepare(f"{named!r} is no program that can be run: correct ${PROGRAM}")
    beside = str(Path(sys.executable).parent)
    found = shutil.which("ansible-playbook", path=beside) or shutil.which("ansible-playbook")
    if not found:
        raise CannotPrepare("ansible-playbook is not installed: install ansible-core beside the console")
    return str(Path(found).absolute())


def _with_neighbours(playbook: str, neighbours: tuple[str, ...]) -> list[str]:
    parent = PurePosixPath(playbook).parent
    if str(parent) != ".":
        return [playbook, str(parent)]
    # The runbook's own directory may hold anything, so only what Ansible looks for is taken from it.
    return [playbook, *(f"{name}?" for name in neighbours)]


def _beside(name: str, neighbour: str) -> str:
    return str(PurePosixPath(name).parent / neighbour)


def _config(playbook: str, files: Path) -> str | None:
    name = _beside(playbook, "ansible.cfg")
    return name if (files / name).is_file() else None


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in ("ansible-core", "ansible-runner"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "unknown"
    return versions


def _shown(body: Body) -> list[str]:
    lines = [f"ansible-playbook {body.playbook} on {body.inventory or 'this host'}"]
    chosen = (("limit", body.limit), ("tags", ", ".join(body.tags)), ("skip tags", ", ".join(body.skip_tags)))
    lines += [f"  {name}: {value}" for name, value in chosen if value]
    return lines + [
        f"  {name} = {msgspec.json.encode(value).decode()}" for name, value in sorted(body.variables.items())
    ]
