"""What ansible-runner's events say, cut down to what is kept, counted and shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec

_LONGEST = 2_000
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\r")
_NOISE = re.compile(r"Using \S.* as config file$")
_DECIDED = ("Conditional result was False", "No items in the list")
_PRETENDED = "if not in check mode"
_ALL_ITEMS = "All items skipped"


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event: `what` it tells (a word of `_WHAT`), of which task on which host, and what people should read."""

    what: str
    task: str = ""
    host: str = ""
    changed: bool = False
    ignored: bool = False
    unpredicted: bool = False
    text: str = ""
    stats: dict[str, Any] = {}


_WHAT = {
    "playbook_on_play_start": "play",
    "playbook_on_task_start": "task",
    "playbook_on_cleanup_task_start": "task",
    "playbook_on_handler_task_start": "task",
    "runner_on_start": "start",
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_async_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
    "runner_item_on_ok": "item",
    "runner_item_on_failed": "item",
    "runner_item_on_skipped": "item skipped",
    "runner_on_file_diff": "diff",
    "playbook_on_no_hosts_matched": "nobody",
    "playbook_on_no_hosts_remaining": "nobody left",
    "playbook_on_stats": "stats",
    "error": "error",
    "verbose": "text",
    "warning": "warning",
    "deprecated": "warning",
    "system_warning": "warning",
}


def note(event: dict[str, Any], checking: bool) -> Note | None:
    """The note of an event, or None for one that tells nothing new."""
    what = _WHAT.get(str(event.get("event")))
    data = event.get("event_data") or {}
    if what is None:
        return None
    result = data.get("res") or {}
    said = _CONTROL.sub("", str(event.get("stdout") or ""))
    return Note(
        what=what,
        task=str(data.get("task") or data.get("play") or "")[:300],
        host=str(data.get("host") or "")[:300],
        changed=bool(result.get("changed")),
        ignored=bool(data.get("ignore_errors")),
        unpredicted=checking and _is_unpredicted(what, result, said),
        text=_text(what, result, said)[:_LONGEST],
        stats=_stats(data) if what == "stats" else {},
    )


def lines_for_people(found: Note, checking: bool) -> list[str]:
    """The lines of a note: play, task, host, result. What failed says why; what is no news has none."""
    detail = [f"      {line}" for line in found.text.splitlines()]
    if found.what == "play":
        return [f"PLAY {found.task}"]
    if found.what == "task":
        return [f"  TASK {found.task}"]
    if found.what == "ok":
        word = ("would change" if checking else "changed") if found.changed else "ok"
        word = "cannot be predicted" if found.unpredicted else word
        return [f"    {word}: {found.host}", *detail]
    if found.what == "skipped":
        return [f"    {'cannot be predicted' if found.unpredicted else 'skipped'}: {found.host}"]
    if found.what in ("failed", "unreachable"):
        return [f"    {found.what}{' (ignored)' if found.ignored else ''}: {found.host}", *detail]
    if found.what == "nobody":
        return ["    no host matches this play"]
    if found.what in ("diff", "error", "text", "warning"):
        return [line for line in found.text.splitlines() if line.strip() and not _NOISE.match(line)]
    return []


def replay(record: Path) -> list[Note]:
    """The notes of a record; a torn last line is left out, a missing record has none."""
    notes = []
    try:
        with record.open("rb") as lines:
            for line in lines:
                try:
                    notes.append(msgspec.json.decode(line, type=Note))
                except msgspec.MsgspecError:
                    continue
    except FileNotFoundError:
        pass
    return notes


def _is_unpredicted(what: str, result: dict[str, Any], said: str) -> bool:
    """In check mode a skipped task is a prediction only where a condition or an empty list decided it."""
    if what in ("ok", "item"):
        # With `creates` or `removes` a command is not skipped; `changed_when` then judged an output it never had.
        return _PRETENDED in str(result.get("msg")) and not result.get("changed")
    if what not in ("skipped", "item skipped"):
        return False
    found = result or _printed_result(said)
    if found.get("msg") == _ALL_ITEMS:
        return False
    condition = found.get("false_condition")
    reason = found.get("skip_reason") or found.get("skipped_reason")
    decided = condition is not None or reason in _DECIDED
    return not decided or "check_mode" in str(condition)


def _printed_result(said: str) -> dict[str, Any]:
    """The result of a skipped task, which the event itself does not carry: it is printed with -v."""
    try:
        found = json.loads(said.partition("=> ")[2])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(what: str, result: dict[str, Any], said: str) -> str:
    if what in ("failed", "unreachable"):
        streams = (str(result.get(name) or "").strip() for name in ("stderr", "stdout"))
        parts = [str(result.get("msg") or "").strip(), *streams]
        return "\n".join(dict.fromkeys(part for part in parts if part))
    if what == "ok":
        return str(result["msg"]) if result.get("_ansible_verbose_always") and "msg" in result else ""
    return said if what in ("diff", "error", "text", "warning") else ""


def _stats(data: dict[str, Any]) -> dict[str, Any]:
    names = ("ok", "changed", "failures", "dark", "skipped", "ignored", "rescued", "processed", "artifact_data")
    # Through JSON, so that what is kept and what is counted are the same.
    found: dict[str, Any] = json.loads(json.dumps({name: data.get(name) or {} for name in names}, default=str))
    return found
