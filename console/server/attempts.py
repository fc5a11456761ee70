"""One attempt from permit to report: its process started or adopted, its output copied, its end read by its kind."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from console.catalog.outputs import check_outputs
from console.catalog.registry import Registry
from console.config import Home
from console.engine import commands as c
from console.engine.due import Attend
from console.engine.prepared import Prepared, PreparedUndo
from console.engine.reports import AttemptReport, OutputDigest
from console.engine.run import Run, entry_key
from console.engine.words import Outcome, Purpose
from console.errors import ConsoleError, JournalError
from console.journal import OutputCommitter
from console.server import faults, reporting
from console.server.evidence import Seeking
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
ASK_AGAIN_SECONDS = 0.5
Grew = Callable[["Attempt", int, int], None]


class Attempt:
    """What the server knows of a running attempt. `stop` is set once somebody asked to stop it."""

    def __init__(self, home: Home, run: Run, wanted: Attend) -> None:
        self.run = run.number
        self.path = wanted.path
        self.visit = wanted.visit
        self.number = wanted.attempt
        self.purpose = wanted.purpose
        self.name = attempt_name(run.stream, wanted.path, wanted.visit, wanted.attempt)
        self.directory = attempt_directory(home, run.number, wanted.path, wanted.visit, wanted.attempt)
        self.watch: Watch | None = None
        self.stop = asyncio.Event()


class Attending:
    """Takes one attempt to its report. `broken` says whether the journal takes nothing more."""

    def __init__(
        self,
        home: Home,
        registry: Registry,
        outputs: OutputCommitter,
        marker: str,
        seeking: Seeking,
        broken: Callable[[], bool],
    ) -> None:
        self._home = home
        self._registry = registry
        self._outputs = outputs
        self._marker = marker
        self._seeking = seeking
        self._broken = broken
        self._starting: set[asyncio.Task[Standing | AttemptReport]] = set()

    async def run(self, attempt: Attempt, run: Run, *, fresh: bool, grew: Grew) -> c.AttemptReported:
        """Start it when this server permitted it just now, else find out what became of it; returns when it is over.

        Raises JournalError when nothing can be recorded any more: the next server finds the attempt again.
        """
        report = await self._follow(attempt, run, fresh=fresh, grew=grew)
        return c.AttemptReported(
            id=fresh_id(),
            who=SERVER,
            path=attempt.path,
            visit=attempt.visit,
            attempt=attempt.number,
            report=report,
        )

    async def _follow(self, attempt: Attempt, run: Run, *, fresh: bool, grew: Grew) -> AttemptReport:
        standing = await self._started(attempt, run) if fresh else await self._settle(attempt)
        if isinstance(standing, AttemptReport):
            return standing
        faults.point("after_standing")
        copier = Copier(self._outputs, attempt.name, attempt.directory, lambda size, lines: grew(attempt, size, lines))
        if standing.state == "running":
            standing = await self._wait(attempt, copier)
        if standing.state == "never_started":
            return reporting.never_came()
        output, trouble = await self._keep(attempt, copier, standing.exit)
        if standing.exit is None:
            return reporting.lost(standing, output, *trouble)
        if standing.exit.ending == "not_started":
            return reporting.not_started(standing.exit.error or "its program could not be started")
        return await self._read(attempt, run, standing.exit, output, trouble)

    async def _settle(self, attempt: Attempt) -> Standing:
        try:
            return await asyncio.to_thread(settle, attempt.directory, self._marked(attempt))
        except OSError as problem:
            log.warning("attempt %s cannot be looked for: %s", attempt.name, problem)
            return Standing(state="lost", problems=[f"its directory cannot be used: {problem.strerror or problem}"])

    async def aclose(self) -> None:
        """Wait for the starts under way."""
        while self._starting:
            await asyncio.gather(*self._starting, return_exceptions=True)

    # --- the start -----------------------------------------------------------------------------------------------

    async def _started(self, attempt: Attempt, run: Run) -> Standing | AttemptReport:
        """A start that was begun is taken to its end, even by a server that is told to stop meanwhile."""
        task = asyncio.create_task(self._start(attempt, run))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return await asyncio.shield(task)

    async def _start(self, attempt: Attempt, run: Run) -> Standing | AttemptReport:
        try:
            spec = self._spec(attempt, run)
        except Exception as problem:
            # A plugin's code may raise anything, and nothing was started.
            log.exception("attempt %s has no command", attempt.name)
            return reporting.not_started(_said(problem))
        if spec is None:
            return reporting.not_started(f"its kind cannot {attempt.purpose.value.replace('_', ' ')}")
        faults.point("before_spawn")
        try:
            await spawn(spec)
        except CouldNotStart as problem:
            return reporting.not_started(problem.message)
        except StartUnclear as problem:
            log.warning("attempt %s: %s", attempt.name, problem.message)
            return await self._settle(attempt)
        faults.point("after_spawn")
        return await asyncio.to_thread(look, attempt.directory, self._marked(attempt))

    def _spec(self, attempt: Attempt, run: Run) -> AttemptSpec | None:
        kind, work, place = self._work(attempt, run)
        line: CommandLine | None = kind.command(attempt.purpose, work.spec, place)
        if line is None:
            return None
        return AttemptSpec(
            attempt=self._marked(attempt),
            directory=str(attempt.directory),
            argv=list(line.argv),
            env=step_environment({**work.env, **line.env}),
            cwd=line.cwd or "/",
            stdin=line.stdin,
            pty=line.pty,
            timeout_ms=work.timeout_ms,
            stop_signals=line.signals,
            grace_ms=line.grace_ms,
            hold_pipes=line.hold_pipes,
            ignore_signals=line.ignore_signals,
            redact=line.redact,
        )

    def _marked(self, attempt: Attempt) -> str:
        return f"{self._marker}/{attempt.name}"

    def _work(self, attempt: Attempt, run: Run) -> tuple[Kind, Prepared | PreparedUndo, Place]:
        visit = run.visit_of(attempt.path, attempt.visit)
        if visit is None:
            raise ValueError("the step was not made ready")
        work: Prepared | PreparedUndo | None = visit.prepared
        seen = visit.preview
        if attempt.purpose in UNDOING or (attempt.purpose is Purpose.DISCOVER and visit.doubt is Purpose.ROLLBACK):
            # The undo pinned when the visit first started: a later try may have been rendered anew, or not at all.
            entry = run.entries[entry_key(attempt.path, attempt.visit)]
            work, seen = entry.undo, entry.preview
        if work is None:
            raise ValueError("the step was not made ready")
        preview = seen.digest if seen is not None else None
        kind = self._registry.kind(work.kind or run.definition_of(attempt.path).kind)
        place = place_of(self._home, run, attempt.path, attempt.visit, attempt=attempt.directory, preview=preview)
        return kind, work, place

    # --- while it runs -------------------------------------------------------------------------------------------

    async def _wait(self, attempt: Attempt, copier: Copier) -> Standing:
        watch = Watch(attempt.directory, grew=lambda _size, _lines: copier.wake())
        attempt.watch = watch
        copying = asyncio.create_task(copier.run())
        stopping = asyncio.create_task(_stop_when_asked(attempt, watch))
        try:
            return await watch.run()
        finally:
            attempt.watch = None
            stopping.cancel()
            copier.stop()
            # What the copy met with is met again, and dealt with, when the rest is copied.
            await asyncio.gather(copying, stopping, return_exceptions=True)

    # --- its end -------------------------------------------------------------------------------------------------

    async def _keep(
        self, attempt: Attempt, copier: Copier, exit_: ExitRecord | None
    ) -> tuple[OutputDigest, tuple[str, ...]]:
        """Copy what is left of the output and seal it; what stands in the way, where that is not the whole journal."""
        lost_bytes = exit_.lost_bytes if exit_ else 0
        try:
            end = await copier.finish(exit_)
        except (JournalError, OSError) as problem:
            if self._broken():
                raise
            log.warning("the output of %s cannot be kept whole: %s", attempt.name, problem)
            return OutputDigest(bytes=copier.copied, lost_bytes=lost_bytes), (
                f"Its output could not be kept whole: {_said(problem)}",
            )
        return OutputDigest(bytes=end.bytes, lines=end.lines, sha256=end.sha256 or "", lost_bytes=lost_bytes), ()

    async def _read(
        self, attempt: Attempt, run: Run, exit_: ExitRecord, output: OutputDigest, trouble: tuple[str, ...]
    ) -> AttemptReport:
        try:
            kind, work, place = self._work(attempt, run)
            tail = await asyncio.to_thread(tail_of, attempt.directory)
            told = Exit(reporting.ENDINGS[exit_.ending], exit_.exit_code, exit_.signal, tail)
            reading = await asyncio.to_thread(kind.read, attempt.purpose, work.spec, told, place)
        except (ValueError, OSError) as problem:
            reading = Reading(Outcome.FAILED, f"its result could not be read: {_said(problem)}")
        except Exception as problem:
            # The plugin is gone or at fault. What the process did nobody has said, so a person must.
            log.exception("attempt %s has no reading", attempt.name)
            how = f"signal {exit_.signal}" if exit_.signal is not None else f"exit code {exit_.exit_code}"
            summary = f"it ended with {how}, and nobody could read its result: {_said(problem)}"
            reading = Reading(Outcome.FAILED, summary, in_doubt=attempt.purpose in (Purpose.APPLY, Purpose.ROLLBACK))
        outputs = reading.outputs
        if attempt.purpose is Purpose.APPLY and reading.outcome is Outcome.SUCCEEDED:
            try:
                outputs = check_outputs(run.definition_of(attempt.path), reading.outputs)
            except ValueError as problem:
                reading, outputs = Reading(Outcome.FAILED, f"its result could not be read: {problem}"), {}
        report = _with_trouble(reporting.ended(exit_, reading, outputs, output, attempt.purpose), trouble)
        if attempt.purpose is not Purpose.DISCOVER or report.evidence is None:
            return report
        look_too = self._seeking.with_traces
        evidence = await asyncio.to_thread(look_too, report.evidence, run, attempt.path, attempt.visit)
        return msgspec.structs.replace(report, evidence=evidence)


def _with_trouble(report: AttemptReport, trouble: tuple[str, ...]) -> AttemptReport:
    if not trouble:
        return report
    return msgspec.structs.replace(report, error="; ".join([*([report.error] if report.error else []), *trouble]))


async def _stop_when_asked(attempt: Attempt, watch: Watch) -> None:
    """Pass the wish to stop on to the supervisor, again and again until it took it; the watch ends this."""
    await attempt.stop.wait()
    while True:
        try:
            await watch.cancel()
            return
        except ConsoleError as problem:
            log.info("could not stop %s yet: %s", attempt.name, problem.message)
        await asyncio.sleep(ASK_AGAIN_SECONDS)


def _said(problem: BaseException) -> str:
    if isinstance(problem, ConsoleError):
        return " ".join(part for part in (problem.message, problem.mend) if part)
    return str(problem) or type(problem).__name__


def step_environment(own: dict[str, str]) -> dict[str, str]:
    """The complete environment of a step: a few variables of the server's, and the step's own."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    path = kept.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    tools = str(Path(sys.executable).parent)
    kept["PATH"] = path if tools in path.split(":") else f"{tools}:{path}"
    return {"LANG": "C.UTF-8", "TERM": "xterm-256color", **kept, **own}
