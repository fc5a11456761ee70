"""What the kinds themselves say about their bodies."""

from __future__ import annotations

from console.catalog.draft import Body, Draft, DraftStep
from console.engine.runbook import Step


def check_kinds(draft: Draft) -> None:
    """Ask each step's kind about its body, and about the body of its rollback."""
    for found in draft.steps:
        said: set[str] = set()
        for body in (found.body, found.undo):
            if body is not None and body.sound:
                _ask(draft, found, body, said)


def _ask(draft: Draft, found: DraftStep, body: Body, said: set[str]) -> None:
    step = found.step or Step(id=found.id, kind=body.kind.name, body=body.data)
    try:
        problems = list(body.kind.check(body.fitted, step))
    except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
        message = f"the kind {body.kind.name} cannot check this: {type(error).__name__}: {str(error)[:200]}"
        draft.add("kind", message, body.base, "the plugin has a fault")
        return
    for problem in problems:
        # What a rollback took over from the forward step is said once, where it stands.
        if body is found.undo and problem.message in said:
            continue
        said.add(problem.message)
        draft.add("kind", problem.message, body.path(problem.at), problem.mend, warning=problem.warning)
