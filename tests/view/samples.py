"""Runs, steps and tasks as a server shows them: the main job at the places where it stands still."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from console.engine.reports import Change, Preview
from console.engine.runbook import Field, ParameterType
from console.engine.words import (
    Answer,
    AttemptState,
    Effect,
    Outcome,
    Purpose,
    RollbackState,
    RunState,
    StepState,
    TaskKind,
)
from console.protocol import (
    AttemptView,
    RunbookSummary,
    RunbookView,
    RunSummary,
    RunView,
    StepPlan,
    StepView,
    WaitingView,
)

DIGEST = "9f2c4a71d0b85e3396aa17c2f4e8d5b09c7716f2ab33d1e0457f8c9a6b2d4ee1"
EARLY = "2026-05-01T03:12:00.000Z"
NOW = 1_777_605_192.0  # 2026-05-01T03:13:12Z


def summary(run: RunView) -> RunSummary:
    at = next((number for number, step in enumerate(run.steps, start=1) if step.path == run.cursor), 0)
    return RunSummary(
        id=run.id,
        runbook=run.runbook,
        title=run.title,
        state=run.state,
        started_by=run.started_by,
        started_at=run.started_at,
        seq=run.seq,
        environment=run.environment,
        ended_at=run.ended_at,
        step=run.cursor,
        step_position=at,
        step_count=len(run.steps),
        waiting=run.waiting,
        params=run.params,
        late=run.late,
    )


def attempt(number: int = 1, purpose: Purpose = Purpose.APPLY, *, running: bool = False, exit_code: int = 0,
            lines: int = 0) -> AttemptView:  # fmt: skip
    return AttemptView(
        number=number,
        visit=1,
        purpose=purpose,
        state=AttemptState.RUNNING if running else AttemptState.FAILED if exit_code else AttemptState.SUCCEEDED,
        started_at="2026-05-01T03:12:01.000Z",
        ended_at=None if running else "2026-05-01T03:12:09.000Z",
        exit_code=None if running else exit_code,
        output_lines=lines,
    )


def step(name: str, position: int, state: StepState, kind: str = "shell", **more: Any) -> StepView:
    begun = state is not StepState.PENDING
    ended = begun and state not in (StepState.RUNNING, StepState.WAITING, StepState.IN_DOUBT)
    fields: dict[str, Any] = {
        "id": name,
        "path": name,
        "position": str(position),
        "title": name.replace("-", " ").capitalize(),
        "kind": kind,
        "state": state,
        "version": 10 + position,
        "visit": 1 if begun else 0,
        "started_at": EARLY if begun else None,
        "ended_at": "2026-05-01T03:12:38.000Z" if ended else None,
        "outcome": Outcome.SUCCEEDED if state is StepState.SUCCEEDED else None,
    }
    return StepView(**(fields | more))


def preview(destroyed: int = 0) -> Preview:
    changes = [
        Change(action="add", target="terraform_data.port"),
        Change(action="change", target="terraform_data.directory", detail="input"),
    ]
    changes += [Change(action="destroy", target=f"terraform_data.old[{number}]") for number in range(destroyed)]
    return Preview(
        summary=f"{destroyed} to destroy, 1 to change, 1 to add" if destroyed else "1 to change, 1 to add",
        digest=DIGEST,
        effect=Effect.DESTROYS if destroyed else Effect.CHANGES,
        added=1,
        changed=1,
        destroyed=destroyed,
        changes=tuple(changes),
    )


def waiting(name: str, kind: TaskKind, *answers: Answer, **more: Any) -> WaitingView:
    fields: dict[str, Any] = {
        "run": 42,
        "runbook": "provision-environment",
        "step": name,
        "title": name.replace("-", " ").capitalize(),
        "kind": kind,
        "answers": answers,
        "for_": ("security",),
        "since": "2026-05-01T03:13:00.000Z",
        "question": "Is the network of demo acceptable?",
        "version": 12,
    }
    return WaitingView(**(fields | more))


def provision(state: RunState = RunState.RUNNING, *, run: int = 42, **more: Any) -> RunView:
    """The main job in the middle of its first step."""
    steps = (
        step(
            "network",
            1,
            StepState.RUNNING,
            "terraform",
            attempts=(attempt(running=True),),
            preview=preview(),
            shown=("terraform plan -out plan", "terraform apply plan"),
            digest=DIGEST,
            undo=("terraform: previous",),
            rollback=RollbackState.STANDING,
        ),
        step("security-review", 2, StepState.PENDING, "approval"),
        step("configure", 3, StepState.PENDING, "ansible"),
        step("healthy", 4, StepState.PENDING, "shell"),
        step("qa", 5, StepState.PENDING, "manual"),
        step("tell", 6, StepState.PENDING, "notify"),
    )
    fields: dict[str, Any] = {
        "id": run,
        "runbook": "provision-environment",
        "title": "Provision a new environment",
        "state": state,
        "params": {"name": "demo", "size": "small"},
        "started_by": "ana",
        "started_at": EARLY,
        "seq": 100,
        "steps": steps,
        "environment": "staging",
        "cursor": "network",
    }
    return RunView(**(fields | more))


def at_approval(*, destroyed: int = 0) -> RunView:
    """The main job where security is asked."""
    run = provision(RunState.WAITING, cursor="security-review")
    network = replace(
        run.steps[0],
        state=StepState.SUCCEEDED,
        ended_at="2026-05-01T03:12:38.000Z",
        attempts=(attempt(1, Purpose.PREVIEW, lines=40), attempt(2, lines=320)),
        outputs={"port": 18080},
        preview=preview(destroyed),
    )
    review = step("security-review", 2, StepState.WAITING, "approval")
    task = waiting(
        "security-review", TaskKind.APPROVAL, Answer.APPROVE, Answer.REJECT, evidence=("network",), digest=DIGEST
    )
    return replace(run, steps=(network, review, *run.steps[2:]), waiting=(task,))


def at_manual() -> RunView:
    """The main job where QA looks at it."""
    run = provision(RunState.WAITING, cursor="qa")
    done = tuple(replace(one, state=StepState.SUCCEEDED, visit=1, attempts=()) for one in run.steps[:4])
    task = waiting(
        "qa",
        TaskKind.MANUAL,
        Answer.DONE,
        Answer.NOT_DONE,
        version=15,
        question="Open http://127.0.0.1:18080/ and check the version in the footer.",
        checklist=("The page loads", "The version is right"),
        asks={"version": Field(type=ParameterType.STRING, help="The version you saw", pattern=r"[0-9.]+")},
    )
    return replace(run, steps=(*done, step("qa", 5, StepState.WAITING, "manual"), run.steps[5]), waiting=(task,))


def at_failure() -> RunView:
    """The main job after the playbook failed."""
    run = provision(RunState.WAITING, cursor="configure")
    done = replace(run.steps[0], state=StepState.SUCCEEDED, attempts=(attempt(lines=320),))
    review = step("security-review", 2, StepState.SUCCEEDED, "approval", answered_by="ben")
    failed = step("configure", 3, StepState.FAILED, "ansible", attempts=(attempt(exit_code=2, lines=12),),
                  summary="1 of 12 hosts failed", outcome=Outcome.FAILED)  # fmt: skip
    task = waiting("configure", TaskKind.FAILED, Answer.RETRY, Answer.SKIP, Answer.DONE, Answer.ROLLBACK, Answer.STOP,
                   version=13, for_=("ana",), question="Configure: failed. How to go on?")  # fmt: skip
    return replace(run, steps=(done, review, failed, *run.steps[3:]), waiting=(task,))


def runbook() -> RunbookView:
    """The main job's runbook."""
    return RunbookView(
        summary=RunbookSummary(
            id="provision-environment",
            title="Provision a new environment",
            source="runbooks/provision-environment.yaml",
            risk=Effect.CHANGES,
            purpose="Network, approval by security, configuration, QA, and a note to whoever asked.",
            owner="platform-team",
            tags=("terraform", "ansible"),
            environment="staging",
        ),
        parameters={
            "name": Field(type=ParameterType.STRING, pattern="[a-z][a-z0-9-]{2,20}", help="Name of the environment"),
            "size": Field(type=ParameterType.CHOICE, choices=("small", "large"), default="small"),
        },
        steps=plans(),
        when_not="Do not use it to change an environment that serves traffic.",
        contact="#platform-oncall",
        unattended_rollback=True,
        verdict="A workflow: it waits for people and can be undone.",
    )


def plans() -> tuple[StepPlan, ...]:
    return (
        StepPlan(
            id="network",
            title="Create the network",
            kind="terraform",
            effect=Effect.CHANGES,
            shown=("terraform plan -out=plan", "terraform apply plan"),
            undo="terraform: previous",
        ),
        StepPlan(
            id="security-review", title="Security review", kind="approval", effect=Effect.READS, approval=("security",)
        ),
        StepPlan(
            id="healthy",
            title="The service answers",
            kind="shell",
            effect=Effect.READS,
            shown=('curl -fsS "http://127.0.0.1:$PORT/healthz"',),
        ),
    )
