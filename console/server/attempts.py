"""One attempt from permit to report: its process started or adopted, its output copied, its end read by its kind."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.catalog.prepare import check_outputs
from console.catalog.registry import Registry
from console.config import Home
from console.engine import commands as c
from console.engine.due import Attend
from console.engine.prepared import Prepared, PreparedUndo
from console.engine.reports import AttemptReport, Evidence, Finding, OutputDigest, Process
from console.engine.run import Run, Visit, entry_key
from console.engine.words import Ending, Outcome, Purpose
from console.errors import ConsoleError
from console.journal import OutputCommitter
from console.server import faults
from console.server.clock import now_ms
from console.server.output import Copier, tail_of
from console.server.places import attempt_directory, place_of
from console.server.records import attempt_name
from console.server.turns import SERVER, fresh_id
from console.steps.kind import CommandLine, Exit, Kind, Place, Reading
from console.supervise import (
    AttemptSpec,
    CouldNotStart,
    ExitRecord,
    Standing,
    StartUnclear,
    Watch,
    look,
    settle,
    spawn,
)

log = logging.getLogger(__name__)
UNDOING = (Purpose.ROLLBACK, Purpose.ROLLBACK_PREVIEW)
INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSH_AUTH_SOCK")


class Attempt:
    """What the server knows of a running attempt."""

    def __init__(self, home: Home, run: Run, wanted: Attend) -> None:
        self.run = run.number
        self.path = wanted.path
        self.visit = wanted.visit
        self.number = wanted.attempt
        self.purpose = wanted.purpose
        self.name = attempt_name(run.stream, wanted.path, wanted.visit, wanted.attempt)
        self.directory = attempt_directory(home, run.number, wanted.path, wanted.visit, wanted.attempt)
        self.watch: Watch | None = None
        self.cancel_sent = False


class Attending:
    """Takes one attempt to its report."""

    def __init__(self, home: Home, registry: Registry, outputs: OutputCommitter, marker: str) -> None:
        self._home = home
        self._registry = registry
        self._outputs = outputs
        self._marker = marker

    async def run(
        self, attempt: Attempt, run: Run, *, fresh: bool, grew: Callable[[Attempt, int, int], None]
    ) -> c.AttemptReported:
        """Start it when this server permitted it just now, else find out what became of it; returns when it is over."""
        visit = run.visit_of(attempt.path, attempt.visit)
        if visit is None or visit.prepared is None:
            return self._report(attempt, _not_started("the step was not made ready"))
        try:
            return self._report(attempt, await self._follow(attempt, run, visit, fresh=fresh, grew=grew))
        except (ConsoleError, OSError, ValueError) as problem:
            log.exception("attempt %s", attempt.name)
            standing = await asyncio.to_thread(settle, attempt.directory)
            if standing.state == "never_started":
                return self._report(attempt, _not_started(str(problem)))
            facts = (f"The server could not follow it: {problem}", *_facts(standing))
            return self._report(attempt, _lost(standing, facts, OutputDigest()))

    def _report(self, attempt: Attempt, report: AttemptReport) -> c.AttemptReported:
        return c.AttemptReported(
            id=fresh_id(),
            who=SERVER,
            path=attempt.path,
            visit=attempt.visit,
            attempt=attempt.number,
            report=report,
        )

    async def _follow(
        self, attempt: Attempt, run: Run, visit: Visit, *, fresh: bool, grew: Callable[[Attempt, int, int], None]
    ) -> AttemptReport:
        kind, work, place = self._work(attempt, run, visit)
        if fresh:
            line = kind.command(attempt.purpose, work.spec, place)
            if line is None:
                return _not_started(f"{kind.name} cannot {attempt.purpose.value.replace('_', ' ')}")
            started = await self._start(attempt, line, work)
            if isinstance(started, AttemptReport):
                return started
            standing = started
        else:
            standing = await asyncio.to_thread(settle, attempt.directory)
        copier = Copier(self._outputs, attempt.name, attempt.directory, lambda size, lines: grew(attempt, size, lines))
        if standing.state == "running":
            standing = await self._wait(attempt, copier)
        if standing.state == "never_started":
            return AttemptReport(ending=Ending.NEVER_STARTED, outcome=Outcome.CANCELLED)
        return await self._read(attempt, run, kind, work, place, standing, copier)

    def _work(self, attempt: Attempt, run: Run, visit: Visit) -> tuple[Kind, Prepared | PreparedUndo, Place]:
        prepared = visit.prepared
        if prepared is None:
            raise ValueError("the step was not made ready")
        work: Prepared | PreparedUndo = prepared
        preview = visit.preview.digest if visit.preview else None
        undo_doubt = attempt.purpose is Purpose.DISCOVER and visit.doubt is Purpose.ROLLBACK
        if (attempt.purpose in UNDOING or undo_doubt) and prepared.undo is not None:
            work = prepared.undo
            entry = run.entries[entry_key(attempt.path, attempt.visit)]
            preview = entry.preview.digest if entry.preview else None
        kind = self._registry.kind(work.kind or prepared.kind)
        place = place_of(self._home, run, attempt.path, attempt.visit, attempt=attempt.directory, preview=preview)
        return kind, work, place

    async def _start(
        self, attempt: Attempt, line: CommandLine, work: Prepared | PreparedUndo
    ) -> Standing | AttemptReport:
        spec = AttemptSpec(
            attempt=f"{self._marker}/{attempt.name}",
            directory=str(attempt.directory),
            argv=list(line.argv),
            env=step_environment({**work.env, **line.env}),
            cwd=line.cwd or "/",
            stdin=line.stdin,
            pty=line.pty,
            timeout_ms=work.timeout_ms,
            stop_signals=line.signals,
            grace_ms=line.grace_ms,
        )
        faults.point("before_spawn")
        try:
            await spawn(spec)
        except CouldNotStart as problem:
            standing = await asyncio.to_thread(settle, attempt.directory)
            return standing if standing.state != "never_started" else _not_started(str(problem))
        except StartUnclear:
            return await asyncio.to_thread(settle, attempt.directory)
        finally:
            faults.point("after_spawn")
        return await asyncio.to_thread(look, attempt.directory)

    async def _wait(self, attempt: Attempt, copier: Copier) -> Standing:
        attempt.watch = Watch(attempt.directory, grew=lambda _size, _lines: copier.wake())
        copying = asyncio.create_task(copier.run())
        try:
            if attempt.cancel_sent:
                await self.cancel(attempt)
            return await attempt.watch.run()
        finally:
            attempt.watch = None
            copier.stop()
            await copying

    async def cancel(self, attempt: Attempt) -> None:
        """Ask the supervisor to stop the process; before it is watched the request is kept."""
        attempt.cancel_sent = True
        if attempt.watch is not None:
            try:
                await attempt.watch.cancel()
            except ConsoleError as problem:
                log.warning("could not stop %s: %s", attempt.name, problem.message)

    async def _read(
        self,
        attempt: Attempt,
        run: Run,
        kind: Kind,
        work: Prepared | PreparedUndo,
        place: Place,
        standing: Standing,
        copier: Copier,
    ) -> AttemptReport:
        exit_ = standing.exit
        if exit_ is None:
            end = await copier.finish(None)
            return _lost(
                standing, _facts(standing), OutputDigest(bytes=end.bytes, lines=end.lines, sha256=end.sha256 or "")
            )
        end = await copier.finish(exit_)
        output = OutputDigest(
            bytes=exit_.output_bytes, lines=end.lines, sha256=end.sha256 or "", lost_bytes=exit_.lost_bytes
        )
        tail = await asyncio.to_thread(tail_of, attempt.directory)
        ended = Exit(_ENDINGS[exit_.ending], exit_.exit_code, exit_.signal, tail)
        try:
            reading = await asyncio.to_thread(kind.read, attempt.purpose, work.spec, ended, place)
            if attempt.purpose is Purpose.APPLY and reading.outcome is Outcome.SUCCEEDED:
                outputs = check_outputs(run.definition_of(attempt.path), reading.outputs)
            else:
                outputs = reading.outputs
        except (ValueError, OSError) as problem:
            reading, outputs = Reading(Outcome.FAILED, f"its result could not be read: {problem}"), {}
        return _report(exit_, reading, outputs, output, attempt.purpose)


_ENDINGS = {
    "exited": Ending.EXITED,
    "timed_out": Ending.TIMED_OUT,
    "cancelled": Ending.CANCELLED,
    "not_started": Ending.EXITED,
}


def step_environment(own: dict[str, str]) -> dict[str, str]:
    """The complete environment of a step: a few variables of the server's, and the step's own."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    path = kept.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    tools = str(Path(sys.executable).parent)
    kept["PATH"] = path if tools in path.split(":") else f"{tools}:{path}"
    return {"LANG": "C.UTF-8", "TERM": "xterm-256color", **kept, **own}


def _not_started(why: str) -> AttemptReport:
    return AttemptReport(ending=Ending.NEVER_STARTED, outcome=Outcome.FAILED, error=why, summary=f"not started: {why}")


def _report(
    exit_: ExitRecord, reading: Reading, outputs: dict[str, Any], output: OutputDigest, purpose: Purpose
) -> AttemptReport:
    evidence = None
    if purpose is Purpose.DISCOVER or reading.facts:
        evidence = Evidence(facts=reading.facts or (reading.summary,), finding=Finding(reading.finding))
    return AttemptReport(
        ending=Ending.LOST if reading.in_doubt else _ENDINGS[exit_.ending],
        outcome=reading.outcome,
        exit_code=exit_.exit_code,
        signal=exit_.signal,
        started_at=exit_.started_at,
        ended_at=exit_.ended_at,
        output=output,
        summary=reading.summary,
        outputs=outputs,
        changes=reading.changes,
        preview=reading.preview,
        evidence=evidence,
        leftovers=tuple(Process(pid=one.pid, started=one.start, command=one.command) for one in exit_.leftovers),
        error=exit_.error,
    )


def _lost(standing: Standing, facts: tuple[str, ...], output: OutputDigest) -> AttemptReport:
    survivors = standing.evidence.survivors if standing.evidence else []
    found = tuple(Process(pid=one.pid, started=one.start, command=one.command) for one in survivors)
    return AttemptReport(
        ending=Ending.LOST,
        outcome=Outcome.FAILED,
        ended_at=now_ms(),
        output=output,
        summary="nobody saw its end",
        evidence=Evidence(facts=facts, survivors=found),
    )


def _facts(standing: Standing) -> tuple[str, ...]:
    evidence = standing.evidence
    if evidence is None:
        return ()
    facts = list(evidence.problems)
    facts.append(
        {"same": "The host was not restarted since.", "changed": "The host was restarted since."}.get(
            evidence.boot, "Whether the host was restarted is not known."
        )
    )
    facts.append(f"It had printed {evidence.output_bytes} bytes.")
    if evidence.survivors:
        facts.append(f"{len(evidence.survivors)} of its processes are still there.")
    else:
        facts.append("None of its processes is left.")
    return tuple(facts)
