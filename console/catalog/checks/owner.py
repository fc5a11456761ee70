"""Whether somebody answers for the runbook."""

from __future__ import annotations

from console.catalog.draft import Draft

_WANTED = {
    "owner": "name the team that keeps it right: `owner: TEAM`",
    "contact": "name who is told when it goes wrong: `contact: CHANNEL OR PERSON`",
}


def check_owner(draft: Draft) -> None:
    """Warn of a missing owner or contact."""
    if draft.runbook is None:
        return
    for key, mend in _WANTED.items():
        if getattr(draft.runbook, key) is None:
            draft.add("owner", f"the runbook names no {key}", (), mend, warning=True)
