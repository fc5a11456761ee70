"""The state's identity, and the configuration that was last applied to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec

from console.steps.driving import write_whole
from console.steps.trees import copy_tree

from .backend import OVERRIDE

STATE = "terraform.tfstate"
# What a checkout may hold beside a configuration and a run must not take over.
IGNORED = (
    ".terraform",
    ".git",
    "__pycache__",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "errored.tfstate",
    OVERRIDE,
)
_POINTER = "applied.json"


class Identity(msgspec.Struct, frozen=True):
    """Which state it is, and which version of it; a state that is not there yet has no lineage and serial 0."""

    lineage: str = ""
    serial: int = 0


class Applied(msgspec.Struct, frozen=True):
    """The configuration and variables of the last successful apply: their digest, and when (ms UTC)."""

    digest: str
    at: int


def identity(data: bytes) -> Identity:
    """The identity in a state's JSON; of an empty one that of no state. Raises ValueError when it is no state."""
    if not data.strip():
        return Identity()
    document = json.loads(data)
    if not isinstance(document, dict) or not isinstance(document.get("serial"), int):
        raise ValueError("this is no Terraform state")
    return Identity(str(document.get("lineage", "")), document["serial"])


def read_applied(state: Path) -> Applied | None:
    """What was last applied, or None where nothing was, or where its configuration is gone."""
    try:
        applied = msgspec.json.decode((state / _POINTER).read_bytes(), type=Applied)
    except (OSError, msgspec.MsgspecError):
        return None
    return applied if module_of(state, applied.digest).is_dir() else None


def module_of(state: Path, digest: str) -> Path:
    """Where the configuration of an apply is kept."""
    return state / "applied" / digest / "module"


def variables_of(state: Path, digest: str) -> dict[str, Any]:
    """The variables of an apply. Raises OSError or ValueError where they cannot be read."""
    found: dict[str, Any] = json.loads((state / "applied" / digest / "variables.json").read_bytes())
    return found


def keep_applied(state: Path, applied: Applied, module: Path, variables: dict[str, Any]) -> None:
    """Keep configuration and variables, then point at them: whole, or not at all."""
    target = state / "applied" / applied.digest
    if not target.is_dir():
        draft = state / "applied" / f".{applied.digest}"
        shutil.rmtree(draft, ignore_errors=True)
        copy_tree(module, draft / "module", IGNORED)
        write_whole(draft / "variables.json", json.dumps(variables, ensure_ascii=False).encode())
        draft.rename(target)
    point_at(state, applied)


def point_at(state: Path, applied: Applied | None) -> None:
    """Say which configuration the state now has; None for none."""
    if applied is None:
        (state / _POINTER).unlink(missing_ok=True)
    else:
        write_whole(state / _POINTER, msgspec.json.encode(applied))
