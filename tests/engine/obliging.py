"""An outside that means well: from wherever a run stands, it brings the run to its end."""

from __future__ import annotations

from console.engine import commands as c
from console.engine.due import Attend, Look, Prepare, SeekSurvivors, Wake, due
from console.engine.reports import AttemptReport, Evidence, Preview
from console.engine.words import Answer, Ending, Outcome, Purpose, TaskKind
from tests.engine.desk import TIMER, Desk
from tests.engine.lives import PEOPLE, good_values

KIND = {
    TaskKind.MANUAL: Answer.DONE,
    TaskKind.APPROVAL: Answer.APPROVE,
    TaskKind.FAILED: Answer.STOP,
    TaskKind.IN_DOUBT: Answer.DONE,
    TaskKind.SURVIVORS: Answer.END_THEM,
    TaskKind.ROLLBACK: Answer.UNDO,
    TaskKind.ROLLBACK_FAILED: Answer.DONE,
    TaskKind.ROLLED_BACK_TO: Answer.STOP,
}


def oblige(desk: Desk, turns: int = 3_000) -> None:
    """Bring a run to its end; fails when it stands still, or takes too long."""
    for _ in range(turns):
        if desk.run.ended is not None:
            return
        command = _next(desk)
        events = desk.send(command)
        assert events, f"{command} led to nothing, and the run stands still\n{desk.story()}"
    raise AssertionError(f"the run did not end within {turns} turns\n{desk.story()}")


def _next(desk: Desk) -> c.AnyCommand:
    run = desk.run
    if run.queued_behind is not None:
        return c.Admit(**desk.server())
    for task in run.tasks.values():
        return _answer(desk, task.path)
    for action in due(run):
        match action:
            case Prepare(path=path, visit=visit):
                return desk.rendered(path, visit)
            case Attend():
                return desk.report(action, _report(desk, action))
            case SeekSurvivors(path=path, visit=visit):
                return c.SurvivorsReported(**desk.server(), path=path, visit=visit)
            case Look(path=path, visit=visit):
                return c.EvidenceReported(**desk.server(), path=path, visit=visit, evidence=Evidence())
    if run.paused:
        return c.Resume(**desk.by())
    earliest = min((one for one in due(run) if isinstance(one, Wake)), key=lambda one: one.at)
    desk.now = max(desk.now, earliest.at)
    return c.TimerDue(id=desk.id(), who=TIMER, timer=earliest.timer)


def _report(desk: Desk, wanted: Attend) -> AttemptReport:
    desk.times["kind"] = desk.times.get("kind", 0) + 1
    seen = Preview(summary="fine", digest=f"kindly-{desk.times['kind']}")
    previews = wanted.purpose in (Purpose.PREVIEW, Purpose.ROLLBACK_PREVIEW)
    return AttemptReport(
        ending=Ending.EXITED, outcome=Outcome.SUCCEEDED, preview=seen if previews else None, outputs={"port": 80}
    )


def _answer(desk: Desk, path: str) -> c.AnswerTask:
    task = desk.task(path)
    word = KIND[task.kind]
    values = good_values(desk, task) if word is Answer.DONE else {}
    by = next(name for name in PEOPLE if name not in [vote.by for vote in task.votes])
    return c.AnswerTask(**desk.by(by), path=path, answer=word, note="because", values=values)
