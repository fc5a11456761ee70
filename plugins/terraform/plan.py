"""What a saved plan would do, read from `show -json`: destroys first, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.engine.reports import Change, Preview
from console.engine.words import Effect

# The order in which people should see them.
_ORDER = ("destroy", "replace", "change", "add", "forget", "drift")
_ACTIONS = {
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
    ("update",): "change",
    ("create",): "add",
    ("forget",): "forget",
}
_REASONS = {
    "replace_because_tainted": "its last creation did not finish",
    "replace_because_cannot_update": "it cannot be changed in place",
    "replace_by_request": "somebody asked for it",
    "replace_by_triggers": "something it depends on changes",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_wrong_repetition": "its count or for_each changed",
    "delete_because_count_index": "its count went down",
    "delete_because_each_key": "its key is gone from for_each",
}
_DEPENDENT = "was not created by this run, but depends on what was"
_MOST_NAMES = 6


def read_plan(document: dict[str, Any], digest: str, created: Iterable[str] | None = None) -> Preview:
    """The preview of a plan. With `created`, what is destroyed beside these addresses is named as a dependent."""
    changes = [change for entry in _list(document, "resource_changes") if (change := _change(entry))]
    if created is not None:
        changes = [_with_dependents(change, set(created)) for change in changes]
    drift = [Change(action="drift", target=_address(entry)) for entry in _list(document, "resource_drift")]
    changes = sorted(changes + drift, key=lambda change: (_ORDER.index(change.action), change.target))
    count = {word: sum(change.action == word for change in changes) for word in _ORDER}
    destroyed = count["destroy"] + count["replace"]
    touched = sum(count.values()) - count["drift"]
    return Preview(
        summary=_summary(count, bool(_output_changes(document))),
        digest=digest,
        effect=Effect.DESTROYS if destroyed else Effect.CHANGES if touched else Effect.READS,
        added=count["add"] + count["replace"],
        changed=count["change"] + count["forget"],
        destroyed=destroyed,
        changes=tuple(changes),
    )


def planned_lines(preview: Preview) -> list[str]:
    """What would change, as lines for people."""
    return [_line(change) for change in preview.changes]


def _line(change: Change) -> str:
    return f"  {change.action}: {change.target}" + (f" ({change.detail})" if change.detail else "")


def _change(entry: dict[str, Any]) -> Change | None:
    change = entry.get("change", {})
    word = _ACTIONS.get(tuple(change.get("actions", ())))
    return Change(action=word, target=_address(entry), detail=_detail(word, entry, change)) if word else None


def _detail(word: str, entry: dict[str, Any], change: dict[str, Any]) -> str:
    reason = _REASONS.get(str(entry.get("action_reason", "")), "")
    if word == "replace":
        names = _names(str(path[0]) for path in change.get("replace_paths") or [] if path)
        return ", ".join(part for part in (reason, f"because of {names}" if names else "") if part)
    if word == "change":
        before, after = change.get("before") or {}, change.get("after") or {}
        unknown = {key for key, value in (change.get("after_unknown") or {}).items() if value is True}
        keys = sorted({*before, *after, *unknown})
        return _names(key for key in keys if key in unknown or before.get(key) != after.get(key))
    return reason


def _names(found: Iterable[str]) -> str:
    names = list(dict.fromkeys(found))
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _with_dependents(change: Change, created: set[str]) -> Change:
    if change.action != "destroy" or change.target in created:
        return change
    return Change(action=change.action, target=change.target, detail=_DEPENDENT)


def _summary(count: dict[str, int], outputs_change: bool) -> str:
    parts = [
        (count["destroy"] + count["replace"], "to destroy"),
        (count["change"], "to change"),
        (count["add"] + count["replace"], "to add"),
        (count["forget"], "to forget"),
    ]
    said = ", ".join(f"{number} {words}" for number, words in parts if number)
    said = said or ("no changes to resources; outputs change" if outputs_change else "no changes")
    if count["replace"]:
        said += f" ({count['replace']} replaced)"
    return said + (f"; {count['drift']} changed outside of Terraform" if count["drift"] else "")


def _output_changes(document: dict[str, Any]) -> list[str]:
    found = document.get("output_changes") or {}
    return [name for name, change in found.items() if change.get("actions") != ["no-op"]]


def _address(entry: dict[str, Any]) -> str:
    deposed = f" (deposed {entry['deposed']})" if entry.get("deposed") else ""
    return f"{entry.get('address', '?')}{deposed}"


def _list(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [entry for entry in document.get(key) or [] if isinstance(entry, dict)]
