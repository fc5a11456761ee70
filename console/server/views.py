"""A run as clients see it."""

from __future__ import annotations

from collections.abc import Iterable

from console.catalog.plugins import PluginProblem
from console.engine.prepared import AskWork, Prepared
from console.engine.run import Attempt, Run, StepRun, Task, Visit, entry_key
from console.engine.runbook import Step
from console.engine.words import Effect, StepState, TimerPurpose
from console.protocol import (
    AttemptView,
    NoticeView,
    ProblemView,
    RunSummary,
    RunView,
    StepView,
    VoteView,
    WaitingView,
    iso,
)
from console.server.consequences import of_answers


def attempt_view(attempt: Attempt, visit: int) -> AttemptView:
    """One process."""
    report = attempt.report
    started = iso(attempt.started_at) or ""
    if report is None:
        return AttemptView(
            number=attempt.number, visit=visit, purpose=attempt.purpose, state=attempt.state, started_at=started
        )
    return AttemptView(
        number=attempt.number,
        visit=visit,
        purpose=attempt.purpose,
        state=attempt.state,
        started_at=iso(report.started_at) or started,
        ended_at=iso(report.ended_at or attempt.ended_at),
        exit_code=report.exit_code,
        signal=report.signal,
        summary=report.summary,
        output_bytes=report.output.bytes,
        output_lines=report.output.lines,
        output_sha256=report.output.sha256 or None,
        output_lost_bytes=report.output.lost_bytes,
        leftovers=report.leftovers,
        error=report.error,
    )


def step_view(run: Run, step: StepRun) -> StepView:
    """One step, by its latest visit; attempts of all visits."""
    definition = run.definition_of(step.path)
    position = str(run.places[step.path] + 1)
    base = StepView(
        id=definition.id,
        path=step.path,
        position=position,
        title=definition.title or definition.id,
        kind=definition.kind,
        state=step.state,
        version=step.version,
        effect=definition.effect,
    )
    visit = step.now
    if visit is None:
        return base
    prepared = visit.prepared
    entry = run.entries.get(entry_key(step.path, visit.number))
    return StepView(
        id=base.id,
        path=base.path,
        position=position,
        title=base.title,
        kind=base.kind,
        state=step.state,
        version=step.version,
        visit=visit.number,
        outcome=visit.outcome,
        effect=_effect(definition, prepared, visit),
        started_at=iso(visit.started_at or visit.entered_at),
        ended_at=iso(visit.ended_at),
        retry_at=_retry_at(run, step.path),
        summary=visit.summary,
        note=visit.note,
        answered_by=visit.answered_by,
        outputs=visit.outputs,
        answers=visit.answers,
        shown=prepared.shown if prepared else (),
        digest=visit.preview.digest if visit.preview else prepared.digest if prepared else None,
        preview=visit.preview,
        evidence=visit.evidence,
        undo=prepared.undo.shown or (prepared.undo.form.value,) if prepared and prepared.undo else None,
        rollback=entry.state if entry else None,
        attempts=tuple(attempt_view(attempt, one.number) for one in step.visits for attempt in one.attempts),
    )


def _effect(definition: Step, prepared: Prepared | None, visit: Visit) -> Effect | None:
    if visit.preview is not None:
        return visit.preview.effect
    return prepared.effect if prepared is not None else definition.effect


def _retry_at(run: Run, path: str) -> str | None:
    waits = (TimerPurpose.RETRY, TimerPurpose.WAIT)
    return next((iso(timer.at) for timer in run.timers.values() if timer.path == path and timer.purpose in waits), None)


def waiting_view(run: Run, task: Task) -> WaitingView:
    """Something that waits for a person."""
    definition = run.definition_of(task.path)
    visit = run.visit_of(task.path, task.visit)
    work = visit.prepared.work if visit and visit.prepared else None
    ask = work if isinstance(work, AskWork) and task.kind.value == "manual" else None
    entry = run.entries.get(entry_key(task.path, task.visit))
    undoing = task.kind.value.startswith("rollback")
    preview = entry.preview if undoing and entry else visit.preview if visit else None
    return WaitingView(
        run=run.number,
        runbook=run.runbook.id,
        step=task.path,
        title=definition.title or definition.id,
        kind=task.kind,
        answers=task.answers,
        for_=task.people,
        since=iso(task.since) or "",
        due=iso(task.due_at),
        question=task.question,
        asks=ask.asks if ask else definition.outputs if task.kind.value in ("failed", "in_doubt") else {},
        checklist=ask.checklist if ask else (),
        quorum=task.quorum,
        votes=tuple(
            VoteView(by=vote.by, at=iso(vote.at) or "", self_approved=vote.self_approved) for vote in task.votes
        ),
        evidence=task.evidence,
        digest=task.digest,
        version=run.steps[task.path].version,
        preview=preview,
        follows=of_answers(definition, task.kind, task.answers),
    )


def run_summary(run: Run) -> RunSummary:
    """A run as it stands in a list."""
    cursor = run.cursor
    return RunSummary(
        id=run.number,
        runbook=run.runbook.id,
        title=run.runbook.title,
        state=run.state,
        started_by=run.started_by,
        started_at=iso(run.started_at) or "",
        seq=run.seq,
        environment=run.environment,
        ended_at=iso(run.ended_at),
        step=cursor,
        step_position=run.places[cursor] + 1 if cursor else 0,
        step_count=len(run.order),
        waiting=tuple(waiting_view(run, task) for task in run.tasks.values()),
        params=run.parameters,
        late=run.deadline_passed,
    )


def run_view(run: Run, since: int = 0, *, newer: bool = False) -> RunView:
    """A whole run, or what of its steps changed after an event."""
    return RunView(
        id=run.number,
        runbook=run.runbook.id,
        title=run.runbook.title,
        state=run.state,
        params=run.parameters,
        started_by=run.started_by,
        started_at=iso(run.started_at) or "",
        seq=run.seq,
        steps=tuple(step_view(run, step) for step in run.steps.values() if step.version > since or not since),
        waiting=tuple(waiting_view(run, task) for task in run.tasks.values()),
        ended_at=iso(run.ended_at),
        environment=run.environment,
        purpose=run.runbook.purpose,
        source=run.source,
        definition=run.definition,
        newer_definition=newer,
        paused=run.paused,
        cancelling=run.cancelling,
        unattended_rollback=run.runbook.unattended_rollback,
        queued_behind=run.queued_behind,
        deadline_at=iso(run.deadline_at),
        late=run.deadline_passed,
        cursor=run.cursor,
        partial=bool(since),
    )


def plugin_problems(problems: Iterable[PluginProblem]) -> list[ProblemView]:
    """The plugins that could not be loaded."""
    return [
        ProblemView(what=f"The plugin {one.name} cannot be used: {one.message}", where=str(one.folder), mend=one.mend)
        for one in problems
    ]


def notices(run: Run) -> list[NoticeView]:
    """What people were told by a run, oldest first."""
    return [
        NoticeView(at=iso(one.at) or "", to=one.to, message=one.message, run=run.number, step=one.path)
        for one in run.told
    ]


def running_steps(run: Run) -> list[str]:
    """The steps whose processes run now."""
    running = (StepState.RUNNING, StepState.ROLLING_BACK)
    return [path for path in run.order if run.steps[path].state in running]
