"""What is handed from the kind to its driver."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from console.engine.words import Purpose


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What was pinned when the step was prepared.

    `roots` are the names beside the runbook that decide what runs, `tree` is their digest, and `inputs` the digest
    of everything: files, inventory, variables, choices and versions.
    """

    role: Literal["forward", "undo"]
    playbook: str
    inventory: str | None
    config: str | None
    variables: dict[str, Any]
    limit: str | None
    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    program: str
    env: tuple[str, ...]
    roots: tuple[str, ...]
    tree: str
    inputs: str
    versions: dict[str, str]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The driver's standard input."""

    purpose: Purpose
    spec: Spec
    files: str
    work: str
    state: str
    attempt: str
    preview: str | None = None
