"""What expressions may name: the parameters, the steps so far, the run, and the operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STEP: dict[str, Any] = {"outputs": {}, "answers": {}, "outcome": None, "state": None}


def names(
    params: Mapping[str, Any],
    steps: Mapping[str, Mapping[str, Any]],
    run: Mapping[str, Any],
    operator: str | None,
) -> dict[str, Any]:
    """The names for `render` and `evaluate_condition`.

    `steps`: id to `outputs`, `answers` (mappings of text, int, bool, None), `outcome` and `state` of the latest visit;
    an absent entry counts as empty. `run`: `number`, `runbook`, `home`, `started_by`, `environment`.
    """
    return {
        "params": dict(params),
        "steps": {step_id: {**_STEP, **step} for step_id, step in steps.items()},
        "run": dict(run),
        "operator": operator,
    }
