"""What a play came to: by host and task, as far as its events tell."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from console.engine.reports import Change, Value

from .events import Note

_MOST_CHANGES = 500
_SETUP = ("Gathering Facts", "gather_facts", "setup")


class Tally:
    """Counts notes. `stats` is there only when the play came to its end, in whatever way."""

    def __init__(self, notes: Iterable[Note] = ()) -> None:
        self.changes: list[Change] = []
        self.unpredicted: list[str] = []
        self.failed: dict[str, str] = {}
        self.unreachable: dict[str, str] = {}
        self.running: dict[str, str] = {}
        self.ended: dict[str, list[str]] = {}
        self.diffs: dict[tuple[str, str], str] = {}
        self.errors: list[str] = []
        self.empty_plays: list[str] = []
        self.stats: dict[str, Any] | None = None
        for found in notes:
            self.hear(found)

    def hear(self, found: Note) -> None:
        """Take one note into account."""
        if found.what == "start":
            self.running[found.host] = found.task
        elif found.what in ("ok", "failed", "unreachable", "skipped"):
            self._host_ended(found)
        elif found.what in ("item", "item skipped"):
            self._note_unpredicted(found)
        elif found.what == "diff":
            self.diffs[found.host, found.task] = _file_of(found.text)
        elif found.what == "nobody":
            self.empty_plays.append(found.task)
        elif found.what in ("error", "text"):
            self.errors.append(found.text)
        elif found.what == "stats":
            self.stats = found.stats

    def _host_ended(self, found: Note) -> None:
        self.running.pop(found.host, None)
        self.ended.setdefault(found.host, []).append(found.task)
        place = f"{found.host}: {found.task}"
        if found.what == "failed" and not found.ignored:
            self.failed[found.host] = f"{found.task}: {_first_line(found.text)}"
            self.changes.append(Change(action="failed", target=place, detail=_first_line(found.text)))
        elif found.what == "unreachable":
            self.unreachable[found.host] = _first_line(found.text)
            self.changes.append(Change(action="unreachable", target=place, detail=_first_line(found.text)))
        elif found.changed:
            detail = self.diffs.pop((found.host, found.task), "")
            self.changes.append(Change(action="change", target=place, detail=detail))
        self._note_unpredicted(found)

    def _note_unpredicted(self, found: Note) -> None:
        if found.unpredicted and found.task not in self.unpredicted:
            self.unpredicted.append(found.task)

    @property
    def began(self) -> bool:
        """Whether any task was started on any host."""
        return bool(self.running or self.ended)

    @property
    def changed(self) -> int:
        """How often a task changed a host, or would."""
        return sum(change.action == "change" for change in self.changes)

    def count(self, name: str, host: str) -> int:
        """A number of the recap, such as `ok` or `changed`, for a host."""
        return int(((self.stats or {}).get(name) or {}).get(host, 0))

    @property
    def hosts(self) -> list[str]:
        """The hosts that the play dealt with, by name."""
        return sorted((self.stats or {}).get("processed") or {})

    @property
    def broken(self) -> dict[str, str]:
        """Hosts on which the play failed, with the reason; rescued and ignored failures do not count."""
        return {host: self.failed.get(host, "failed") for host in self.hosts if self.count("failures", host)}

    @property
    def lost(self) -> dict[str, str]:
        """Hosts that could not be reached, with the reason."""
        return {host: self.unreachable.get(host, "") for host in self.hosts if self.count("dark", host)}

    def kept_changes(self) -> tuple[Change, ...]:
        """The changes, failures first, at most 500 of them, the rest counted."""
        ordered = sorted(self.changes, key=lambda change: change.action == "change")
        more = len(ordered) - _MOST_CHANGES
        rest = [Change(action="more", target=f"and {more} more")] if more > 0 else []
        return (*ordered[:_MOST_CHANGES], *rest)

    def outputs(self) -> dict[str, Value]:
        """What `set_stats` said; lists and maps as JSON text."""
        return {str(name): _plain(value) for name, value in ((self.stats or {}).get("artifact_data") or {}).items()}

    def recap(self) -> list[str]:
        """One line for each host."""
        words = (
            ("ok", "ok"),
            ("changed", "changed"),
            ("failures", "failed"),
            ("dark", "unreachable"),
            ("skipped", "skipped"),
        )
        return [
            f"{host}: "
            + ", ".join(f"{self.count(name, host)} {word}" for name, word in words if self.count(name, host))
            for host in self.hosts
        ]


def is_setup(task: str) -> bool:
    """Whether a task only gathers facts."""
    return task in _SETUP


def _plain(value: Any) -> Value:
    if value is None or isinstance(value, str | bool | int):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _first_line(text: str) -> str:
    return next((line.strip()[:300] for line in text.splitlines() if line.strip()), "")


def _file_of(diff: str) -> str:
    header = next((line for line in diff.splitlines() if line.startswith("+++ ")), "")
    return header.removeprefix("+++ ").removeprefix("after: ").removeprefix("after").strip()[:300]
