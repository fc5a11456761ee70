"""Numbered questions in a terminal: what a run asks, the choices with what follows, the confirmation, the reason."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import uuid
from contextlib import suppress

from console.cli.follow import Follower
from console.cli.waiting import stopped
from console.client.faults import ConnectionLost
from console.engine.reports import Value
from console.engine.words import Answer
from console.errors import RefusedError, UsageError
from console.protocol import AnswerStep, Changed, Stopping, WaitingView
from console.view.answers import Choice, choices, typed_target
from console.view.plain import field_type
from console.view.sanitise import line as clean
from console.view.situation import Tier

_YES = ("y", "yes")


class Later(Exception):
    """The person does not want to answer now: the question stays open."""


class Gone(Exception):
    """The question was answered elsewhere, or changed, while it stood here."""


class Asker:
    """Asks what the run of a follower asks, one question after the other."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._out = follower.call.out
        self._put_off: set[tuple[object, ...]] = set()

    def ask_next(self) -> bool:
        """Ask what was not put off; true when something was asked, so that the run is to be looked at again."""
        view = self._follower.view
        for task in view.waiting if view else ():
            if _key(task) not in self._put_off:
                self._ask(task)
                return True
        return False

    def _ask(self, task: WaitingView) -> None:
        try:
            self._send(task, *self._answer(task))
        except Later:
            self._put_off.add(_key(task))
            self._say("Left open. It can be answered later:", f"  console answer {task.run} {clean(task.step)} ANSWER")
        except Gone:
            self._say("That question is no longer open.")
        except (RefusedError, UsageError) as error:
            self._say(*error.lines())
            self._follower.refresh()

    def _answer(self, task: WaitingView) -> tuple[Answer, str | None, dict[str, Value]]:
        chosen = self._choose(task)
        given: dict[str, Value] = {}
        if chosen.answer is Answer.DONE:
            self._tick(task)
            given = self._values(task)
        note = None
        if chosen.needs_note:
            note = self._required(task, "Reason: ")
        self._confirm(task, chosen)
        return chosen.answer, note, given

    def _choose(self, task: WaitingView) -> Choice:
        from console.view.canvas import Canvas
        from console.view.review import review_rows

        view = self._follower.view
        if view is None:
            raise Later
        self._say("", f"? {clean(task.step)}: {clean(task.title)}")
        self._say(*(row.text for row in review_rows(task, view, Canvas(width=self._out.width, now=time.time()))))
        self._say(*(f"  [ ] {clean(item)}" for item in task.checklist))
        found = choices(task, view)
        for number, choice in enumerate(found, 1):
            self._say(f"  {number}) {choice.label}: {choice.sentence}")
        while True:
            word = self._read(task, f"Answer 1-{len(found)}, or Enter to leave it open: ").lower()
            if not word:
                raise Later
            for number, choice in enumerate(found, 1):
                if word in (str(number), choice.answer.value, choice.label.lower()):
                    return choice
            self._say("That is none of the numbers.")

    def _tick(self, task: WaitingView) -> None:
        for item in task.checklist:
            if self._read(task, f"[ ] {clean(item)} - y/N ").lower() not in _YES:
                self._say("Not ticked, so it is not done; nothing was answered.")
                raise Later

    def _values(self, task: WaitingView) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, field in task.asks.items():
            help_text = f" - {clean(field.help)}" if field.help else ""
            default = f" [{clean(str(field.default))}]" if field.default is not None else ""
            word = self._read(task, f"{clean(name)} ({field_type(field)}){help_text}{default}: ")
            if word:
                found[name] = word
        return found

    def _required(self, task: WaitingView, prompt: str) -> str:
        while not (word := self._read(task, prompt)):
            self._say("A reason is required.")
        return word

    def _confirm(self, task: WaitingView, chosen: Choice) -> None:
        view = self._follower.view
        if view is None:
            raise Later
        # What was typed ahead must not confirm something that was not on the screen yet.
        with suppress(OSError, termios.error):
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
        if chosen.tier is Tier.DANGEROUS:
            target = typed_target(task, chosen.answer, view)
            if self._read(task, f"{chosen.label}: type {target} to confirm: ") != target:
                self._say("Not confirmed; nothing was done.")
                raise Later
        elif self._read(task, f"{chosen.label}? y/N ").lower() not in _YES:
            self._say("Not confirmed; nothing was done.")
            raise Later

    def _send(self, task: WaitingView, answer: Answer, note: str | None, given: dict[str, Value]) -> None:
        ask = AnswerStep(
            run=task.run,
            step=task.step,
            answer=answer,
            values=given,
            note=note,
            version=task.version,
            command=uuid.uuid4().hex,
        )
        self._follower.call.ask(ask)
        self._follower.refresh()

    def _say(self, *lines: str) -> None:
        self._out.lines(lines)

    def _read(self, task: WaitingView, prompt: str) -> str:
        """A line from the person; meanwhile the run is followed. Raises Gone, Later at the end of input."""
        while True:
            sys.stdout.write(prompt)
            sys.stdout.flush()
            if self._typed_first():
                word = os.read(sys.stdin.fileno(), 4096).decode("utf-8", "replace")
                if not word:
                    self._say("")
                    raise Later
                return word.strip()
            self._say("")
            self._follower.refresh()
            self._check_open(task)

    def _typed_first(self) -> bool:
        """Wait for a line, or for news of the run: true for a line."""
        client = self._follower.call.client
        while True:
            try:
                while (push := client.next_push(0)) is not None:
                    if isinstance(push, Stopping):
                        raise stopped(self._follower.number)
                    if isinstance(push, Changed) and self._follower.is_news(push):
                        return False
                readable, _, _ = select.select([sys.stdin.fileno(), client.fileno()], [], [])
            except ConnectionLost:
                return False
            if sys.stdin.fileno() in readable:
                return True

    def _check_open(self, task: WaitingView) -> None:
        view = self._follower.view
        still = view is not None and any(_key(one) == _key(task) for one in view.waiting)
        if not still:
            raise Gone


def _key(task: WaitingView) -> tuple[object, ...]:
    return (task.step, task.kind, task.since, task.version)
