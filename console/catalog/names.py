"""What expressions may name: the parameters, the steps so far, the run, and the operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_STEP: dict[str, Any] = {"outputs": {}, "answers": {}, "outcome": None, "state": None}


class _Steps(Mapping[str, Mapping[str, Any]]):
    """The steps by id, each completed when it is asked for: most expressions ask for one of a thousand."""

    def __init__(self, steps: Mapping[str, Mapping[str, Any]]) -> None:
        self._steps = steps

    def __getitem__(self, step_id: str) -> Mapping[str, Any]:
        return {**_STEP, **self._steps[step_id]}

    def __contains__(self, step_id: object) -> bool:
        return step_id in self._steps

    def __iter__(self) -> Iterator[str]:
        return iter(self._steps)

    def __len__(self) -> int:
        return len(self._steps)


def names(
    params: Mapping[str, Any],
    steps: Mapping[str, Mapping[str, Any]],
    run: Mapping[str, Any],
    operator: str | None,
) -> dict[str, Any]:
    """The names for `render` and `evaluate_condition`.

    `steps`: id to `outputs`, `answers` (mappings of text, int, bool, None), `outcome` and `state` of the latest visit;
    an absent entry counts as empty. It is not copied, and may be a mapping that looks a step up when it is asked for.
    `run`: `number`, `runbook`, `home`, `started_by`, `environment`.
    """
    return {"params": params, "steps": _Steps(steps), "run": run, "operator": operator}
