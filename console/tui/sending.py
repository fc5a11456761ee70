"""How the application sends commands: at once said to be sent, later that they were taken, or why not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

from textual.app import App

from console.engine.words import Answer
from console.errors import ConsoleError
from console.protocol import AnswerStep, Done, DoRun, WaitingView
from console.tui.desk import Desk
from console.view.sanitise import line as clean

UNSENT_SECONDS = 1.5
Said = tuple[tuple[str, str], ...]


class Sending(App[int]):
    """The part of the application that asks things of the server beside the keys."""

    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.unanswered = False
        self._said: Said = ()
        self._sending: set[asyncio.Task[None]] = set()
        self._reading: set[asyncio.Task[None]] = set()

    def say(self, text: str, role: str = "") -> None:
        """Show a notice. The text is our own, or has been through the sanitiser."""
        self._show((text, role))

    def say_error(self, problem: ConsoleError) -> None:
        """Show what failed, what is unaffected, and what to do next."""
        heading = "Refused:" if problem.code == "refused" else "Failed:"
        texts = [(f"{heading} {clean(problem.message, limit=400)}", "error")]
        if problem.mend:
            texts.append((f"What to do: {clean(problem.mend, limit=300)}", ""))
        if problem.unaffected:
            texts.append((f"Unaffected: {clean(problem.unaffected, limit=200)}", "dim"))
        self._show(*texts)

    def _show(self, *texts: tuple[str, str]) -> None:
        self._said = texts
        self.show_said()

    def show_said(self) -> None:
        """Show the last notice on the screen that is on top."""
        raise NotImplementedError

    def start_task(self, work: Awaitable[None], *, command: bool = False) -> None:
        """Do something beside the keys; a ConsoleError of it is shown. A command is waited for before leaving."""

        async def guarded() -> None:
            try:
                await work
            except ConsoleError as problem:
                self.say_error(problem)
            except Exception as problem:  # noqa: BLE001 - ends the screens with a report, as in any handler
                self._handle_exception(problem)

        task = asyncio.create_task(guarded())
        kept = self._sending if command else self._reading
        kept.add(task)
        task.add_done_callback(kept.discard)

    def send(self, ask: DoRun | AnswerStep, what: str) -> None:
        """Send a command: say at once that it is sent, and later that it was taken, or why not."""

        async def sending() -> None:
            done: Done = await self.desk.client.ask(ask)
            again = " (it was taken before)" if done.repeated else ""
            # What people are told because of it may have come first, and matters more.
            if self._said == sent:
                self.say(f"{what}: accepted as event {done.seq}{again}.", "ok")
            self.desk.reload()

        sent = ((f"{what}: sent.", "dim"),)
        self._show(*sent)
        self.start_task(sending(), command=True)

    def send_answer(self, task: WaitingView, answer: Answer, values: dict[str, Any], note: str | None) -> None:
        """Answer a task as it was shown: with the version of its step."""
        ask = AnswerStep(
            run=task.run, step=task.step, answer=answer, command=new_id(), values=values, note=note,
            version=task.version,
        )  # fmt: skip
        self.send(ask, f'{answer.value.replace("_", " ")} "{clean(task.title, limit=40)}"')

    def send_verb(self, run: int, verb: str, *, step: str | None = None, reason: str | None = None,
                  stop: bool = False) -> None:  # fmt: skip
        """Do something to a run."""
        ask = DoRun(run=run, verb=verb, command=new_id(), step=step, reason=reason, stop=stop)
        self.send(ask, f"{verb} run {run}{' ' + clean(step, limit=40) if step else ''}")

    async def all_answered(self) -> None:
        """Wait for the answers to what was sent, a moment at most; remembers whether some are still missing."""
        if self._sending:
            _, missing = await asyncio.wait(self._sending, timeout=UNSENT_SECONDS)
            self.unanswered = bool(missing)


def new_id() -> str:
    """The id of a command: the same command sent twice does nothing twice."""
    return f"screen-{uuid4().hex}"
