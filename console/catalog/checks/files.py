"""Whether what the runbook names beside itself is there and can be pinned."""

from __future__ import annotations

from console.catalog.draft import Body, Draft
from console.catalog.pinned_names import names_of
from console.steps.trees import BadTree, resolve_inside


def check_files(draft: Draft) -> None:
    """Look for each file and directory that a kind wants pinned; a text without a directory has none to look in."""
    if draft.directory is None:
        return
    for step in draft.steps:
        for body in (step.body, step.undo):
            if body is not None and body.sound:
                _check(draft, body)


def _check(draft: Draft, body: Body) -> None:
    assert draft.directory is not None
    reported = {problem.message for problem in draft.findings.problems()}
    try:
        wanted = names_of(body.kind, body.fitted)
    except BadTree as error:
        draft.add("pinned-file", str(error), body.base, "the plugin has a fault")
        return
    for name, optional in wanted:
        try:
            resolve_inside(draft.directory, name)
        except BadTree as error:
            missing = str(error).endswith("is not there")
            if (missing and optional) or any(str(error) in message for message in reported):
                continue
            at = next((path for path, text in _texts(body.data) if text == name), ())
            mend = "name a file or directory beside the runbook"
            draft.add("pinned-file", f"`{body.kind.name}` needs a file: {error}", body.path(at), mend)


def _texts(data: object) -> list[tuple[tuple[str | int, ...], str]]:
    if not isinstance(data, dict):
        return []
    return [((key,), value) for key, value in data.items() if isinstance(value, str)]
