"""The turn: decide, record, evolve, act. An event is on disk before anything it announces happens or is seen."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from console.engine import commands as c
from console.engine import events as e
from console.engine.decide import take
from console.engine.due import Prepare, to_prepare
from console.engine.refused import Refused
from console.engine.run import Run
from console.errors import NotFoundError, RefusedError
from console.journal import Committer, Definition, Event, Note, Reader, Reply, RunRow, TaskRow, Turn
from console.protocol import Changed, Done, Notice
from console.server import faults
from console.server.clock import now_ms
from console.server.hub import Hub
from console.server.records import to_row
from console.server.runs import Runs
from console.server.views import notices, run_summary
from console.server.whole import Whole

SERVER = c.Actor(kind=c.ActorKind.SERVER, name="server")
TIMER = c.Actor(kind=c.ActorKind.TIMER, name="timer")
HOME_STREAM = "home"
_ENCODE = msgspec.json.encode

Renderer = Callable[[Run, Prepare], Awaitable[c.StepRendered]]


def fresh_id() -> str:
    """An id for a command that the server itself gives."""
    return secrets.token_hex(8)


@dataclass(slots=True)
class Extras:
    """What goes into the same transaction as a command's events."""

    notes: tuple[Note, ...] = ()
    definitions: tuple[Definition, ...] = ()
    remember: bool = False


@dataclass(slots=True)
class _Work:
    """A turn being put together: the run as it will be, and the events that make it so."""

    run: Run | None
    recorded: list[e.Recorded] = field(default_factory=list)
    had_ended: bool = False
    had_tasks: bool = False

    @classmethod
    def on(cls, run: Run | None) -> _Work:
        if run is None:
            return cls(None)
        return cls(run, had_ended=run.ended is not None, had_tasks=bool(run.tasks))

    def take(self, command: c.AnyCommand, at: int) -> None:
        # After the first command the run is this turn's own copy, which nobody else has seen.
        self.run, recorded = take(self.run, command, at, owned=bool(self.recorded))
        self.recorded += recorded


class Turns:
    """Takes commands, one at a time for each run; turns of different runs share a commit."""

    def __init__(self, runs: Runs, reader: Reader, committer: Committer, hub: Hub, render: Renderer) -> None:
        self._runs = runs
        self._reader = reader
        self._committer = committer
        self._hub = hub
        self._render = render
        self._locks: dict[int, asyncio.Lock] = {}
        self._home = asyncio.Lock()
        self._home_seq = reader.head(HOME_STREAM).seq
        self._next_run = reader.last_run() + 1
        self._whole = Whole()
        self.act: Callable[[Run], None] = lambda _run: None

    @property
    def broken(self) -> bool:
        """Whether the journal takes nothing more."""
        return self._committer.failed is not None

    # --- what the server calls -----------------------------------------------------------------------------------

    async def submit(self, number: int, command: c.AnyCommand, extras: Extras | None = None) -> Done:
        """Take a command for a run; raises RefusedError or NotFoundError, and JournalError when it cannot be kept."""
        return await self._whole.do(self._submit(number, command, extras or Extras()))

    async def _submit(self, number: int, command: c.AnyCommand, extras: Extras) -> Done:
        async with self._lock_of(number):
            if extras.remember and (repeated := self._known(command.id)) is not None:
                return repeated
            run = self._runs.get(number)
            if run is None:
                raise NotFoundError(f"There is no run {number}.", mend="console runs lists them")
            if not isinstance(command, c.Rollback) or run.ended is None or run.lock is None:
                return await self._turn(run, command, extras)
            async with self._home:  # it takes its key again, and nobody else may meanwhile
                command = msgspec.structs.replace(command, lock_holder=self.holder(run.lock))
                return await self._turn(run, command, extras, home_held=True)

    async def start(self, make: Callable[[int, int | None], c.StartRun], lock: str | None, extras: Extras) -> Done:
        """Start a run: `make` gives the command once the number and the holder of the lock are known."""
        return await self._whole.do(self._start(make, lock, extras))

    async def _start(self, make: Callable[[int, int | None], c.StartRun], lock: str | None, extras: Extras) -> Done:
        async with self._home:
            number = self._next_run
            command = make(number, self.holder(lock))
            if (repeated := self._known(command.id)) is not None:
                return repeated
            done = await self._turn(None, command, extras, home_held=True)
            self._next_run = number + 1
            return done

    async def nudge(self, number: int) -> None:
        """Take what a run's state calls for without a command, such as after a restart."""
        await self._whole.do(self._nudge(number))

    async def _nudge(self, number: int) -> None:
        async with self._lock_of(number):
            run = self._runs.get(number)
            if run is None or run.ended is not None:
                return
            work = _Work.on(run)
            await self._prepare(work)
            if work.recorded:
                await self._commit(work, Turn(), home_held=False)
            else:
                self.act(run)

    async def admit_next(self, lock: str) -> None:
        """Let the oldest run that queues for a key begin, where nobody holds it."""
        await self._whole.do(self._admit_next(lock))

    async def _admit_next(self, lock: str) -> None:
        for run in self._runs.live():
            if run.lock != lock or run.queued_behind is None:
                continue
            faults.point("before_admit")
            async with self._lock_of(run.number), self._home:
                now = self._runs.get(run.number)
                if self.holder(lock) is not None:
                    return
                if now is not None and now.queued_behind is not None and now.ended is None:
                    await self._turn(now, c.Admit(id=fresh_id(), who=SERVER), Extras(), home_held=True)
                    return

    def holder(self, lock: str | None) -> int | None:
        """The run that holds a key now."""
        if lock is None:
            return None
        held = (run.number for run in self._runs.live() if run.lock == lock and run.queued_behind is None)
        return next(held, self._runs.unreadable_holder(lock))

    def _lock_of(self, number: int) -> asyncio.Lock:
        lock = self._locks.get(number)
        if lock is None:
            lock = self._locks[number] = asyncio.Lock()
        return lock

    async def aclose(self) -> None:
        """Wait for the turns under way."""
        await self._whole.aclose()

    async def record_home(self, type_: str, data: dict[str, Any]) -> None:
        """Append an event to the home's own stream."""
        async with self._home:
            await self._committer.commit(Turn(events=[self._home_event(type_, data, fresh_id())]))
            self._home_seq += 1

    # --- the turn ------------------------------------------------------------------------------------------------

    def _known(self, command: str) -> Done | None:
        reply = self._reader.reply(command)
        if reply is None:
            return None
        return msgspec.structs.replace(msgspec.json.decode(reply.reply, type=Done), repeated=True)

    async def _turn(self, run: Run | None, command: c.AnyCommand, extras: Extras, *, home_held: bool = False) -> Done:
        at = now_ms()
        work = _Work.on(run)
        try:
            work.take(command, at)
        except Refused as refused:
            raise RefusedError(_sentence(refused.reason), mend=refused.mend or None) from None
        await self._prepare(work)
        if work.run is None:
            raise RefusedError("Nothing follows from this.")
        if not work.recorded:
            return Done(run=work.run.number, seq=work.run.seq, state=work.run.state)
        done = Done(run=work.run.number, seq=work.run.seq, state=work.run.state)
        replies = (
            [Reply(command.id, work.run.stream, work.run.seq, _ENCODE(done).decode(), at)] if extras.remember else []
        )
        turn = Turn(notes=extras.notes, definitions=extras.definitions, replies=replies)
        await self._commit(work, turn, home_held=home_held)
        return done

    async def _prepare(self, work: _Work) -> None:
        """Render what became ready, in the same turn, so that a step costs one commit."""
        while work.run is not None:
            wanted = to_prepare(work.run)
            if wanted is None:
                return
            work.take(await self._render(work.run, wanted), now_ms())

    async def _commit(self, work: _Work, turn: Turn, *, home_held: bool) -> None:
        run = work.run
        if run is None:
            return
        turn = msgspec.structs.replace(
            turn,
            events=[to_row(one) for one in work.recorded],
            runs=[run_row(run)],
            tasks_cleared=[run.number] if work.had_tasks else [],
            tasks=task_rows(run),
            snapshots=[self._runs.snapshot(run)] if self._runs.snapshot_due(run) or run.ended else [],
        )
        changes = _lock_changes(run, work)
        if changes and not home_held:
            async with self._home:
                await self._write(turn, changes, work.recorded[0].cause)
        else:
            await self._write(turn, changes, work.recorded[0].cause)
        self._runs.keep(run)
        faults.point("before_publish")
        self._publish(run, work.recorded)
        self.act(run)

    async def _write(self, turn: Turn, changes: list[tuple[str, dict[str, Any]]], cause: str) -> None:
        """Record a turn, and what it does to the home's stream; the caller holds that where there is such a thing."""
        if changes:
            home = [self._home_event(type_, data, cause, offset) for offset, (type_, data) in enumerate(changes)]
            turn = msgspec.structs.replace(turn, events=[*turn.events, *home])
        faults.point("before_commit")
        await self._committer.commit(turn, alone=self._whole.alone)
        self._home_seq += len(changes)
        faults.point("after_commit")

    def _home_event(self, type_: str, data: dict[str, Any], cause: str, offset: int = 0) -> Event:
        who = msgspec.to_builtins(SERVER)
        return Event(HOME_STREAM, self._home_seq + 1 + offset, type_, now_ms(), who, cause, data)

    def _publish(self, run: Run, recorded: list[e.Recorded]) -> None:
        self._hub.tell(run.number, Changed(run=run.number, seq=run.seq, state=run.state))
        told = sum(isinstance(one.event, e.Told) for one in recorded)
        if told:
            for notice in notices(run)[-told:]:
                self._hub.tell_all(Notice(notice=notice))


def _sentence(text: str) -> str:
    """A reason as a sentence; its first word stays as it is, since it may be a name."""
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."


def _lock_changes(run: Run, work: _Work) -> list[tuple[str, dict[str, Any]]]:
    """What these events do to the run's key, for the home's stream."""
    if run.lock is None:
        return []
    held = {"key": run.lock, "run": run.number}
    changes: list[tuple[str, dict[str, Any]]] = []
    for one in work.recorded:
        match one.event:
            case e.RunStarted(queued_behind=None) | e.RunAdmitted():
                changes.append(("lock_granted", held))
            case e.RollbackBegan() if work.had_ended:
                changes.append(("lock_granted", held))
            case e.RunEnded():
                changes.append(("lock_released", held))
    return changes


def run_row(run: Run) -> RunRow:
    """The run's row in the lists."""
    summary = run_summary(run)
    return RunRow(
        id=run.number,
        runbook=run.runbook.id,
        title=run.runbook.title,
        state=summary.state.value,
        environment=run.environment,
        started_by=run.started_by,
        started_at=run.started_at,
        ended_at=run.ended_at,
        seq=run.seq,
        body=_ENCODE({"summary": summary, "notices": notices(run)[-10:]}),
    )


def task_rows(run: Run) -> list[TaskRow]:
    """The rows of what waits for a person."""
    return [
        TaskRow(run.number, str(task.id), task.path, task.visit, task.kind.value, "open", _ENCODE(task))
        for task in run.tasks.values()
    ]
