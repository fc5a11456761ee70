"""Bodies as a server sends them, with hostile text where text from outside stands."""

from __future__ import annotations

from console.engine.words import Answer, AttemptState, Effect, Outcome, Purpose, RunState, StepState, TaskKind
from console.protocol import (
    AttemptView,
    RunbookList,
    RunbookSummary,
    RunSummary,
    RunView,
    StepView,
    WaitingView,
)

EVIL = "evil\x1b]52;c;cm0=\x07\x9b31m\u202ename"


def attempt(
    number: int = 1, state: AttemptState = AttemptState.SUCCEEDED, purpose: Purpose = Purpose.APPLY
) -> AttemptView:
    ended = None if state is AttemptState.RUNNING else "2026-05-01T03:12:09.000Z"
    return AttemptView(
        number=number,
        visit=1,
        purpose=purpose,
        state=state,
        started_at="2026-05-01T03:12:01.000Z",
        ended_at=ended,
        exit_code=None if ended is None else 0 if state is AttemptState.SUCCEEDED else 3,
        output_lines=12,
        output_bytes=340,
    )


def step(name: str, state: StepState, *attempts: AttemptView, version: int = 1, title: str = "") -> StepView:
    begun = state is not StepState.PENDING
    ended = begun and state not in (StepState.RUNNING, StepState.WAITING)
    return StepView(
        id=name,
        path=name,
        position="1",
        title=title or f"Title of {name}",
        kind="shell",
        state=state,
        version=version,
        visit=1 if begun else 0,
        outcome=Outcome.SUCCEEDED if state is StepState.SUCCEEDED else None,
        started_at="2026-05-01T03:12:01.000Z" if begun else None,
        ended_at="2026-05-01T03:12:09.000Z" if ended else None,
        summary="exit 0" if state is StepState.SUCCEEDED else "",
        attempts=attempts,
    )


def waiting(
    name: str = "review", kind: TaskKind = TaskKind.APPROVAL, *answers: Answer, version: int = 3
) -> WaitingView:
    return WaitingView(
        run=42,
        runbook="provision",
        step=name,
        title=f"Title of {name}",
        kind=kind,
        answers=answers or (Answer.APPROVE, Answer.REJECT),
        for_=("security",),
        since="2026-05-01T03:12:10.000Z",
        question="Is the network acceptable?",
        version=version,
    )


def run_view(state: RunState = RunState.SUCCEEDED, *steps: StepView, seq: int = 9, **more: object) -> RunView:
    ended = state in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK)
    fields: dict[str, object] = {
        "id": 42,
        "runbook": "provision",
        "title": "Provision an environment",
        "state": state,
        "params": {"name": "demo"},
        "started_by": "ana",
        "started_at": "2026-05-01T03:12:00.000Z",
        "ended_at": "2026-05-01T03:15:12.000Z" if ended else None,
        "seq": seq,
        "steps": steps or (step("network", StepState.SUCCEEDED, attempt()),),
    }
    return RunView(**(fields | more))  # type: ignore[arg-type]


def summary(
    number: int = 42, state: RunState = RunState.SUCCEEDED, *tasks: WaitingView, title: str = "Provision"
) -> RunSummary:
    return RunSummary(
        id=number,
        runbook="provision",
        title=title,
        state=state,
        started_by="ana",
        started_at="2026-05-01T03:12:00.000Z",
        seq=9,
        step="network",
        step_position=1,
        step_count=3,
        waiting=tasks,
    )


def runbooks() -> RunbookList:
    return RunbookList(
        runbooks=(RunbookSummary(id="provision", title="Provision", source="/r/p.yaml", risk=Effect.CHANGES),)
    )
