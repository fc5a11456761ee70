"""Doing what runs call for, each thing once: attempts, survivors, evidence, timers, the lock for the next run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

from console.catalog.registry import Registry
from console.config import Home
from console.engine import commands as c
from console.engine.due import Action, Attend, Look, SeekSurvivors, Wake, due
from console.engine.run import Run
from console.errors import ConsoleError, JournalError
from console.journal import OutputCommitter
from console.protocol import Grew
from console.server import faults, reporting
from console.server.attempts import Attempt, Attending
from console.server.clock import now_ms
from console.server.evidence import Seeking
from console.server.hub import Hub
from console.server.runs import Runs
from console.server.turns import SERVER, TIMER, Turns, fresh_id
from console.supervise import end_survivors

log = logging.getLogger(__name__)
LONGEST_SLEEP_MS = 30_000  # timers are absolute, and a monotonic sleep does not notice a suspended host
MOST_PROBLEMS = 50
AGAIN_MS = 1_000  # before what failed unexpectedly is tried again
Key = tuple[str, int, str, int, int]


class Acting:
    """What a turn leaves to be done outside. Everything here reports back by a command of its own."""

    def __init__(
        self, home: Home, registry: Registry, runs: Runs, turns: Turns, outputs: OutputCommitter, hub: Hub, marker: str
    ) -> None:
        self._home = home
        self._runs = runs
        self._turns = turns
        self._hub = hub
        self._seeking = Seeking(home, marker)
        self._attending = Attending(home, registry, outputs, marker, self._seeking, lambda: turns.broken)
        self._attempts: dict[Key, Attempt] = {}
        self._attended: set[Key] = set()
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._timers: dict[tuple[int, str], int] = {}
        self._timers_changed = asyncio.Event()
        self._stopping = False
        self._closed = False
        self.problems: list[str] = []

    # --- from turns ----------------------------------------------------------------------------------------------

    def act(self, run: Run) -> None:
        """Begin what the state of the run calls for and is not under way already."""
        if self._closed:
            return
        actions = due(run)
        self._set_timers(run.number, [one for one in actions if isinstance(one, Wake)])
        for action in actions:
            match action:
                case Attend():
                    self._attend(run, action)
                case SeekSurvivors(path=path, visit=visit, end=end):
                    self._once(_key_of(run, action), self._seek(run, path, visit, end))
                case Look(path=path, visit=visit):
                    self._once(_key_of(run, action), self._look(run, path, visit))
        if run.ended is not None:
            self._attended = {key for key in self._attended if key[1] != run.number}
        if run.ended is not None and run.lock is not None:
            self._once(("admit", run.number, run.lock, 0, 0), self._turns.admit_next(run.lock))

    def adopt(self, run: Run) -> None:
        """After a start of the server: what was under way then is looked for, never started."""
        for action in due(run):
            if isinstance(action, Attend):
                self._attended.add(_key(run, action))
        self.act(run)

    def _once(self, key: Key | None, work: Coroutine[Any, Any, None]) -> None:
        if key is None or key in self._tasks:
            work.close()
            return
        task = asyncio.create_task(self._guard(key, work))
        self._tasks[key] = task

    async def _guard(self, key: Key, work: Coroutine[Any, Any, None]) -> None:
        failed = False
        try:
            await work
        except JournalError as problem:
            log.error("%s: %s", key, problem.message)
            failed = True
        except ConsoleError as problem:
            log.warning("%s: %s", key, problem.message)
        except Exception:
            log.exception("%s", key)
            self.remember(f"{key[0]} of {key[2]} in run {key[1]} failed unexpectedly")
        finally:
            self._tasks.pop(key, None)
        if self._stopping or self._turns.broken or (run := self._runs.get(key[1])) is None:
            return
        if (failed and key[0] == "admit") or any(_key_of(run, action) == key for action in due(run)):
            # It could not be reported: it is done again, after a pause.
            asyncio.get_running_loop().call_later(AGAIN_MS / 1000, self._act_again, run.number)

    def _act_again(self, number: int) -> None:
        if (run := self._runs.get(number)) is not None:
            self.act(run)

    def remember(self, problem: str) -> None:
        """Have `server status` show what went wrong, each thing once."""
        self.problems = [*(one for one in self.problems if one != problem), problem][-MOST_PROBLEMS:]

    # --- attempts ------------------------------------------------------------------------------------------------

    def _attend(self, run: Run, wanted: Attend) -> None:
        key = _key(run, wanted)
        attempt = self._attempts.get(key)
        if attempt is None:
            attempt = Attempt(self._home, run, wanted)
            self._attempts[key] = attempt
            # Only what was permitted just now is started; whatever was seen to before is looked for.
            fresh = key not in self._attended
            self._attended.add(key)
            self._once(key, self._run_attempt(attempt, run, key, fresh=fresh))
        if wanted.cancel:
            attempt.stop.set()

    async def _run_attempt(self, attempt: Attempt, run: Run, key: Key, *, fresh: bool) -> None:
        try:
            report = await self._attending.run(attempt, run, fresh=fresh, grew=self._grew)
            faults.point("before_report")
            await self._report(attempt.run, report)
        finally:
            self._attempts.pop(key, None)

    async def _report(self, run: int, command: c.AnyCommand) -> None:
        """Report to the engine. What a stopping server does not report, the next one finds again."""
        if not self._stopping:
            await self._turns.submit(run, command)

    def _grew(self, attempt: Attempt, size: int, lines: int) -> None:
        self._hub.tell(
            attempt.run,
            Grew(
                run=attempt.run,
                step=attempt.path,
                visit=attempt.visit,
                attempt=attempt.number,
                bytes=size,
                lines=lines,
            ),
        )

    def running(self) -> list[Attempt]:
        """The attempts under way."""
        return list(self._attempts.values())

    async def type_input(self, run: int, path: str, text: str) -> bool:
        """Type into the terminal of a running step; False when nothing of it runs."""
        for attempt in self._attempts.values():
            if attempt.run == run and attempt.path == path and attempt.watch is not None:
                await attempt.watch.type_input(text.encode())
                return True
        return False

    # --- survivors and doubt -------------------------------------------------------------------------------------

    async def _seek(self, run: Run, path: str, visit: int, end: bool) -> None:
        found = await asyncio.to_thread(self._seeking.survivors, run, path)
        if end and found:
            found = await asyncio.to_thread(end_survivors, found)
        report = c.SurvivorsReported(
            id=fresh_id(), who=SERVER, path=path, visit=visit, found=reporting.processes(found), ended=end
        )
        await self._report(run.number, report)

    async def _look(self, run: Run, path: str, visit: int) -> None:
        evidence = await asyncio.to_thread(self._seeking.evidence, run, path, visit)
        report = c.EvidenceReported(id=fresh_id(), who=SERVER, path=path, visit=visit, evidence=evidence)
        await self._report(run.number, report)

    # --- timers --------------------------------------------------------------------------------------------------

    def _set_timers(self, run: int, wanted: list[Wake]) -> None:
        for key in [key for key in self._timers if key[0] == run]:
            del self._timers[key]
        for one in wanted:
            self._timers[run, one.timer] = one.at
        self._timers_changed.set()

    async def keep_time(self) -> None:
        """Wake the engine at the moments it asked for; runs until cancelled."""
        while not self._stopping:
            self._timers_changed.clear()
            now = now_ms()
            for (run, timer), at in list(self._timers.items()):
                if at <= now:
                    self._timers.pop((run, timer), None)
                    self._once(("timer", run, timer, 0, 0), self._fire(run, timer))
            earliest = min(self._timers.values(), default=now + LONGEST_SLEEP_MS)
            pause = min(max(earliest - now_ms(), 0), LONGEST_SLEEP_MS) / 1000
            # Not wait_for: it forgets that it was cancelled when what it waits for comes at the same moment.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._timers_changed.wait()

    async def _fire(self, run: int, timer: str) -> None:
        try:
            await self._report(run, c.TimerDue(id=fresh_id(), who=TIMER, timer=timer))
        finally:
            now = self._runs.get(run)
            if now is not None and now.ended is None and timer in now.timers and not self._turns.broken:
                # It could not be recorded, or the clock was set back in between: it is not done with yet.
                self._timers[run, timer] = max(now.timers[timer].at, now_ms() + AGAIN_MS)
                self._timers_changed.set()

    async def aclose(self) -> None:
        """Begin nothing more and let go of what is under way: the supervisors go on without us."""
        self.stop()
        await asyncio.sleep(0)  # what the last turns permitted begins now
        self._closed = True
        while self._tasks:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.wait(self._tasks.values(), timeout=1.0)
        await self._attending.aclose()

    def stop(self) -> None:
        """Report nothing more, so that nothing new follows; what was permitted is still started."""
        self._stopping = True
        self._timers_changed.set()


def _key(run: Run, wanted: Attend) -> Key:
    return ("attempt", run.number, wanted.path, wanted.visit, wanted.attempt)


def _key_of(run: Run, action: Action) -> Key | None:
    """The key under which an action is under way."""
    match action:
        case Attend():
            return _key(run, action)
        case SeekSurvivors(path=path, visit=visit, end=end):
            return ("seek", run.number, path, visit, int(end))
        case Look(path=path, visit=visit):
            return ("look", run.number, path, visit, 0)
    return None
