"""The ten rules hold whatever operators, processes and clocks do: a state machine over the pure engine.

`CONSOLE_HYPOTHESIS=thorough` looks for minutes instead of seconds.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from console.engine import commands as c
from console.engine import events as e
from console.engine.due import Attend, Look, Prepare, SeekSurvivors, Wake, due
from console.engine.evolve import evolve, fold
from console.engine.refused import Refused
from console.engine.reports import AttemptReport, Evidence, Finding, Preview
from console.engine.run import Run, Task
from console.engine.words import Answer, Ending, Outcome, Purpose, TaskKind
from tests.engine.desk import TIMER, Desk
from tests.engine.facts import Facts, Turn
from tests.engine.generated import FOUND, PEOPLE, books
from tests.engine.plans import Book
from tests.engine.rules import OF_EVENTS, OF_TURNS

THOROUGH = os.environ.get("CONSOLE_HYPOTHESIS") == "thorough"
_RUN = msgspec.msgpack.Decoder(Run)
ENDINGS = (
    *[(Ending.EXITED, Outcome.SUCCEEDED)] * 8,
    *[(Ending.EXITED, Outcome.FAILED)] * 3,
    (Ending.EXITED, Outcome.TIMED_OUT),
    (Ending.EXITED, Outcome.SKIPPED),
    *[(Ending.TIMED_OUT, Outcome.TIMED_OUT)] * 2,
    (Ending.CANCELLED, Outcome.CANCELLED),
    (Ending.CANCELLED, Outcome.SUCCEEDED),
    *[(Ending.LOST, Outcome.FAILED)] * 4,
    (Ending.NEVER_STARTED, Outcome.CANCELLED),
    (Ending.NEVER_STARTED, Outcome.FAILED),
    (Ending.NEVER_STARTED, Outcome.SUCCEEDED),
)


INTERFERES = (
    *["pause"] * 2,
    "resume",
    "cancel",
    *["stop"] * 3,
    *["jump"] * 4,
    *["skip"] * 4,
    *["rollback_to"] * 4,
    "rollback",
)


WILD_VALUES: tuple[dict[str, Any], ...] = ({}, {"port": "x"}, {"port": 5}, {"version": "1"}, {"odd": True})
FINAL = (Answer.STOP, Answer.ROLLBACK)


class WatchedDesk(Desk):
    """A desk whose every turn is held against the rules."""

    def __init__(self, made: Book) -> None:
        super().__init__(made=made, renders=False)
        self.facts = Facts(made)

    def evolved(self, recorded: e.Recorded) -> Run:
        for check in OF_EVENTS:
            check(self.facts, recorded)
        self.facts.note(recorded)
        return evolve(self.maybe, recorded)

    def send(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        events = super().send(command)
        if events:
            turn = Turn(command, tuple(self.journal[-len(events) :]), self.run)
            for check in OF_TURNS:
                check(self.facts, turn)
        return events


class Operations(RuleBasedStateMachine):
    """Everything that can happen to a run, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.desk: WatchedDesk = WatchedDesk(Book(()))
        self.sent: list[c.AnyCommand] = []

    @initialize(made=books(), queued=st.sampled_from([False, False, False, True]))
    def begin(self, made: Book, queued: bool) -> None:
        self.desk = WatchedDesk(made)
        lock = {"lock": "key", "lock_holder": 7, "wait_for_lock": True} if queued else {}
        self.desk.start(**lock)

    def take(self, command: c.AnyCommand) -> list[e.AnyEvent]:
        """Send a command; refusing it is always right as far as the rules go."""
        self.sent.append(command)
        try:
            return self.desk.send(command)
        except Refused:
            return []

    # --- the outside does what is due ----------------------------------------------------------------------------

    @rule(data=st.data())
    def goes_on(self, data: st.DataObject) -> None:
        self.next_of_what_is_due(data)

    # A rule is drawn as often as any other: these make going on as likely as it is in life.
    @rule(data=st.data())
    def goes_on_again(self, data: st.DataObject) -> None:
        self.next_of_what_is_due(data)

    @rule(data=st.data())
    def goes_on_further(self, data: st.DataObject) -> None:
        self.next_of_what_is_due(data)

    @rule(data=st.data())
    def goes_on_and_on(self, data: st.DataObject) -> None:
        self.next_of_what_is_due(data)

    def next_of_what_is_due(self, data: st.DataObject) -> None:
        """Something that is owed happens: mostly what the run waits for, at times a timer beside it."""
        run = self.desk.run
        actions = due(run)
        wakes = [one for one in actions if isinstance(one, Wake)]
        others: list[Any] = [one for one in actions if not isinstance(one, Wake)] + list(run.tasks.values())
        if run.queued_behind is not None:
            self.take(c.Admit(**self.desk.server()))
        elif wakes and (not others or data.draw(st.integers(0, 5)) == 0):
            self.wakes(data.draw(st.sampled_from(wakes)), data.draw(st.sampled_from([0, 0, 0, 40_000, -1])))
        elif others:
            self.happens(data, data.draw(st.sampled_from(others)))
        elif run.paused:
            self.take(c.Resume(**self.desk.by("ben")))

    def happens(self, data: st.DataObject, wanted: Any) -> None:
        match wanted:
            case Task():
                self.answers(data, wanted)
            case Prepare():
                self.renders(wanted, data.draw(st.sampled_from(["prepared"] * 12 + ["skip", "error"])))
            case Attend():
                ending, outcome = data.draw(st.sampled_from(ENDINGS))
                report = self.told(wanted, ending, outcome, says=data.draw(st.sampled_from([True, True, False])))
                self.take(self.desk.report(wanted, report))
            case SeekSurvivors(path=path, visit=visit, end=end):
                found = data.draw(st.sampled_from([(), (), FOUND]))
                self.take(c.SurvivorsReported(**self.desk.server(), path=path, visit=visit, found=found, ended=end))
            case Look(path=path, visit=visit):
                evidence = Evidence(facts=("nothing is left",))
                self.take(c.EvidenceReported(**self.desk.server(), path=path, visit=visit, evidence=evidence))

    def renders(self, wanted: Prepare, what: str) -> None:
        command = self.desk.rendered(wanted.path, wanted.visit)
        if what != "prepared":
            command = msgspec.structs.replace(command, prepared=None, **{what: "it is full moon"})
        self.take(command)

    def told(self, wanted: Attend, ending: Ending, outcome: Outcome, *, says: bool) -> AttemptReport:
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

    def wakes(self, wanted: Wake, late: int) -> None:
        self.desk.now = max(self.desk.now, wanted.at + late)
        self.take(c.TimerDue(id=self.desk.id(), who=TIMER, timer=wanted.timer))

    def answers(self, data: st.DataObject, task: Task) -> None:
        often = [one for one in task.answers if one not in FINAL]
        word = data.draw(st.sampled_from([*often * 4, *task.answers]))
        by = data.draw(st.sampled_from(PEOPLE))
        version = data.draw(st.sampled_from([None, self.desk.run.steps[task.path].version]))
        values = good_values(self.desk, task) if word is Answer.DONE else {}
        command = c.AnswerTask(
            **self.desk.by(by), path=task.path, answer=word, note="because", values=values, version=version
        )
        events = self.take(command)
        if word is not Answer.APPROVE or by not in [vote.by for vote in task.votes]:
            assert events, f"{command} was refused, though {task} accepts it"

    # --- what is odd ---------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def said_again(self, data: st.DataObject) -> None:
        """The host says again what it said before: a report counts once."""
        command = data.draw(st.sampled_from(self.sent[-12:] or [c.Admit(**self.desk.server())]))
        events = self.take(command)
        if isinstance(command, c.AttemptReported):
            assert events == [], f"{command} counted twice"

    @rule(data=st.data(), word=st.sampled_from(Answer), by=st.sampled_from(PEOPLE), behind=st.integers(0, 3))
    def wild_answer(self, data: st.DataObject, word: Answer, by: str, behind: int) -> None:
        """Any word to any step, as seen some events ago or not at all, with values or without."""
        path = data.draw(st.sampled_from([*self.desk.run.order, "nowhere"]))
        step = self.desk.run.steps.get(path)
        version = None if step is None or behind == 3 else step.version - behind
        values: dict[str, Any] = data.draw(
            st.sampled_from([{}, {"port": "x"}, {"port": 5}, {"version": "1"}, {"odd": True}])
        )
        note = data.draw(st.sampled_from([None, "because"]))
        stale = version is not None and step is not None and version != step.version
        command = c.AnswerTask(**self.desk.by(by), path=path, answer=word, note=note, version=version, values=values)
        events = self.take(command)
        assert not (stale and events), f"{command} was drawn from an older version and still counted"

    @precondition(lambda self: self.desk.run.ended is None or len(self.sent) % 3 == 0)
    @rule(data=st.data(), what=st.sampled_from(INTERFERES))
    def an_operator_interferes(self, data: st.DataObject, what: str) -> None:
        by = self.desk.by(data.draw(st.sampled_from(PEOPLE)))
        path = data.draw(st.sampled_from([*self.desk.run.order, self.desk.run.cursor or "nowhere"]))
        command: c.AnyCommand
        match what:
            case "pause":
                command = c.Pause(**by)
            case "resume":
                command = c.Resume(**by)
            case "cancel":
                command = c.Cancel(**by, stop=data.draw(st.booleans()))
            case "stop":
                command = c.Cancel(**by, path=path, stop=True)
            case "jump":
                command = c.Jump(**by, path=path, reason="better so")
            case "skip":
                command = c.Skip(**by, path=path, reason="not today")
            case "rollback_to":
                command = c.Rollback(**by, to=path)
            case _:
                command = c.Rollback(**by, lock_holder=data.draw(st.sampled_from([None, 8])))
        self.take(command)

    # --- at the end ----------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if self.desk.maybe is None:
            return
        self.the_journal_and_the_snapshot_restore_the_run()
        oblige(self.desk)
        self.the_journal_and_the_snapshot_restore_the_run()

    def the_journal_and_the_snapshot_restore_the_run(self) -> None:
        assert fold(self.desk.journal) == self.desk.run
        assert _RUN.decode(msgspec.msgpack.encode(self.desk.run)) == self.desk.run


def oblige(desk: WatchedDesk, turns: int = 3_000) -> None:
    """From wherever a run stands, an outside that means well brings it to its end."""
    for _ in range(turns):
        if desk.run.ended is not None:
            return
        command = obliging(desk)
        events = desk.send(command)
        assert events, f"{command} led to nothing, and the run stands still\n{desk.story()}"
    raise AssertionError(f"the run did not end within {turns} turns\n{desk.story()}")


def obliging(desk: WatchedDesk) -> c.AnyCommand:
    """What an outside that means well would say next."""
    run = desk.run
    if run.queued_behind is not None:
        return c.Admit(**desk.server())
    for task in run.tasks.values():
        return _kind_answer(desk, task.path)
    for action in due(run):
        match action:
            case Prepare(path=path, visit=visit):
                return desk.rendered(path, visit)
            case Attend():
                return desk.report(action, _kind_report(desk, action))
            case SeekSurvivors(path=path, visit=visit):
                return c.SurvivorsReported(**desk.server(), path=path, visit=visit)
            case Look(path=path, visit=visit):
                return c.EvidenceReported(**desk.server(), path=path, visit=visit, evidence=Evidence())
    if run.paused:
        return c.Resume(**desk.by())
    waits = [one for one in due(run) if isinstance(one, Wake)]
    earliest = min(waits, key=lambda one: one.at)
    desk.now = max(desk.now, earliest.at)
    return c.TimerDue(id=desk.id(), who=TIMER, timer=earliest.timer)


def _kind_report(desk: Desk, wanted: Attend) -> AttemptReport:
    desk.times["kind"] = desk.times.get("kind", 0) + 1
    seen = Preview(summary="fine", digest=f"kindly-{desk.times['kind']}")
    previews = wanted.purpose in (Purpose.PREVIEW, Purpose.ROLLBACK_PREVIEW)
    return AttemptReport(
        ending=Ending.EXITED, outcome=Outcome.SUCCEEDED, preview=seen if previews else None, outputs={"port": 80}
    )


_KIND = {
    TaskKind.MANUAL: Answer.DONE,
    TaskKind.APPROVAL: Answer.APPROVE,
    TaskKind.FAILED: Answer.STOP,
    TaskKind.IN_DOUBT: Answer.DONE,
    TaskKind.SURVIVORS: Answer.END_THEM,
    TaskKind.ROLLBACK: Answer.UNDO,
    TaskKind.ROLLBACK_FAILED: Answer.DONE,
    TaskKind.ROLLED_BACK_TO: Answer.STOP,
}


def _kind_answer(desk: Desk, path: str) -> c.AnswerTask:
    task = desk.task(path)
    word = _KIND[task.kind]
    values = good_values(desk, task) if word is Answer.DONE else {}
    by = next(name for name in PEOPLE if name not in [vote.by for vote in task.votes])
    return c.AnswerTask(**desk.by(by), path=path, answer=word, note="because", values=values)


def good_values(desk: Desk, task: Task) -> dict[str, Any]:
    """Values with which a step may be said to be done."""
    plan = desk.book.plan(task.path)
    if task.kind is TaskKind.MANUAL:
        return {"version": "1.2"} if getattr(plan.work, "asks", {}) else {}
    visit = desk.run.visit_of(task.path, task.visit)
    of_undo = visit is not None and visit.doubt is Purpose.ROLLBACK
    asks = task.kind in (TaskKind.FAILED, TaskKind.IN_DOUBT) and not of_undo
    return {"port": 81} if plan.step.outputs and asks else {}


TestOperations = Operations.TestCase
TestOperations.settings = settings(
    max_examples=6_000 if THOROUGH else 150,
    stateful_step_count=80 if THOROUGH else 50,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
