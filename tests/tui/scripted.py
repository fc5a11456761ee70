"""A client that answers from memory with the protocol's own structs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from console.client.aio import Link, LinkState
from console.engine.words import (
    RunState,
)
from console.errors import ConsoleError, NotFoundError, RefusedError, ServerUnreachable
from console.protocol import (
    AnswerStep,
    AnyPush,
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
    RunbookView,
    RunView,
    ShowRun,
    ShowRunbook,
    Started,
    StartRun,
    StepPlan,
    StepView,
    Welcome,
)
from tests.view.samples import EARLY, plans, runbook, summary


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
        new = {step.path: replace(step, version=old.seq + 10) for step in steps}
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


def with_everything(*runs: RunView) -> ScriptedClient:
    """A client that knows these runs and the main job's runbook."""
    client = ScriptedClient()
    client.runs = {run.id: run for run in runs}
    client.runbooks = {"provision-environment": runbook()}
    client.plans = {"provision-environment": plans()}
    return client
