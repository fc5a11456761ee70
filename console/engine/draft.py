"""The scratch run on which `decide` works: each event it emits is evolved at once, so that the next thought sees it."""

from __future__ import annotations

from console.engine import events as e
from console.engine.commands import Actor, Command
from console.engine.evolve import evolve
from console.engine.prepared import Prepared
from console.engine.refused import Refused
from console.engine.run import ENDED_STATES, Attempt, Run, StepRun, Visit, entry_key
from console.engine.words import Answer, Outcome, Purpose, StepState, TaskKind


class Draft:
    """A run with the events decided so far; it belongs to the draft, which changes it."""

    def __init__(self, run: Run | None, command: Command, at: int) -> None:
        self._run = run
        self.command = command
        self.at = at
        self.recorded: list[e.Recorded] = []
        self.jumps = 0

    @property
    def run(self) -> Run:
        """The scratch run; raises Refused before the run has started."""
        if self._run is None:
            raise Refused("there is no such run")
        return self._run

    @property
    def who(self) -> Actor:
        """Who asked for what is being decided."""
        return self.command.who

    def emit(self, event: e.AnyEvent) -> None:
        """Decide an event."""
        command = self.command
        if isinstance(event, e.RunStarted):
            stream, seq = e.stream_of(event.run), 1
        else:
            run = self.run
            stream, seq = run.stream, run.seq + 1
        recorded = e.Recorded(stream=stream, seq=seq, at=self.at, who=command.who, cause=command.id, event=event)
        self.recorded.append(recorded)
        self._run = evolve(self._run, recorded)

    def step(self, path: str) -> StepRun:
        """A step of the run; raises Refused for an unknown one."""
        step = self.run.steps.get(path)
        if step is None:
            raise Refused(f"there is no step {path!r} in this run", f"its steps are {', '.join(self.run.order[:20])}")
        return step

    def visit(self, path: str) -> Visit:
        """The latest visit of a step; raises Refused when the run has not been there."""
        visit = self.step(path).now
        if visit is None:
            raise Refused(f"the run has not come to the step {path!r} yet")
        return visit

    def open_task(
        self,
        path: str,
        visit: Visit,
        kind: TaskKind,
        answers: tuple[Answer, ...],
        *,
        people: tuple[str, ...] = (),
        question: str = "",
        due_at: int | None = None,
        quorum: int = 1,
        digest: str | None = None,
        evidence: tuple[str, ...] = (),
    ) -> None:
        """Ask a person; without `people` the one who started the run is asked."""
        self.emit(
            e.TaskOpened(
                path=path,
                visit=visit.number,
                task=self.run.next_task,
                kind=kind,
                answers=answers,
                people=people or (self.run.started_by,),
                question=question,
                due_at=due_at,
                quorum=quorum,
                digest=digest,
                evidence=evidence,
            )
        )

    def close_task(self, path: str, why: str) -> None:
        """Close the open task of a step, if there is one, without an answer."""
        task = self.run.task_of(path)
        if task is not None:
            self.emit(e.TaskClosed(path=path, visit=task.visit, task=task.id, why=why))

    def start_attempt(self, path: str, visit: Visit, purpose: Purpose, digest: str) -> None:
        """Permit an attempt; its process may start once this is on disk."""
        number = len(visit.attempts) + 1
        self.emit(e.AttemptStarted(path=path, visit=visit.number, attempt=number, purpose=purpose, digest=digest))

    def end_step(self, path: str, visit: Visit, state: StepState, outcome: Outcome, summary: str = "") -> None:
        """End a visit."""
        self.emit(e.StepEnded(path=path, visit=visit.number, state=state, outcome=outcome, summary=summary))

    def leave(self, why: str) -> None:
        """End the visit where the run stands, unless it has ended by itself."""
        path = self.run.cursor
        visit = self.run.steps[path].now if path is not None else None
        if path is not None and visit is not None and visit.state not in ENDED_STATES:
            self.end_step(path, visit, StepState.CANCELLED, Outcome.CANCELLED, why)


def running_attempt(run: Run, path: str, visit: int) -> Attempt | None:
    """The attempt that runs for a visit."""
    if entry_key(path, visit) not in run.running:
        return None
    found = run.visit_of(path, visit)
    return found.running if found else None


def prepared_of(visit: Visit) -> Prepared:
    """What a visit runs; raises Refused when it was not made ready."""
    if visit.prepared is None:
        raise Refused("the step was not made ready")
    return visit.prepared
