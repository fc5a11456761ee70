"""A client that answers from memory with the protocol's own structs, and the samples it answers with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from console.client.aio import Link, LinkState
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
from console.errors import ConsoleError, NotFoundError, RefusedError, ServerUnreachable
from console.protocol import (
    AnswerStep,
    AnyPush,
    AttemptView,
    Changed,
    Done,
    DoRun,
    Grew,
    Line,
    ListRunbooks,
    ListRuns,
    OutputFacts,
    OutputView,
    PlanRun,
    ReadOutput,
    RunbookList,
    RunbookSummary,
    RunbookView,
    RunSummary,
    RunView,
    ShowRun,
    ShowRunbook,
    Started,
    StartRun,
    StepPlan,
    StepView,
    WaitingView,
    Welcome,
)

DIGEST = "9f2c4a71d0b85e3396aa17c2f4e8d5b09c7716f2ab33d1e0457f8c9a6b2d4ee1"
EARLY = "2026-05-01T03:12:00.000Z"


class ScriptedClient:
    """Knows some runs and runbooks; commands are remembered, and answered by `refuse` or taken."""

    def __init__(self) -> None:
        self.runs: dict[int, RunView] = {}
        self.runbooks: dict[str, RunbookView] = {}
        self.plans: dict[str, tuple[StepPlan, ...]] = {}
        self.outputs: dict[tuple[str, int, int], list[str]] = {}
        self.asked: list[Any] = []
        self.refuse: ConsoleError | None = None
        self.taken: Callable[[Any], None] | None = None
        self.link = Link(LinkState.CONNECTING)
        self.started_again = 0
        self._on_push: Callable[[AnyPush], None] = lambda _: None
        self._on_link: Callable[[Link], None] = lambda _: None

    def make(self, on_push: Callable[[AnyPush], None], on_link: Callable[[Link], None]) -> ScriptedClient:
        self._on_push, self._on_link = on_push, on_link
        return self

    # --- what the screens call ---------------------------------------------------------------------------------------

    def open(self) -> None:
        asyncio.get_running_loop().call_soon(self.connect)

    async def close(self) -> None:
        self.link = Link(LinkState.LOST)

    def start_again(self) -> None:
        self.started_again += 1
        self.connect()

    async def watch(self, run: int | None = None) -> None:
        self.asked.append(("watch", run))

    async def ask(self, ask: Any) -> Any:
        await asyncio.sleep(0)
        if self.link.state is not LinkState.CONNECTED:
            raise ServerUnreachable("The server does not answer.", mend="try again")
        self.asked.append(ask)
        match ask:
            case ListRuns():
                return tuple(summary(run) for run in sorted(self.runs.values(), key=lambda run: -run.id))
            case ShowRun(run=number, since=since):
                return self._show(number, since)
            case ListRunbooks():
                return RunbookList(runbooks=tuple(one.summary for one in self.runbooks.values()))
            case ShowRunbook(runbook=name):
                return self.runbooks[name]
            case PlanRun(runbook=name):
                return self.plans[name]
            case ReadOutput():
                return self._output(ask)
        return self._command(ask)

    def _show(self, number: int, since: int) -> RunView:
        if number not in self.runs:
            raise NotFoundError(f"There is no run {number}.", mend="console runs lists them")
        run = self.runs[number]
        if not since:
            return run
        return replace(run, steps=tuple(step for step in run.steps if step.version > since), partial=True)

    def _output(self, ask: ReadOutput) -> OutputView:
        keys = [key for key in self.outputs if key[0] == ask.step]
        if ask.attempt is not None:
            keys = [key for key in keys if key[1:] == (ask.visit, ask.attempt)]
        if not keys:
            raise NotFoundError("It printed nothing.")
        key = max(keys)
        texts = self.outputs[key]
        first = max(0, len(texts) + ask.first) if ask.first < 0 else ask.first
        lines = tuple(
            Line(number=number, at=EARLY, text=texts[number][: ask.width], cut=max(0, len(texts[number]) - ask.width))
            for number in range(first, min(len(texts), first + ask.count))
        )
        total = OutputFacts(bytes=sum(map(len, texts)), lines=len(texts))
        return OutputView(
            run=ask.run, step=ask.step, visit=key[1], attempt=key[2], lines=lines, total=total, complete=False
        )

    def _command(self, ask: Any) -> Any:
        if isinstance(ask, AnswerStep):
            run = self.runs[ask.run]
            step = next(step for step in run.steps if step.path == ask.step)
            if ask.version is not None and ask.version != step.version:
                raise RefusedError(
                    f"{ask.step} changed since you looked at it", mend="look at it again, then answer what you see now"
                )
        if self.refuse is not None:
            raise self.refuse
        if self.taken is not None:
            self.taken(ask)
        if isinstance(ask, StartRun):
            return Started(id=max(self.runs), state=RunState.RUNNING)
        assert isinstance(ask, AnswerStep | DoRun)
        return Done(run=ask.run, seq=self.runs[ask.run].seq, state=self.runs[ask.run].state)

    # --- what a test does --------------------------------------------------------------------------------------------

    def connect(self) -> None:
        self._tell(Link(LinkState.CONNECTED, welcome=Welcome(version=1, server="1", home="/srv/console", name="ana")))

    def lose(self) -> None:
        self._tell(Link(LinkState.LOST, error=ServerUnreachable("The connection was lost."), retry_in=1.0))

    def _tell(self, link: Link) -> None:
        self.link = link
        self._on_link(link)

    def set_run(self, run: RunView) -> None:
        """The run stands like this now; those who watch are told."""
        self.runs[run.id] = run
        if self.link.state is LinkState.CONNECTED:
            self._on_push(Changed(run=run.id, seq=run.seq, state=run.state))

    def change(self, run: int, *steps: StepView, **more: Any) -> None:
        """Steps of a run change, with a new event each."""
        old = self.runs[run]
        new = {step.path: step for step in steps}
        merged = tuple(new.get(step.path, step) for step in old.steps)
        self.set_run(replace(old, steps=merged, seq=old.seq + 10, **more))

    def prints(self, run: int, step: str, *lines: str, visit: int = 1, attempt: int = 1) -> None:
        """An attempt prints."""
        texts = self.outputs.setdefault((step, visit, attempt), [])
        texts.extend(lines)
        size = sum(map(len, texts))
        self._on_push(Grew(run=run, step=step, visit=visit, attempt=attempt, bytes=size, lines=len(texts)))

    def push(self, push: AnyPush) -> None:
        self._on_push(push)

    def commands(self, kind: type[Any]) -> list[Any]:
        return [ask for ask in self.asked if isinstance(ask, kind)]


# --- samples ---------------------------------------------------------------------------------------------------------


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
        parameters=run.params,
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
        ),  # fmt: skip
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
    done = tuple(replace(one, state=StepState.SUCCEEDED, visit=1) for one in run.steps[:4])
    task = waiting(
        "qa", TaskKind.MANUAL, Answer.DONE, Answer.NOT_DONE, version=15,
        question="Open http://127.0.0.1:18080/ and check the version in the footer.",
        checklist=("The page loads", "The version is right"),
        asks={"version": Field(type=ParameterType.STRING, help="The version you saw", pattern=r"[0-9.]+")},
    )  # fmt: skip
    return replace(run, steps=(*done, step("qa", 5, StepState.WAITING, "manual"), run.steps[5]), waiting=(task,))


def at_failure() -> RunView:
    """The main job after the playbook failed."""
    run = provision(RunState.WAITING, cursor="configure")
    done = replace(run.steps[0], state=StepState.SUCCEEDED)
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
        StepPlan(id="network", title="Create the network", kind="terraform", effect=Effect.CHANGES,
                 shown=("terraform plan -out=plan", "terraform apply plan"), undo="terraform: previous"),
        StepPlan(id="security-review", title="Security review", kind="approval", effect=Effect.READS,
                 approval=("security",)),
        StepPlan(id="healthy", title="The service answers", kind="shell", effect=Effect.READS,
                 shown=('curl -fsS "http://127.0.0.1:$PORT/healthz"',)),
    )  # fmt: skip


def with_everything(*runs: RunView) -> ScriptedClient:
    """A client that knows these runs and the main job's runbook."""
    client = ScriptedClient()
    client.runs = {run.id: run for run in runs}
    client.runbooks = {"provision-environment": runbook()}
    client.plans = {"provision-environment": plans()}
    return client
