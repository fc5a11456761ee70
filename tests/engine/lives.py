"""What can happen to a run: a host and operators that do the plausible thing, the odd thing, or the wrong thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from console.engine import commands as c
from console.engine import events as e
from console.engine.due import Attend, Look, Prepare, SeekSurvivors, Wake, due
from console.engine.evolve import evolve
from console.engine.refused import Refused
from console.engine.reports import AttemptReport, Evidence, Finding, Preview, Process
from console.engine.run import Run, Task
from console.engine.words import Answer, Ending, Outcome, Purpose, RunState, TaskKind
from tests.engine.desk import TIMER, Desk
from tests.engine.facts import Facts, Turn
from tests.engine.generated import Pick, one_in, runbook
from tests.engine.plans import Book
from tests.engine.rules import OF_EVENTS, OF_TURNS

PEOPLE = ("ana", "ben", "cem", "dee")
FOUND = (Process(pid=4711, started=99, command="terraform apply"), Process(pid=815, started=7, command="sleep \x1b[2J"))
WILD_VALUES: tuple[dict[str, Any], ...] = ({}, {"port": "x"}, {"port": 5}, {"version": "1"}, {"odd": True})
FINAL = (Answer.STOP, Answer.ROLLBACK)

Endings = list[tuple[Ending, Outcome]]
WELL: Endings = [(Ending.EXITED, Outcome.SUCCEEDED)]
BADLY: Endings = [
    *[(Ending.EXITED, Outcome.FAILED)] * 4,
    (Ending.EXITED, Outcome.TIMED_OUT),
    (Ending.EXITED, Outcome.SKIPPED),
    (Ending.EXITED, Outcome.UNVERIFIED),
    *[(Ending.TIMED_OUT, Outcome.TIMED_OUT)] * 3,
    (Ending.CANCELLED, Outcome.CANCELLED),
    (Ending.CANCELLED, Outcome.SUCCEEDED),
]
LOST: Endings = [(Ending.LOST, Outcome.FAILED)]
NEVER: Endings = [
    *[(Ending.NEVER_STARTED, Outcome.CANCELLED)] * 2,
    (Ending.NEVER_STARTED, Outcome.FAILED),
    (Ending.NEVER_STARTED, Outcome.SUCCEEDED),
]
EVERYTHING = [*WELL * 8, *BADLY, *LOST * 4, *NEVER]


@dataclass(frozen=True)
class Mood:
    """How a life goes: what processes come to, what people prefer, how often somebody interferes (once in so many)."""

    endings: Endings
    favourites: tuple[Answer, ...]
    interferes: int
    odd: int


def mood(pick: Pick) -> Mood:
    """One of many lives."""
    retries = (Answer.RETRY, Answer.APPROVE, Answer.DONE)
    undoes = (Answer.UNDO, Answer.ROLLBACK, Answer.NOT_DONE, Answer.PARTLY, Answer.GO_ON)
    return Mood(
        endings=pick([EVERYTHING, [*WELL * 9, *BADLY], [*WELL * 2, *LOST], [*WELL, *LOST * 2, *NEVER * 2, *BADLY]]),
        favourites=pick([(), retries, undoes, (Answer.LOOK_AGAIN, Answer.PARTLY, Answer.SKIP)]),
        interferes=pick([4, 12, 40]),
        odd=pick([6, 20]),
    )


class WatchedDesk(Desk):
    """A desk whose every turn is held against the rules."""

    def __init__(self, made: Book) -> None:
        super().__init__(made=made, renders=False)
        self.facts = Facts(made)

    def evolved(self, recorded: e.Recorded) -> Run:
        """The run after an event that breaks no rule."""
        for check in OF_EVENTS:
            check(self.facts, recorded)
        self.facts.note(recorded)
        return evolve(self.maybe, recorded)

    def send(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        """Take a turn that breaks no rule; raises Refused."""
        events = super().send(command)
        if events:
            turn = Turn(command, tuple(self.journal[-len(events) :]), self.run)
            for check in OF_TURNS:
                check(self.facts, turn)
        return events


class Life:
    """One run from its start, and what happens to it, a happening at a time."""

    def __init__(self, pick: Pick) -> None:
        self.mood = mood(pick)
        self.desk = WatchedDesk(runbook(pick))
        self.sent: list[c.AnyCommand] = []
        lock = {"lock": "key", "lock_holder": 7, "wait_for_lock": True} if one_in(pick, 8) else {}
        self.desk.start(**lock)

    @property
    def over(self) -> bool:
        """Whether nothing can happen any more."""
        return self.desk.run.ended is RunState.ROLLED_BACK

    def take(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        """Send a command; refusing it is always right as far as the rules go."""
        self.sent.append(command)
        try:
            return self.desk.send(command)
        except Refused:
            return []

    def happens(self, pick: Pick) -> None:
        """The next thing happens."""
        if one_in(pick, 3 if self.desk.run.ended is not None else self.mood.interferes):
            self.an_operator_interferes(pick)
        elif one_in(pick, self.mood.odd):
            self.said_again(pick)
        elif one_in(pick, self.mood.odd):
            self.wild_answer(pick)
        else:
            self.goes_on(pick)

    # --- what is due ---------------------------------------------------------------------------------------------

    def goes_on(self, pick: Pick) -> None:
        """Something that is owed happens: mostly what the run waits for, at times a timer beside it."""
        run = self.desk.run
        actions = due(run)
        wakes = [one for one in actions if isinstance(one, Wake)]
        others: list[Any] = [one for one in actions if not isinstance(one, Wake)] + list(run.tasks.values())
        if run.queued_behind is not None:
            self.take(c.Admit(**self.desk.server()))
        elif wakes and (not others or one_in(pick, 6)):
            self._wakes(pick(wakes), pick([0, 0, 0, 40_000, -1]))
        elif others:
            self._does(pick, pick(others))
        elif run.paused:
            self.take(c.Resume(**self.desk.by("ben")))

    def _does(self, pick: Pick, wanted: Any) -> None:
        match wanted:
            case Task():
                self._answers(pick, wanted)
            case Prepare():
                self._renders(wanted, pick(["prepared"] * 18 + ["skip", "error"]))
            case Attend():
                ending, outcome = pick(self.mood.endings)
                self.take(self.desk.report(wanted, self._told(wanted, ending, outcome, says=not one_in(pick, 5))))
            case SeekSurvivors(path=path, visit=visit, end=end):
                found = pick([(), (), FOUND])
                self.take(c.SurvivorsReported(**self.desk.server(), path=path, visit=visit, found=found, ended=end))
            case Look(path=path, visit=visit):
                evidence = Evidence(facts=("nothing is left",))
                self.take(c.EvidenceReported(**self.desk.server(), path=path, visit=visit, evidence=evidence))

    def _renders(self, wanted: Prepare, what: str) -> None:
        command = self.desk.rendered(wanted.path, wanted.visit)
        if what != "prepared":
            command = msgspec.structs.replace(command, prepared=None, **{what: "it is full moon"})
        self.take(command)

    def _told(self, wanted: Attend, ending: Ending, outcome: Outcome, *, says: bool) -> AttemptReport:
        previews = wanted.purpose in (Purpose.PREVIEW, Purpose.ROLLBACK_PREVIEW)
        self.desk.times["seen"] = self.desk.times.get("seen", 0) + 1
        seen = Preview(summary="1 to change", digest=f"seen-{self.desk.times['seen']}")
        return AttemptReport(
            ending=ending,
            outcome=outcome,
            preview=seen if previews and (says or outcome is not Outcome.SUCCEEDED) else None,
            outputs={"port": 80} if wanted.purpose is Purpose.APPLY and says else {},
            evidence=Evidence(facts=("one", "two"), finding=Finding.PARTLY) if says else None,
            error="no such file" if ending is Ending.NEVER_STARTED and outcome is Outcome.FAILED else None,
        )

    def _wakes(self, wanted: Wake, late: int) -> None:
        self.desk.now = max(self.desk.now, wanted.at + late)
        self.take(c.TimerDue(id=self.desk.id(), who=TIMER, timer=wanted.timer))

    def _answers(self, pick: Pick, task: Task) -> None:
        liked = [one for one in task.answers if one in self.mood.favourites]
        often = [one for one in task.answers if one not in FINAL]
        word = pick([*liked * 6, *often * 2, *task.answers])
        by = pick(PEOPLE)
        version = pick([None, self.desk.run.steps[task.path].version])
        values = good_values(self.desk, task) if word is Answer.DONE else {}
        command = c.AnswerTask(
            **self.desk.by(by), path=task.path, answer=word, note="because", values=values, version=version
        )
        events = self.take(command)
        if word is not Answer.APPROVE or by not in [vote.by for vote in task.votes]:
            assert events, f"{command} was refused, though {task} accepts it"

    # --- what is odd ---------------------------------------------------------------------------------------------

    def said_again(self, pick: Pick) -> None:
        """The host says again what it said before: a report counts once."""
        command = pick(self.sent[-12:] or [c.Admit(**self.desk.server())])
        events = self.take(command)
        if isinstance(command, c.AttemptReported):
            assert events == [], f"{command} counted twice"

    def wild_answer(self, pick: Pick) -> None:
        """Any word to any step, as seen some events ago or not at all, with values or without."""
        run = self.desk.run
        path = pick([*run.order, "nowhere"])
        step = run.steps.get(path)
        behind = pick([0, 1, 2, None])
        version = None if step is None or behind is None else step.version - behind
        command = c.AnswerTask(
            **self.desk.by(pick(PEOPLE)),
            path=path,
            answer=pick(list(Answer)),
            note=pick([None, "because"]),
            version=version,
            values=pick(WILD_VALUES),
        )
        events = self.take(command)
        assert not (behind and events), f"{command} was drawn from an older version and still counted"

    def an_operator_interferes(self, pick: Pick) -> None:
        """Somebody does what nobody asked about."""
        by = self.desk.by(pick(PEOPLE))
        path = pick([*self.desk.run.order, self.desk.run.cursor or "nowhere"])
        sharp = one_in(pick, 3)
        self.take(_order(pick(ORDERS), by, path, sharp=sharp))


ORDERS = (
    *["pause"] * 2,
    *["stop", "skip"] * 3,
    *["jump", "roll_back_to"] * 5,
    "resume",
    "cancel",
    "roll_back",
)


def _order(word: str, by: dict[str, Any], path: str, *, sharp: bool) -> c.AnyCommand:
    match word:
        case "pause":
            return c.Pause(**by)
        case "resume":
            return c.Resume(**by)
        case "cancel":
            return c.Cancel(**by, stop=sharp)
        case "stop":
            return c.Cancel(**by, path=path, stop=True)
        case "jump":
            return c.Jump(**by, path=path, reason="better so")
        case "skip":
            return c.Skip(**by, path=path, reason="not today")
        case "roll_back_to":
            return c.Rollback(**by, to=path)
        case _:
            return c.Rollback(**by, lock_holder=8 if sharp else None)


def good_values(desk: Desk, task: Task) -> dict[str, Any]:
    """Values with which a step may be said to be done."""
    plan = desk.book.plan(task.path)
    if task.kind is TaskKind.MANUAL:
        return {"version": "1.2"} if getattr(plan.work, "asks", {}) else {}
    visit = desk.run.visit_of(task.path, task.visit)
    of_undo = visit is not None and visit.doubt is Purpose.ROLLBACK
    asks = task.kind in (TaskKind.FAILED, TaskKind.IN_DOUBT) and not of_undo
    return {"port": 81} if plan.step.outputs and asks else {}
