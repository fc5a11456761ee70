"""A run as a report in Markdown, for a ticket or a review: facts, steps, waiting, and what happened in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from console.protocol import RunView, StepView
from console.view.plain import attempt_facts, date, value_text
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.telling import flat
from console.view.times import elapsed
from console.view.words import run_mark, step_mark

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LONGEST = 300


class _Event(msgspec.Struct, frozen=True):
    seq: int
    type: str
    at: int
    who: dict[str, Any] = {}
    data: dict[str, Any] = {}


def report_lines(run: RunView, events: Sequence[str], notes: dict[str, str]) -> list[str]:
    """The report, line by line. `events` are the exact JSON texts of the journal, `notes` texts by their digest."""
    return [
        f"# Run {run.id}: {escape(run.title)}",
        "",
        *_facts(run),
        "",
        "## Steps",
        "",
        *_steps(run),
        *_details(run),
        "## What happened",
        "",
        "| at (UTC) | who | event | step | what |",
        "|---|---|---|---|---|",
        *(_event(text, notes) for text in events),
    ]


def escape(value: str) -> str:
    """Text from outside as literal text of one line of Markdown."""
    return _SPECIAL.sub(r"\\\1", clean(value, limit=_LONGEST))


def _facts(run: RunView) -> list[str]:
    rows = [
        ("State", f"{run_mark(run.state).word} ({run.state.value})"),
        ("Runbook", escape(run.runbook)),
        ("Definition", run.definition),
        ("Environment", escape(run.environment or "")),
        ("Started", f"{date(run.started_at)} by {escape(run.started_by)}"),
        ("Ended", f"{date(run.ended_at)}, after {elapsed(run.started_at, run.ended_at, 0)}" if run.ended_at else ""),
        ("Purpose", escape(run.purpose or "")),
    ]
    lines = [f"- {name}: {text}" for name, text in rows if text]
    return lines + [f"- Parameter `{escape(name)}`: {escape(value_text(value))}" for name, value in run.params.items()]


def _steps(run: RunView) -> list[str]:
    lines = ["| step | state | kind | took | what |", "|---|---|---|---|---|"]
    for step in flat(run.steps):
        took = elapsed(step.started_at, step.ended_at, 0) if step.ended_at else ""
        mark = step_mark(step.state)
        cells = (
            f"{step.position} {escape(step.path)}",
            f"{mark.word} ({step.state.value})",
            escape(step.kind),
            took,
            escape(step.summary),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _details(run: RunView) -> Iterator[str]:
    for step in flat(run.steps):
        found = list(_detail(step))
        if found:
            yield from (f"### {escape(step.title)} ({escape(step.path)})", "", *found, "")


def _detail(step: StepView) -> Iterator[str]:
    for attempt in step.attempts:
        digest = f", sha256 `{attempt.output_sha256}`" if attempt.output_sha256 else ""
        number = f"{attempt.visit}.{attempt.number} {attempt.purpose.value}"
        yield f"- attempt {number}, {date(attempt.started_at)}: {escape(attempt_facts(attempt))}{digest}"
    if step.digest:
        yield f"- what ran was bound to `{step.digest}`"
    for name, value in step.outputs.items():
        yield f"- output `{escape(name)}`: {escape(value_text(value))}"
    for name, value in step.answers.items():
        yield f"- answer `{escape(name)}`: {escape(value_text(value))}"
    if step.answered_by:
        yield f"- answered by {escape(step.answered_by)}"
    if step.note:
        yield from (f"> {escape(part)}" for part in clean_text(step.note).splitlines())


def _event(text: str, notes: dict[str, str]) -> str:
    try:
        event = msgspec.json.decode(text, type=_Event)
    except msgspec.DecodeError:
        return f"| | | an event of another version | | {escape(text)} |"
    at = _moment(event.at)
    who = str(event.who.get("name", "")) + (" (asserted)" if event.who.get("asserted") else "")
    data = event.data | _ending(event.data.get("report"))
    what = ", ".join(_said(name, value, notes) for name, value in data.items() if _worth_saying(name, value))
    return f"| {at} | {escape(who)} | {escape(event.type)} | {escape(str(event.data.get('path', '')))} | {what} |"


def _worth_saying(name: str, value: Any) -> bool:
    return name != "path" and isinstance(value, str | int | bool) and value not in ("", False)


def _ending(report: Any) -> dict[str, Any]:
    """How an attempt ended, out of the report of its event."""
    known = report if isinstance(report, dict) else {}
    return {name: known[name] for name in ("outcome", "ending", "exit_code", "signal") if known.get(name) is not None}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _said(name: str, value: Any, notes: dict[str, str]) -> str:
    if value is True:
        return f"{escape(name)}: yes"
    if name.endswith("_at") and isinstance(value, int):
        return f"{escape(name)}: {_moment(value)}"
    return f"{escape(name)}: {escape(notes.get(str(value), str(value)))}"
