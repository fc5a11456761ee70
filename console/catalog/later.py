"""What the language has and this version does not run yet: each is refused by name, never taken for a mistake."""

from __future__ import annotations

from typing import Any

_ADVICE = "leave it out, or wait for a version that has it"

TOP = {
    "secrets": "keep the secret outside, and let the step's own tool read it",
    "finally": "put what must happen at every end into the rollbacks and at the end of the steps",
    "alerts": _ADVICE,
}

_SECRETS = {
    "secret_env": TOP["secrets"],
    "secret_variables": TOP["secrets"],
    "secret_stdin": TOP["secrets"],
}

# Kinds and groups: `ssh` and `http` are refused only while no plugin provides them.
KINDS = {
    "choice": "ask in an approval or a manual step, and jump with then:",
    "switch": "give each of the steps a when:",
    "steps": "write the steps one after the other",
    "parallel": "write the steps one after the other",
    "foreach": "write the steps out, or loop in a shell step",
    "runbook": "write the steps of the other runbook here",
    "secret": TOP["secrets"],
    "ssh": "use a shell step with argv: [ssh, …]",
    "http": "use a shell step with curl",
}

OPTIONS = {
    **_SECRETS,
    "verify": "check in a step of its own with effect: reads and retry:",
    "escalate_to": "name everybody who may answer in from:",
    "on_failure": _ADVICE,
    "at_once": _ADVICE,
    "as": _ADVICE,
}

BODIES = {
    **_SECRETS,
    "escalate_to": OPTIONS["escalate_to"],
    "signal": "wait for a time, or ask a person in a manual step",
    "recheck": "look again in a step of its own after the wait",
}

FOLLOWS = {"steps": "go_to a step further down, or roll back"}


def nested_ids(data: Any) -> set[str]:
    """The ids of all steps inside groups and branches, so that nobody is told they do not exist."""
    found: set[str] = set()
    open_ = [data]
    while open_:
        value = open_.pop()
        if isinstance(value, dict):
            if isinstance(value.get("id"), str):
                found.add(value["id"])
            open_.extend(value.values())
        elif isinstance(value, list):
            open_.extend(value)
    return found
