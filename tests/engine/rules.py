"""The rules that hold always, one function each. An event is checked against the facts before it; a turn after it."""

from __future__ import annotations

from console.engine import events as e
from console.engine.due import Attend, Prepare, SeekSurvivors, Wake, due
from console.engine.prepared import ApprovalWork, AskWork, ProcessWork, TellWork, WaitWork
from console.engine.run import Run, entry_key
from console.engine.runbook import UndoForm
from console.engine.words import Answer, Outcome, Purpose, RollbackState, RunState, StepState, TaskKind, TimerPurpose
from tests.engine.facts import Facts, Passage, Turn

STARTS = (Purpose.PREVIEW, Purpose.APPLY, Purpose.ROLLBACK_PREVIEW, Purpose.ROLLBACK)


# --- of each event -----------------------------------------------------------------------------------------------


def rule_1_an_attempt_is_recorded_once_and_alone(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.AttemptStarted):
        assert (event.path, event.visit, event.attempt) not in facts.attempts, f"{event} starts a second time"
        assert not facts.running, f"{event} starts beside {facts.running}"
    if isinstance(event, e.AttemptEnded | e.AttemptInDoubt):
        assert facts.running.get((event.path, event.visit)) == (event.attempt, event.purpose), event


def rule_2_what_harms_twice_is_not_started_again_while_its_outcome_is_unknown(
    facts: Facts, recorded: e.Recorded
) -> None:
    event = recorded.event
    if isinstance(event, e.AttemptStarted) and event.purpose is Purpose.APPLY:
        prepared = facts.at(event).prepared
        assert prepared is not None
        if not prepared.repeatable:
            assert event.path not in facts.unknown, f"{event}: nobody said what became of the last one"
    if isinstance(event, e.RetryBegan) and not event.rendered_anew:
        prepared = facts.at(event).prepared
        assert prepared is not None
        assert prepared.repeatable, f"{event}: by itself, of what does harm when done twice"


def rule_3_an_answer_counts_once(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.TaskOpened):
        assert event.task not in facts.votes, f"{event} has the number of an earlier task"
        assert all(task.path != event.path for task in facts.tasks.values()), f"{event.path} asks two things at once"
        assert event.answers, f"{event} accepts no answer"
        assert event.people, f"{event} asks nobody"
    if isinstance(event, e.TaskAnswered):
        assert event.task in facts.tasks, f"{event} answers what is not asked"
        assert event.answer in facts.tasks[event.task].answers, event
        votes = facts.votes[event.task]
        if event.answer is Answer.APPROVE:
            assert event.by not in votes, f"{event.by} approves twice"
        enough = len(votes) + 1 >= facts.tasks[event.task].quorum
        assert event.closes is (enough or event.answer is not Answer.APPROVE), event
    if isinstance(event, e.TaskClosed):
        assert event.task in facts.tasks, f"{event} closes what is not open"


def rule_4_nothing_is_green_that_did_not_succeed(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.StepEnded) and event.state is StepState.SUCCEEDED:
        assert event.outcome is Outcome.SUCCEEDED, event
        assert _succeeded(facts, facts.at(event), recorded), f"{event}: what would make it so?"
    if isinstance(event, e.StepSkipped) and not event.ahead:
        assert facts.at(event).ended not in (StepState.SUCCEEDED, StepState.DONE_BY_HAND), f"{event} was done"
    if isinstance(event, e.StepEnded) and event.state is StepState.DONE_BY_HAND:
        answered = facts.at(event).answered
        assert answered is not None, event
        assert answered.answer is Answer.DONE, event
    if isinstance(event, e.RunEnded) and event.state is RunState.SUCCEEDED and facts.cursor is not None:
        passage = facts.now(facts.cursor)
        assert passage is not None, "it ended on a step that had not"
        assert passage.ended is not None, "it ended on a step that had not"
        step = facts.book.plan(facts.cursor).step
        willed = passage.outcome is not None and passage.outcome in step.then
        assert willed or passage.outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED), event
    if isinstance(event, e.RunEnded) and event.state is RunState.ROLLED_BACK:
        assert not facts.standing, f"rolled back, and yet {facts.standing} stands"


def _succeeded(facts: Facts, passage: Passage, recorded: e.Recorded) -> bool:
    assert passage.prepared is not None
    match passage.prepared.work:
        case ProcessWork():
            return passage.applies[-1:] == ["succeeded"]
        case AskWork():
            return passage.answered is not None and passage.answered.answer is Answer.DONE
        case ApprovalWork():
            return passage.approved is not None
        case WaitWork(until=until):
            return recorded.at >= until
        case TellWork():
            return passage.told


def rule_5_rolling_back_covers_all_that_started_newest_first(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    match event:
        case e.RollbackBegan():
            target = facts.now(event.to) if event.to is not None else None
            since = target.entered_seq if target is not None else 0
            covered = [key for key in facts.standing if facts.passages[key].entered_seq > since]
            assert list(event.paths) == covered, f"{event} does not cover {covered}"
            if event.to is not None:
                _lies_behind(facts, event.to)
            assert not facts.doubt, f"{event}, but {facts.doubt} is in doubt"
            assert not facts.running, event
            for key in covered:
                undo = facts.passages[key].undo
                assert undo is not None, f"{event} goes past {key}: {undo}"
                assert undo.form is UndoForm.STEP, f"{event} goes past {key}: {undo}"
        case e.AttemptStarted(purpose=Purpose.ROLLBACK | Purpose.ROLLBACK_PREVIEW):
            assert (facts.rolling or [("", 0)])[0] == (event.path, event.visit), f"{event} is out of order"
            passage = facts.at(event)
            unattended = facts.unattended or (passage.undo is not None and passage.undo.unattended)
            if event.purpose is Purpose.ROLLBACK:
                assert unattended or passage.undo_confirmed, f"{event}: nobody said so"
        case e.RollbackSettled():
            assert (facts.rolling or [("", 0)])[0] == (event.path, event.visit), f"{event} is out of order"
            _settled(facts.at(event), event)
        case e.RollbackDropped():
            answered = facts.at(event).answered
            assert answered is not None, event
            assert answered.answer is Answer.NOT_DONE, event
            assert facts.at(event).begun == 1, f"{event}, but an earlier attempt of it ran"
        case e.RollbackEnded():
            assert not facts.rolling, f"{event}, but {facts.rolling} is not dealt with"


def _lies_behind(facts: Facts, to: str) -> None:
    order = [plan.step.id for plan in facts.book.plans]
    assert facts.cursor is not None
    assert order.index(to) < order.index(facts.cursor), f"{to} does not lie behind {facts.cursor}"
    gone = [RollbackState.UNDONE, RollbackState.BY_HAND]
    assert facts.entries.get((to, facts.latest[to])) not in gone, f"{to} was undone itself"


def _settled(passage: Passage, event: e.RollbackSettled) -> None:
    if event.state is RollbackState.UNDONE:
        assert passage.undos[-1:] == ["succeeded"], f"{event}: {passage.undos}"
        return
    wanted = Answer.DONE if event.state is RollbackState.BY_HAND else Answer.LEAVE
    assert passage.answered is not None, f"{event}: {passage.answered}"
    assert passage.answered.answer is wanted, f"{event}: {passage.answered}"


def rule_6_what_runs_is_what_was_shown(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if not isinstance(event, e.AttemptStarted):
        return
    passage = facts.at(event)
    prepared = passage.prepared
    match event.purpose:
        case Purpose.APPLY:
            assert prepared is not None, event
            assert isinstance(prepared.work, ProcessWork), event
            if prepared.work.previews:
                assert passage.seen is not None, f"{event} was not previewed"
            assert event.digest == (passage.seen or prepared.digest), event
            if facts.book.plan(event.path).step.approve is not None:
                assert event.digest == passage.approved, f"{event}: what was approved is {passage.approved}"
        case Purpose.PREVIEW:
            assert prepared is not None, event
            assert event.digest == prepared.digest, event
        case Purpose.ROLLBACK:
            assert passage.undo is not None
            if passage.undo.previews:
                assert passage.undo_seen is not None, f"{event} was not previewed"
            assert event.digest == (passage.undo_seen or passage.undo.digest), event


def rule_8_every_event_says_when_and_stands_in_its_place(facts: Facts, recorded: e.Recorded) -> None:
    assert recorded.seq == facts.seq + 1, recorded
    assert recorded.stream == "run/1"
    assert recorded.at > 0
    assert recorded.who.name


def rule_9_survivors_are_sought_before_the_next_start(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.AttemptStarted) and event.purpose in STARTS:
        assert event.path not in facts.suspect, f"{event}: something of an earlier attempt may still run"


def approvals_are_never_passed_over(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    order = [plan.step.id for plan in facts.book.plans]
    if isinstance(event, e.StepSkipped) and not event.ahead and event.why != "when":
        assert not _wants(facts, event.path), f"{event} passes over an approval"
    if isinstance(event, e.StepSkipped) and event.ahead:
        assert not _has_approval(facts, event.path), f"{event} would pass over an approval"
    if isinstance(event, e.StepEnded) and event.state is StepState.DONE_BY_HAND:
        assert not _wants(facts, event.path), f"{event} marks an approval as done"
    if isinstance(event, e.Jumped):
        here, there = order.index(event.path), order.index(event.to)
        assert not any(_has_approval(facts, path) for path in order[here + 1 : there]), f"{event} crosses an approval"
        if there > here:
            assert not _wants(facts, event.path), f"{event} leaves an approval behind"
    if isinstance(event, e.StepEntered) and facts.cursor is not None and facts.jumping_to is None:
        assert event.path == order[order.index(facts.cursor) + 1], f"{event} does not follow {facts.cursor}"
        assert not _wants(facts, facts.cursor), f"{event} passes over {facts.cursor}"


def _has_approval(facts: Facts, path: str) -> bool:
    step = facts.book.plan(path).step
    return step.kind == "approval" or step.approve is not None


def _wants(facts: Facts, path: str) -> bool:
    """Whether the latest visit of a step still lacks its approval."""
    passage = facts.now(path)
    if not _has_approval(facts, path) or (passage is not None and passage.skipped == "when"):
        return False
    return passage is None or passage.approved is None


def nothing_new_starts_in_a_run_that_is_held(facts: Facts, recorded: e.Recorded) -> None:
    event = recorded.event
    if isinstance(event, e.AttemptStarted) and event.purpose is not Purpose.DISCOVER:
        assert not facts.paused, f"{event} in a paused run"
        assert not facts.cancelling, f"{event} in a run that is being cancelled"
        assert not facts.queued, f"{event} in a run that waits for its lock"
    if facts.ended:
        assert isinstance(event, e.RollbackBegan), f"{event} after the end"
    if isinstance(event, e.CancelAsked | e.Jumped | e.StepEntered | e.RunEnded):
        assert facts.rolling is None, f"{event} while the run is rolled back"


def no_run_ends_while_something_runs_or_is_in_doubt(facts: Facts, recorded: e.Recorded) -> None:
    if isinstance(recorded.event, e.RunEnded):
        assert not facts.running, f"it ended while {facts.running} ran"
        assert not facts.doubt, f"it ended while {facts.doubt} was in doubt"
        assert not facts.tasks, f"it ended while {facts.tasks} waited for an answer"


# --- of each turn ------------------------------------------------------------------------------------------------


def rule_1_only_what_is_recorded_is_attended(facts: Facts, turn: Turn) -> None:
    attended = {(one.path, one.visit): (one.attempt, one.purpose) for one in due(turn.run) if isinstance(one, Attend)}
    assert attended == facts.running, "what is to run is not what was recorded to have started"


def rule_4_the_state_shows_no_success_without_one(facts: Facts, turn: Turn) -> None:
    for path, step in turn.run.steps.items():
        for visit in step.visits:
            if visit.state is StepState.SUCCEEDED:
                assert facts.passages[path, visit.number].ended is StepState.SUCCEEDED, f"{path} {visit.number}"


def rule_5_no_entry_is_lost(facts: Facts, turn: Turn) -> None:
    entries = [(one.path, one.visit) for one in reversed(turn.run.entries.values()) if not one.undone]
    assert entries == facts.standing
    for path, number in entries:
        pinned = facts.passages[path, number].undo
        assert turn.run.entries[entry_key(path, number)].undo == pinned, "the undo is not the one pinned at the start"


def rule_7_waiting_is_always_explained(facts: Facts, turn: Turn) -> None:
    run = turn.run
    for task in run.tasks.values():
        assert task.people, task
        assert task.answers, task
        assert task.since <= turn.recorded[-1].at, task
        if task.due_at is not None:
            assert any(timer.task == task.id and timer.at == task.due_at for timer in run.timers.values()), task
    explained = run.ended is not None or explanation(run)
    assert explained, f"nobody knows what the run waits for: it is {run.state.value} at {run.cursor}"


def explanation(run: Run) -> str:
    """What a run that has not ended waits for."""
    if run.queued_behind is not None:
        return "the lock"
    if run.tasks:
        return "a person"
    for action in due(run):
        if not isinstance(action, Wake) or run.timers[action.timer].purpose in (TimerPurpose.WAIT, TimerPurpose.RETRY):
            return str(action)
    return "resuming" if run.paused else ""


def rule_8_every_event_says_who_and_for_what_cause(facts: Facts, turn: Turn) -> None:
    for one in turn.recorded:
        assert (one.who, one.cause) == (turn.command.who, turn.command.id), one


def rule_10_the_version_of_a_step_changes_with_it_and_only_with_it(facts: Facts, turn: Turn) -> None:
    versions = {path: step.version for path, step in turn.run.steps.items() if step.version}
    assert versions == facts.versions


def timers_are_set_for_what_is_waited_for(facts: Facts, turn: Turn) -> None:
    run = turn.run
    for timer in run.timers.values():
        visit = run.visit_of(timer.path, timer.visit) if timer.path is not None else None
        match timer.purpose:
            case TimerPurpose.TASK:
                assert timer.task in run.tasks, f"{timer} is of a question that nobody asks any more"
            case TimerPurpose.WAIT | TimerPurpose.RETRY:
                assert visit is not None, timer
                assert visit.state is StepState.WAITING, f"{timer}, but the step is {visit.state.value}"
            case TimerPurpose.WITHIN:
                assert visit is not None, timer
                assert visit.ended_at is None, f"{timer} is of a visit that is over"


def the_state_is_derived_from_what_is_so(facts: Facts, turn: Turn) -> None:
    run = turn.run
    if facts.doubt:
        assert run.state is RunState.IN_DOUBT, f"{facts.doubt} is in doubt, but the run is {run.state.value}"
    if run.state is RunState.IN_DOUBT:
        assert facts.doubt, "the run is in doubt, but nothing of it is"
    assert {task.id for task in run.tasks.values()} == set(facts.tasks), "tasks are open that should not be"
    open_at = {(task.path, task.visit): task.id for task in run.tasks.values()}
    for path, step in run.steps.items():
        for visit in step.visits:
            assert visit.task == open_at.get((path, visit.number)), f"{path} {visit.number} asks {visit.task}"
    assert (run.ended is not None) is facts.ended
    assert run.paused is facts.paused
    if run.paused:
        assert not [one for one in due(run) if isinstance(one, Prepare | SeekSurvivors)], "a paused run begins nothing"
    if any(task.kind is TaskKind.IN_DOUBT for task in run.tasks.values()):
        assert facts.doubt, "somebody is asked about a doubt that is none"


OF_EVENTS = (
    rule_1_an_attempt_is_recorded_once_and_alone,
    rule_2_what_harms_twice_is_not_started_again_while_its_outcome_is_unknown,
    rule_3_an_answer_counts_once,
    rule_4_nothing_is_green_that_did_not_succeed,
    rule_5_rolling_back_covers_all_that_started_newest_first,
    rule_6_what_runs_is_what_was_shown,
    rule_8_every_event_says_when_and_stands_in_its_place,
    rule_9_survivors_are_sought_before_the_next_start,
    approvals_are_never_passed_over,
    nothing_new_starts_in_a_run_that_is_held,
    no_run_ends_while_something_runs_or_is_in_doubt,
)
OF_TURNS = (
    rule_1_only_what_is_recorded_is_attended,
    rule_4_the_state_shows_no_success_without_one,
    rule_5_no_entry_is_lost,
    rule_7_waiting_is_always_explained,
    rule_8_every_event_says_who_and_for_what_cause,
    rule_10_the_version_of_a_step_changes_with_it_and_only_with_it,
    timers_are_set_for_what_is_waited_for,
    the_state_is_derived_from_what_is_so,
)
