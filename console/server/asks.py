"""What clients may ask, and who answers it: one table, default refuse."""

from __future__ import annotations

import os
import resource
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

import console
from console import protocol as p
from console.config import socket_path
from console.engine import commands as c
from console.engine.commands import Actor
from console.engine.words import RUN_ENDS, RunState
from console.errors import NotFoundError, UsageError
from console.journal import RunRow, make_note
from console.server import windows
from console.server.clock import now_ms
from console.server.host import Host
from console.server.identity import verdict_for
from console.server.session import refuse_when_broken
from console.server.turns import Extras
from console.server.views import notices, plugin_problems, run_summary, run_view

Handler = Callable[[Host, Any, Actor], Awaitable[Any]]


async def list_runs(host: Host, ask: p.ListRuns, who: Actor) -> list[p.RunSummary]:
    """The runs, newest first; those in memory as they stand, the others from their rows."""
    live = {run.number: run_summary(run) for run in host.runs.live()}
    found = dict(live)
    if not ask.waiting:
        for row in host.reader.runs(limit=max(1, min(ask.limit, 10_000))):
            if row.id not in found:
                found[row.id] = _row_body(row).summary
    chosen = [found[number] for number in sorted(found, reverse=True)]
    if ask.waiting:
        chosen = [one for one in chosen if one.waiting]
    return chosen[: ask.limit]


class _RowBody(msgspec.Struct, frozen=True):
    summary: p.RunSummary
    notices: tuple[p.NoticeView, ...] = ()


def _row_body(row: RunRow) -> _RowBody:
    """What a row of the list holds; of one that another version wrote, what every version writes."""
    try:
        return msgspec.json.decode(row.body, type=_RowBody)
    except msgspec.DecodeError:
        plain = p.RunSummary(
            id=row.id,
            runbook=row.runbook,
            title=row.title,
            state=RunState(row.state),
            started_by=row.started_by,
            started_at=p.iso(row.started_at) or "",
            seq=row.seq,
            environment=row.environment,
            ended_at=p.iso(row.ended_at),
        )
        return _RowBody(plain)


async def show_run(host: Host, ask: p.ShowRun, who: Actor) -> p.RunView:
    """One run, with the texts of its notes."""
    run = host.runs.get(ask.run)
    if run is None:
        raise _no_run(ask.run)
    newer = _runbooks().is_newer(host, run)
    view = msgspec.structs.replace(run_view(run, ask.since, newer=newer), trouble=host.trouble)
    steps = tuple(
        msgspec.structs.replace(step, note=_note_text(host, step.note)) if step.note else step for step in view.steps
    )
    return msgspec.structs.replace(view, steps=steps)


def _note_text(host: Host, note: str | None) -> str | None:
    found = host.reader.note(note) if note else None
    if found is None:
        return None
    return found.text if found.text is not None else "(struck)"


def _no_run(number: int) -> NotFoundError:
    return NotFoundError(f"There is no run {number}.", mend="console runs lists them")


async def start_run(host: Host, ask: p.StartRun, who: Actor) -> p.Started:
    """Start a run; everything it needs is pinned first."""
    refuse_when_broken(host.broken)
    done = await _runbooks().start(host, ask, who)
    return p.Started(id=done.run, state=done.state)


async def answer_step(host: Host, ask: p.AnswerStep, who: Actor) -> p.Done:
    """Answer what a step asks."""
    refuse_when_broken(host.broken)
    note, extras = _noted(ask.note)
    command = c.AnswerTask(
        id=ask.command,
        who=who,
        verdict=verdict_for(who),
        path=ask.step,
        answer=ask.answer,
        values=ask.values,
        note=note,
        version=ask.version,
    )
    _check_step(host, ask.run, ask.step)
    return await host.turns.submit(ask.run, command, extras)


def _noted(text: str | None) -> tuple[str | None, Extras]:
    """A free text becomes a note beside the chain; the event holds its digest."""
    if text is None or not text.strip():
        return None, Extras(remember=True)
    note = make_note(text)
    return note.id, Extras(notes=(note,), remember=True)


def _check_step(host: Host, number: int, path: str | None) -> None:
    run = host.runs.get(number)
    if run is None:
        raise _no_run(number)
    if path is not None and path not in run.steps:
        names = ", ".join(run.order[:20])
        raise NotFoundError(f"Run {number} has no step {path!r}.", mend=f"its steps are {names}")


async def do_run(host: Host, ask: p.DoRun, who: Actor) -> p.Done:
    """Do something to a run that nobody asked about."""
    refuse_when_broken(host.broken)
    _check_step(host, ask.run, ask.step)
    reason, extras = _noted(ask.reason)
    return await host.turns.submit(ask.run, _command(ask, who, reason), extras)


def _command(ask: p.DoRun, who: Actor, reason: str | None) -> c.AnyCommand:
    common: dict[str, Any] = {"id": ask.command, "who": who, "verdict": verdict_for(who), "reason": reason}
    match ask.verb:
        case "pause":
            return c.Pause(**common)
        case "resume":
            return c.Resume(**common)
        case "cancel":
            return c.Cancel(path=ask.step, stop=ask.stop, **common)
        case "rollback":
            return c.Rollback(to=ask.step, **common)
        case "jump" | "skip":
            if ask.step is None:
                raise UsageError(f"{ask.verb} needs a step.", mend=f"console do {ask.run} {ask.verb} STEP")
            return (c.Jump if ask.verb == "jump" else c.Skip)(path=ask.step, **common)
    raise UsageError(f"{ask.verb!r} is nothing that can be done to a run.", mend=f"one of {', '.join(VERBS)}")


VERBS = ("pause", "resume", "cancel", "jump", "skip", "rollback")


async def read_notices(host: Host, ask: p.ReadNotices, who: Actor) -> list[p.NoticeView]:
    """What people were told lately, newest first."""
    found: list[p.NoticeView] = []
    live = {run.number: run for run in host.runs.live()}
    for run in live.values():
        found += notices(run)
    for row in host.reader.runs(limit=50):
        if row.id not in live:
            found += _row_body(row).notices
    found.sort(key=lambda one: one.at, reverse=True)
    return found[: max(1, ask.limit)]


async def read_events(host: Host, ask: p.ReadEvents, who: Actor) -> p.EventPage:
    """Events of a run as the journal holds them."""
    if host.reader.run(ask.run) is None:
        raise _no_run(ask.run)
    limit = max(1, min(ask.limit, 5_000))
    stored = list(host.reader.events(f"run/{ask.run}", ask.since, limit + 1))
    page = stored[:limit]
    notes = {}
    for one in page:
        data = msgspec.json.decode(one.body)["data"]
        for name in ("note", "reason"):
            if isinstance(note := data.get(name), str) and (text := _note_text(host, note)) is not None:
                notes[note] = text
    events = tuple((one.body.decode(), one.hash.hex()) for one in page)
    return p.EventPage(events=events, more=len(stored) > limit, notes=notes)


async def send_input(host: Host, ask: p.SendInput, who: Actor) -> None:
    """Type into the terminal of a running step."""
    _check_step(host, ask.run, ask.step)
    if not await host.acting.type_input(ask.run, ask.step, ask.text):
        raise NotFoundError(f"Nothing of {ask.step} runs in run {ask.run}.")


async def status(host: Host, ask: p.ServerStatus, who: Actor) -> p.ServerView:
    """How the server stands."""
    problems = plugin_problems(host.registry.problems)
    problems += [p.ProblemView(what=one, mend="console server log holds the report") for one in host.acting.problems]
    problems += [
        p.ProblemView(what=one.message, where=one.where or "", mend=one.mend or "")
        for one in host.runs.unreadable.values()
    ]
    if host.broken is not None:
        problems.insert(0, p.ProblemView(what=f"Nothing more is recorded: {host.broken}", mend="console server log"))
    return p.ServerView(
        pid=os.getpid(),
        version=console.__version__,
        home=str(host.home.root),
        socket=str(socket_path(host.home)),
        started_at=p.iso(host.started_at) or "",
        clients=0,
        runs_open=sum(run.state not in RUN_ENDS for run in host.runs.live()),
        attempts_running=len(host.acting.running()),
        journal_events=sum(head.seq for head in host.reader.heads()),
        memory_kb=_memory_kb(),
        unprotected=True,
        problems=tuple(problems),
        uptime_ms=now_ms() - host.started_at,
        trouble=host.trouble,
    )


def _memory_kb() -> int:
    try:
        line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1])
    except (OSError, StopIteration, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _runbooks() -> ModuleType:
    """What knows YAML and templates: it takes long to import, and a server that is back has steps to see to first."""
    from console.server import runbooks

    return runbooks


def _of_runbooks(name: str) -> Handler:
    async def handler(host: Host, ask: Any, who: Actor) -> Any:
        return await getattr(_runbooks(), name)(host, ask, who)

    return handler


ANSWERS: dict[type, Handler] = {
    p.ListRuns: list_runs,
    p.ShowRun: show_run,
    p.StartRun: start_run,
    p.PlanRun: _of_runbooks("plan"),
    p.AnswerStep: answer_step,
    p.DoRun: do_run,
    p.ReadOutput: windows.read_output,
    p.ListRunbooks: _of_runbooks("list_all"),
    p.ShowRunbook: _of_runbooks("show"),
    p.ReadEvents: read_events,
    p.ReadNotices: read_notices,
    p.SendInput: send_input,
    p.ServerStatus: status,
}


async def answer(host: Host, ask: object, who: Actor) -> Any:
    """The answer to an ask; raises ConsoleError."""
    handler = ANSWERS.get(type(ask))
    if handler is None:
        raise UsageError(f"The server does not answer {type(ask).__name__}.")
    return await handler(host, ask, who)
