"""A desk to drive a run from: it sends commands, keeps the journal, and plays the host with a false clock."""

from __future__ import annotations

from typing import Any

import msgspec

from console.engine import commands as c
from console.engine import events as e
from console.engine.decide import decide, record, take
from console.engine.due import Action, Attend, Prepare, due
from console.engine.evolve import evolve
from console.engine.refused import Refused
from console.engine.reports import AttemptReport, Evidence, Finding, Preview, Process, Value
from console.engine.run import Attempt, Run, Task, Visit
from console.engine.words import Answer, Ending, Outcome, Purpose, RunState, StepState
from tests.engine.plans import Book, Plan, book

ANA = c.Actor(kind=c.ActorKind.OPERATOR, name="ana")
SERVER = c.Actor(kind=c.ActorKind.SERVER, name="server")
TIMER = c.Actor(kind=c.ActorKind.TIMER, name="timer")
SURVIVOR = Process(pid=4711, started=99, command="terraform apply")
_PACK = msgspec.msgpack.Encoder()
_EVENT = msgspec.json.Decoder(e.Recorded)


def operator(name: str) -> c.Actor:
    """An operator of that name."""
    return c.Actor(kind=c.ActorKind.OPERATOR, name=name)


class Desk:
    """One run and its outside. Every turn it takes is checked for what holds of all turns."""

    def __init__(self, *plans: Plan, made: Book | None = None, renders: bool = True, **options: Any) -> None:
        self.book = made or book(*plans, **options)
        self.renders = renders
        self.now = 1_000_000
        self.journal: list[e.Recorded] = []
        self.maybe: Run | None = None
        self.times: dict[str, int] = {}
        self._ids = 0

    # --- commands ------------------------------------------------------------------------------------------------

    def send(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        """Take a turn; raises Refused."""
        events = self._turn(command)
        while self.renders and self.maybe is not None:
            wanted = next((action for action in due(self.maybe) if isinstance(action, Prepare)), None)
            if wanted is None:
                break
            events += self._turn(self.rendered(wanted.path, wanted.visit))
        return events

    def _turn(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        before = _PACK.encode(self.maybe)
        try:
            events = decide(self.maybe, command, self.now)
        except Refused as refused:
            assert _PACK.encode(self.maybe) == before, f"refusing {command} changed the run"
            if not refused.reason:
                raise AssertionError(f"{command} is refused without a reason") from refused
            raise
        assert decide(self.maybe, command, self.now) == events, f"{command} is decided differently the second time"
        recorded = record(self.maybe, events, command, self.now)
        taken, recorded_too = take(self.maybe, command, self.now) if events or self.maybe else (None, [])
        assert _PACK.encode(self.maybe) == before, f"deciding {command} changed the run"
        assert recorded_too == recorded
        for one in recorded:
            read = _EVENT.decode(msgspec.json.encode(one, order="sorted"))
            assert read == one, f"{one} is not what its JSON says"
            self.maybe = self.evolved(read)
        assert taken == self.maybe, f"the fold of {events} is not what was decided upon"
        self.journal += recorded
        return events

    def evolved(self, recorded: e.Recorded) -> Run:
        """The run after an event."""
        return evolve(self.maybe, recorded)

    def id(self) -> str:
        """An id for a command."""
        self._ids += 1
        return f"c{self._ids}"

    def server(self) -> dict[str, Any]:
        """The id and the sender of a command of the server."""
        return {"id": self.id(), "who": SERVER}

    def by(self, name: str = "ana") -> dict[str, Any]:
        """The id and the sender of a command of an operator."""
        return {"id": self.id(), "who": operator(name)}

    def start(self, **options: Any) -> Desk:
        """Start the run as ana."""
        wanted: dict[str, Any] = {"definition": "sha256", "source": "the-book.yaml", "parameters": {}, **options}
        self.send(c.StartRun(**self.by(), run=1, runbook=self.book.runbook, **wanted))
        return self

    def rendered(self, path: str, visit: int) -> c.StepRendered:
        """What the host says of a step that it rendered."""
        times = self.times[path] = self.times.get(path, 0) + 1
        prepared = self.book.plan(path).prepared(times, self.now)
        return c.StepRendered(**self.server(), path=path, visit=visit, prepared=prepared)

    def ends(self, path: str, outcome: Outcome = Outcome.SUCCEEDED, **report: Any) -> list[e.AnyEvent]:
        """Report the end of what runs of a step; a preview that succeeds says something."""
        wanted = self.attending(path)
        if wanted.purpose in (Purpose.PREVIEW, Purpose.ROLLBACK_PREVIEW) and outcome is Outcome.SUCCEEDED:
            self.times["previews"] = self.times.get("previews", 0) + 1
            report.setdefault("preview", Preview(summary="1 to add", digest=f"seen-{self.times['previews']}"))
        report.setdefault("ending", Ending.EXITED)
        return self.send(self.report(wanted, AttemptReport(outcome=outcome, **report)))

    def report(self, wanted: Attend, report: AttemptReport) -> c.AttemptReported:
        """The report of an attempt."""
        return c.AttemptReported(
            **self.server(), path=wanted.path, visit=wanted.visit, attempt=wanted.attempt, report=report
        )

    def lost(self, path: str, **report: Any) -> list[e.AnyEvent]:
        """Nobody saw the end of what runs of a step."""
        evidence = Evidence(facts=("None of its processes is left.",))
        return self.ends(path, Outcome.FAILED, ending=Ending.LOST, evidence=evidence, **report)

    def never_started(self, path: str, error: str | None = None) -> list[e.AnyEvent]:
        """What was permitted never came into being."""
        outcome = Outcome.CANCELLED if error is None else Outcome.FAILED
        return self.ends(path, outcome, ending=Ending.NEVER_STARTED, error=error)

    def answer(
        self, path: str, answer: Answer, by: str = "ana", *, note: str | None = "because", **options: Any
    ) -> list[e.AnyEvent]:
        """Answer what a step asks."""
        return self.send(c.AnswerTask(**self.by(by), path=path, answer=answer, note=note, **options))

    def survivors(self, path: str, *found: Process, ended: bool = False) -> list[e.AnyEvent]:
        """Report what was found of earlier attempts."""
        visit = self.step(path).number
        for action in self.due():
            if type(action).__name__ == "SeekSurvivors":
                visit = action.visit  # type: ignore[union-attr]
        return self.send(c.SurvivorsReported(**self.server(), path=path, visit=visit, found=found, ended=ended))

    def evidence(self, path: str, *facts: str, finding: Finding = Finding.CANNOT_TELL) -> list[e.AnyEvent]:
        """Report what looking again found."""
        found = Evidence(facts=facts, finding=finding)
        return self.send(c.EvidenceReported(**self.server(), path=path, visit=self.step(path).number, evidence=found))

    def fires(self, timer: str, after_ms: int | None = None) -> list[e.AnyEvent]:
        """Let a timer be due: at its moment, or so long after now."""
        self.now = self.run.timers[timer].at if after_ms is None else self.now + after_ms
        return self.send(c.TimerDue(id=self.id(), who=TIMER, timer=timer))

    def pause(self) -> list[e.AnyEvent]:
        """Start nothing new."""
        return self.send(c.Pause(**self.by()))

    def resume(self) -> list[e.AnyEvent]:
        """Go on."""
        return self.send(c.Resume(**self.by()))

    def cancel(self, path: str | None = None, *, stop: bool = False) -> list[e.AnyEvent]:
        """Cancel the run or stop a step."""
        return self.send(c.Cancel(**self.by(), path=path, stop=stop, reason="enough"))

    def jump(self, path: str) -> list[e.AnyEvent]:
        """Go on at another step."""
        return self.send(c.Jump(**self.by(), path=path, reason="better so"))

    def skip(self, path: str) -> list[e.AnyEvent]:
        """Pass over a step."""
        return self.send(c.Skip(**self.by(), path=path, reason="not today"))

    def roll_back(self, to: str | None = None, lock_holder: int | None = None) -> list[e.AnyEvent]:
        """Undo."""
        return self.send(c.Rollback(**self.by(), to=to, lock_holder=lock_holder, reason="it went wrong"))

    # --- what there is to see ------------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The run."""
        assert self.maybe is not None, "the run was not started"
        return self.maybe

    def state(self) -> RunState:
        """The state of the run."""
        return self.run.state

    def due(self) -> list[Action]:
        """What the outside owes the run now."""
        return due(self.run)

    def owed(self) -> list[str]:
        """The kinds of actions that are due, timers left out, each with its step."""
        return [f"{type(one).__name__} {one.path}" for one in self.due() if hasattr(one, "path")]

    def attending(self, path: str) -> Attend:
        """What runs of a step."""
        found = [one for one in self.due() if isinstance(one, Attend) and one.path == path]
        assert found, f"nothing of {path} runs; due is {self.due()}, waiting {self.run.tasks}"
        return found[0]

    def step(self, path: str) -> Visit:
        """The latest visit of a step."""
        visit = self.run.steps[path].now
        assert visit is not None, f"the run has not come to {path}; it stands at {self.run.cursor}"
        return visit

    def states(self) -> dict[str, StepState]:
        """Where each step stands."""
        return {path: step.state for path, step in self.run.steps.items()}

    def task(self, path: str) -> Task:
        """What a step asks."""
        task = self.run.task_of(path)
        assert task is not None, f"{path} asks nothing; asked is {self.run.tasks}"
        return task

    def attempts(self, path: str, purpose: Purpose = Purpose.APPLY) -> list[Attempt]:
        """The attempts for a purpose, of all visits of a step."""
        return [one for visit in self.run.steps[path].visits for one in visit.attempts if one.purpose is purpose]

    def story(self, last: int = 25) -> str:
        """The last events, a line each, and what the run waits for: for a test that fails."""
        lines = [f"{one.seq} {one.who.name}: {one.event}" for one in self.journal[-last:]]
        tail = [f"state {self.state().value} at {self.run.cursor}", f"due {self.due()}", f"asked {self.run.tasks}"]
        return "\n".join(line[:300] for line in [*lines, *tail])

    def refuses(self, command: c.AnyCommand) -> Refused:
        """The refusal that a command meets."""
        try:
            events = self.send(command)
        except Refused as refused:
            return refused
        raise AssertionError(f"{command} was not refused, but led to {events}")


def outputs(**values: Value) -> dict[str, Value]:
    """Outputs of a step."""
    return dict(values)
