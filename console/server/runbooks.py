"""Runbooks for clients: lists, plans before a start, and the start itself with everything it pins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from console import protocol as p
from console.catalog.expressions import CannotRender, render
from console.catalog.form import parse_parameters
from console.catalog.load import Loaded
from console.catalog.names import names as names_of
from console.catalog.pin import Pinned, pin
from console.catalog.verdict import judge
from console.engine import commands as c
from console.engine.commands import Actor
from console.engine.problem import Problem
from console.engine.reports import Value
from console.engine.run import Run
from console.engine.runbook import Step, UndoForm
from console.engine.words import Effect, RunState
from console.errors import ConsoleError, RefusedError
from console.journal import Definition, define
from console.server.consequences import follow_lines
from console.server.host import Host
from console.server.identity import verdict_for
from console.server.rendering import EXECUTABLE, PLAIN
from console.server.turns import Extras
from console.server.views import plugin_problems

_WEIGHT = {Effect.READS: 0, Effect.CHANGES: 1, Effect.DESTROYS: 2}


async def list_all(host: Host, ask: p.ListRunbooks, who: Actor) -> p.RunbookList:
    """All runbooks, and the files and plugins that could not be loaded."""
    entries = await asyncio.to_thread(host.catalogue.entries)
    rows = host.reader.runs(limit=1_000)
    last = {row.runbook: row for row in reversed(rows)}
    summaries: list[p.RunbookSummary] = []
    problems = plugin_problems(host.registry.problems)
    problems += [p.ProblemView(what=one.message, where=one.place, mend=one.mend) for one in host.catalogue.problems]
    for entry in entries:
        if entry.runbook is None:
            problems += [_problem(one, entry.path) for one in entry.problems[:5]]
            continue
        row = last.get(entry.runbook.id)
        summaries.append(
            p.RunbookSummary(
                id=entry.runbook.id,
                title=entry.runbook.title,
                source=str(entry.path),
                risk=_risk(host, entry.runbook.steps),
                purpose=entry.runbook.purpose,
                owner=entry.runbook.owner,
                tags=entry.runbook.tags,
                environment=entry.runbook.environment,
                last_run=row.id if row else None,
                last_state=RunState(row.state) if row else None,
                last_at=p.iso(row.started_at) if row else None,
            )
        )
    summaries.sort(key=lambda one: one.id)
    return p.RunbookList(runbooks=tuple(summaries), problems=tuple(problems))


def _problem(one: Problem, path: Path) -> p.ProblemView:
    place = f"{one.file or path}:{one.line}:{one.column}" if one.line else one.file or str(path)
    return p.ProblemView(what=one.message, where=place, mend=one.mend)


def _risk(host: Host, steps: tuple[Step, ...]) -> Effect:
    return max((_effect(host, step) for step in steps), key=_WEIGHT.__getitem__, default=Effect.READS)


def _effect(host: Host, step: Step) -> Effect:
    return step.effect or host.registry.kind(step.kind).effect


async def show(host: Host, ask: p.ShowRunbook, who: Actor) -> p.RunbookView:
    """One runbook, with its steps as written."""
    loaded = await asyncio.to_thread(host.catalogue.find, ask.runbook)
    book = loaded.runbook
    verdict = judge(book, host.registry)
    listing = await list_all(host, p.ListRunbooks(), who)
    summary = next((one for one in listing.runbooks if one.source == str(loaded.path)), None)
    if summary is None:
        summary = p.RunbookSummary(
            id=book.id,
            title=book.title,
            source=str(loaded.path),
            risk=_risk(host, book.steps),
            purpose=book.purpose,
            owner=book.owner,
            tags=book.tags,
            environment=book.environment,
        )
    return p.RunbookView(
        summary=summary,
        parameters=book.parameters,
        steps=tuple(_step_plan(host, step, None) for step in book.steps),
        when_not=book.when_not,
        contact=book.contact,
        unattended_rollback=book.unattended_rollback,
        verdict=str(verdict),
        warnings=tuple(one.message for one in loaded.warnings),
    )


def _step_plan(host: Host, step: Step, names: dict[str, Any] | None) -> p.StepPlan:
    undo = None
    if step.undo is not None:
        undo = {
            UndoForm.STEP: f"undone by {step.undo.kind}",
            UndoForm.NOTHING: "nothing to undo",
            UndoForm.IMPOSSIBLE: f"cannot be undone: {step.undo.why}",
        }[step.undo.form]
    approval = None
    if step.approve is not None:
        approval = step.approve.from_ or ("anyone",)
    elif step.kind == "approval" and isinstance(step.body, dict):
        approval = tuple(step.body.get("from", ())) or ("anyone",)
    return p.StepPlan(
        id=step.id,
        title=step.title or step.id,
        kind=step.kind,
        effect=_effect(host, step),
        shown=_shown(step, names),
        undo=undo,
        approval=approval,
        when=step.when,
        follows=follow_lines(step),
    )


def _shown(step: Step, names: dict[str, Any] | None) -> tuple[str, ...]:
    """The step's body and environment, rendered as far as that is possible before it starts."""
    lines = list(_lines(step.body, names))
    lines += [f"{name}={_text(value, names)}" for name, value in step.env.items()]
    return tuple(lines)


def _lines(value: Any, names: dict[str, Any] | None, indent: str = "") -> list[str]:
    if isinstance(value, dict):
        lines: list[str] = []
        for key, inner in value.items():
            nested = _lines(inner, names, f"{indent}  ")
            if len(nested) == 1 and not isinstance(inner, dict | list):
                lines.append(f"{indent}{key}: {nested[0].strip()}")
            else:
                lines += [f"{indent}{key}:", *nested]
        return lines
    if isinstance(value, list | tuple):
        return [line for inner in value for line in _lines(inner, names, f"{indent}- ")]
    return [f"{indent}{line}" for line in _text(value, names).rstrip("\n").split("\n")]


def _text(value: Any, names: dict[str, Any] | None) -> str:
    if names is not None and isinstance(value, str) and "{{" in value:
        try:
            return str(render(value, names))
        except CannotRender:
            return value
    return "" if value is None else str(value)


def _prepared_names(host: Host, runbook: str, values: dict[str, Value], number: int, who: Actor) -> dict[str, Any]:
    about = {"number": number, "runbook": runbook, "home": str(host.home.root), "started_by": who.name}
    return names_of(values, {}, about, who.name)


async def plan(host: Host, ask: p.PlanRun, who: Actor) -> list[p.StepPlan]:
    """What a run would do: what depends on earlier steps stays as it is written."""
    loaded = await asyncio.to_thread(host.catalogue.find, ask.runbook)
    values = parse_parameters(loaded.runbook, ask.parameters)
    names = _prepared_names(host, loaded.runbook.id, values, 0, who)
    return [_step_plan(host, step, names) for step in loaded.runbook.steps]


async def start(host: Host, ask: p.StartRun, who: Actor) -> p.Done:
    """Start a run with its definition, files and plugins pinned by digest."""
    loaded = await asyncio.to_thread(host.catalogue.find, ask.runbook)
    values = parse_parameters(loaded.runbook, ask.parameters)
    pinned = await asyncio.to_thread(pin, loaded, host.registry)
    names = _prepared_names(host, loaded.runbook.id, values, 0, who)
    environment = _rendered(loaded.runbook.environment, names, "environment")
    lock = _rendered(loaded.runbook.one_at_a_time, names, "one_at_a_time")
    if lock is not None:
        lock = f"{loaded.runbook.id}/{lock}"

    def make(number: int, holder: int | None) -> c.StartRun:
        host.rendering.offer(number, pinned.files)
        return c.StartRun(
            id=ask.command,
            who=who,
            verdict=verdict_for(who),
            run=number,
            runbook=loaded.runbook,
            definition=pinned.definition,
            source=str(loaded.path),
            parameters=values,
            files={name: file.digest for name, file in pinned.files.items()},
            plugins=pinned.plugins,
            environment=environment,
            lock=lock,
            lock_holder=holder,
            wait_for_lock=ask.wait_for_lock,
        )

    extras = Extras(definitions=tuple(_definitions(loaded, pinned)), remember=True)
    return await host.turns.start(make, lock, extras)


def _rendered(template: str | None, names: dict[str, Any], what: str) -> str | None:
    if template is None:
        return None
    try:
        return str(render(template, names))
    except CannotRender as problem:
        raise RefusedError(f"{what} cannot be rendered: {problem}", unaffected="nothing was started") from None


def _definitions(loaded: Loaded, pinned: Pinned) -> list[Definition]:
    """What the run is pinned to, as the journal keeps it: its text and its files, each once."""
    found = {
        file.digest: define("file", EXECUTABLE if file.executable else PLAIN, file.data)
        for file in pinned.files.values()
    }
    source = define("runbook", "application/yaml", loaded.source.encode())
    found[source.digest] = source
    document = define("definition", "application/json", pinned.document)
    found[document.digest] = document
    return list(found.values())


def is_newer(host: Host, run: Run) -> bool:
    """Whether the runbook's file says something else now than what the run is pinned to."""
    try:
        loaded = host.catalogue.find(run.source)
        return pin(loaded, host.registry).definition != run.definition
    except (ConsoleError, OSError):
        return False
