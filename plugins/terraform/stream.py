"""Terraform's JSON stream: what it says happened, and the lines that people read meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from console.engine.reports import Value

Event = dict[str, Any]
_SILENT = frozenset({"version", "outputs", "planned_change", "change_summary", "resource_drift", "log"})
_LONGEST_TEXT = 4_000


class Tally:
    """What a stream said, by address. A thing that started and neither completed nor errored is doubtful."""

    def __init__(self) -> None:
        self.planned: dict[str, str] = {}
        self.started: dict[str, str] = {}
        self.completed: dict[str, str] = {}
        self.errored: set[str] = set()
        self.provisioning: set[str] = set()
        self.errors: list[str] = []
        self.titles: list[str] = []
        self.outputs: dict[str, Any] = {}
        self.finished = False

    def hear(self, event: Event) -> None:
        """Take one event into account; unknown ones are ignored."""
        kind = event.get("type")
        hook = _mapping(event, "hook")
        address = str(_mapping(hook, "resource").get("addr", ""))
        action = str(hook.get("action", ""))
        if kind == "planned_change":
            change = _mapping(event, "change")
            self.planned[str(_mapping(change, "resource").get("addr", ""))] = str(change.get("action", ""))
        elif kind == "apply_start":
            self.started[address] = action
            self.completed.pop(address, None)
        elif kind == "apply_complete":
            self.completed[address] = action
        elif kind == "apply_errored":
            self.errored.add(address)
        elif kind == "provision_start":
            self.provisioning.add(address)
        elif kind in ("provision_complete", "provision_errored"):
            self.provisioning.discard(address)
        elif kind == "outputs":
            self.outputs = dict(_mapping(event, "outputs"))
        elif kind == "change_summary":
            self.finished = self.finished or _mapping(event, "changes").get("operation") in ("apply", "destroy")
        elif kind == "diagnostic":
            self._diagnostic(_mapping(event, "diagnostic"))

    def _diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        if diagnostic.get("severity") == "error":
            self.titles.append(str(diagnostic.get("summary", "")))
            self.errors.append(describe(diagnostic))

    @property
    def doubtful(self) -> list[str]:
        """Addresses whose end the stream does not tell."""
        ended = self.completed.keys() | self.errored
        return sorted({address for address in self.started if address not in ended} | self.provisioning - self.errored)

    @property
    def created(self) -> list[str]:
        """Addresses that were created, as far as the stream goes; those in doubt count as created."""
        made = {address for address, action in self.started.items() if action in ("create", "replace")}
        return sorted(made | self.provisioning)


def parse(line: bytes) -> Event | None:
    """The event of a line, or None: Terraform and its providers also print plain text."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def listener(tally: Tally, say: Callable[[str], None]) -> Callable[[bytes], None]:
    """Hears the lines of a stream: counts events and says the ones that people want to see."""

    def heard(line: bytes) -> None:
        event = parse(line)
        if event is not None:
            tally.hear(event)
        text = line_for_people(event) if event is not None else line.decode("utf-8", "replace").rstrip()
        if text:
            say(text)

    return heard


def replay(record: Path) -> Tally:
    """The tally of a recorded stream; a torn last line is left out, a missing record is an empty one."""
    tally = Tally()
    try:
        with record.open("rb") as lines:
            for line in lines:
                event = parse(line)
                if event is not None:
                    tally.hear(event)
    except FileNotFoundError:
        pass
    return tally


def line_for_people(event: Event) -> str:
    """The line of an event, or an empty text where it is no news."""
    kind = event.get("type")
    if kind in _SILENT:
        return ""
    if kind == "diagnostic":
        diagnostic = _mapping(event, "diagnostic")
        return f"{str(diagnostic.get('severity', 'note')).capitalize()}: {describe(diagnostic)}"
    return str(event.get("@message", ""))[:_LONGEST_TEXT]


def describe(diagnostic: Mapping[str, Any]) -> str:
    """What a diagnostic says, and where: summary, detail, address, file and line."""
    where = _mapping(diagnostic, "range")
    line = _mapping(where, "start").get("line")
    places = [str(diagnostic["address"])] if diagnostic.get("address") else []
    places += [f"{where['filename']} line {line}"] if where.get("filename") else []
    text = ": ".join(str(diagnostic[part]).strip() for part in ("summary", "detail") if diagnostic.get(part))
    return (text + (f" ({', '.join(places)})" if places else ""))[:_LONGEST_TEXT]


def plain_outputs(found: Mapping[str, Any]) -> tuple[dict[str, Value], list[str]]:
    """The outputs that may be known, and the names of the sensitive ones. What is no plain value becomes JSON text."""
    outputs: dict[str, Value] = {}
    sensitive: list[str] = []
    for name, output in sorted(found.items()):
        if not isinstance(output, dict):
            continue
        if output.get("sensitive"):
            sensitive.append(name)
        elif "value" in output:
            outputs[name] = plain(output["value"])
    return outputs, sensitive


def plain(value: Any) -> Value:
    """A value that an event may carry: text, integer, boolean or null; anything else as JSON text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _mapping(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}
