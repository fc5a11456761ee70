"""Runbooks, plans and the server as plain lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.engine.runbook import Field
from console.protocol import ProblemView, RunbookList, RunbookView, ServerView, StepPlan
from console.view.plain import date, field_type, table, value_text
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.times import duration
from console.view.words import run_mark


def runbooks_lines(found: RunbookList) -> list[str]:
    """A table of runbooks, and the files that cannot be used."""
    lines = ["No runbooks were found."] if not found.runbooks else []
    if found.runbooks:
        rows = [("RUNBOOK", "RISK", "LAST RUN", "TITLE")]
        for one in found.runbooks:
            last = f"#{one.last_run} {run_mark(one.last_state).word}" if one.last_run and one.last_state else "-"
            rows.append((clean(one.id), one.risk.value, last, clean(one.title)))
        lines = table(rows)
    return lines + problem_lines(found.problems)


def problem_lines(problems: Iterable[ProblemView]) -> list[str]:
    """What is wrong, where, and what mends it."""
    lines: list[str] = []
    for one in problems:
        where = f"{clean(one.where, limit=400)}: " if one.where else ""
        lines.append(f"problem: {where}{clean(one.what, limit=400)}")
        if one.mend:
            lines.append(f"  to mend: {clean(one.mend, limit=400)}")
    return lines


def runbook_lines(book: RunbookView) -> list[str]:
    """One runbook: what it is for, what it takes, what it does."""
    facts = [
        ("purpose", book.summary.purpose),
        ("do not use", book.when_not),
        ("owner", book.summary.owner),
        ("contact", book.contact),
        ("environment", book.summary.environment),
        ("risk", book.summary.risk.value),
        ("file", book.summary.source),
        ("rollback", "goes on by itself, without asking" if book.unattended_rollback else None),
        ("process", book.verdict),
    ]
    lines = [f"{clean(book.summary.id)}: {clean(book.summary.title)}"]
    lines += [f"  {name:<12}{clean(text, limit=400)}" for name, text in facts if text]
    if book.parameters:
        lines += ["", "Parameters (-p NAME=VALUE)"]
        lines += [f"  {line}" for line in table([_parameter(*one) for one in book.parameters.items()])]
    lines += ["", "Steps", *plan_lines(book.steps)]
    lines += [f"warning: {clean(warning, limit=400)}" for warning in book.warnings]
    return [*lines, "", f"Start it: console run {clean(book.summary.id)}{_required(book.parameters)}"]


def _parameter(name: str, field: Field) -> tuple[str, str, str, str]:
    if field.default is not None:
        default = f"default {value_text(field.default)}"
    else:
        default = "optional" if field.optional else "required"
    return (clean(name), field_type(field), default, clean(field.help or ""))


def _required(parameters: dict[str, Field]) -> str:
    names = [name for name, field in parameters.items() if field.default is None and not field.optional]
    return "".join(f" -p {clean(name)}=..." for name in names)


def plan_lines(steps: Sequence[StepPlan]) -> list[str]:
    """The steps of a runbook as they stand before a run: what each would run, who approves, how it is undone."""
    lines: list[str] = []
    for number, step in enumerate(steps, 1):
        lines.append(f"  {number:>3} {clean(step.id)}  {clean(step.kind)}, {step.effect.value}  {clean(step.title)}")
        if step.when:
            lines.append(f"        only when {clean(step.when)}")
        for text in step.shown:
            lines += [f"        | {part}" for part in clean_text(text).splitlines()]
        if step.approval is not None:
            lines.append(f"        approved by {', '.join(clean(name) for name in step.approval) or 'anybody'}")
        lines += [f"        if {clean(follow)}" for follow in step.follows]
        if step.undo:
            lines.append(f"        {clean(step.undo)}")
    return lines


def server_lines(server: ServerView) -> list[str]:
    """How the server stands."""
    rows = [
        ("home", clean(server.home, limit=400)),
        ("process", f"{server.pid}, version {clean(server.version)}, up {duration(server.uptime_ms / 1000)}"),
        ("socket", clean(server.socket)),
        ("started", date(server.started_at)),
        ("clients", str(server.clients)),
        ("open runs", f"{server.runs_open}, {server.attempts_running} processes running"),
        ("journal", f"{server.journal_events} events"),
        ("memory", f"{server.memory_kb // 1024} MB"),
        ("access", "unprotected: you own the journal" if server.unprotected else "protected by an access file"),
    ]
    return [*(f"{name:<10}  {text}" for name, text in rows), *problem_lines(server.problems)]
