"""The names of files and directories beside a runbook that a kind wants pinned."""

from __future__ import annotations

from typing import Any

from console.steps.kind import Kind
from console.steps.trees import BadTree


def names_of(kind: Kind, fitted: Any) -> list[tuple[str, bool]]:
    """Each name with whether it may be missing. Raises BadTree when the kind's own code fails."""
    try:
        names = [str(name) for name in kind.files(fitted)]
    except Exception as error:
        text = f"the kind {kind.name} cannot say which files it needs: {type(error).__name__}: {str(error)[:200]}"
        raise BadTree(text) from error
    return [(name.removesuffix("?"), name.endswith("?")) for name in names]
