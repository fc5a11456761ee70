"""Following a run: what happens to it as lines, and the questions it asks of the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from console.cli.call import Call
from console.cli.printing import is_terminal, warn
from console.cli.waiting import LOOK_AGAIN_SECONDS, stopped, troubled
from console.client.faults import ConnectionLost
from console.engine.words import RUN_ENDS, AttemptState, RunState
from console.errors import EXIT_DONE, RunFailed, WaitingForPerson
from console.protocol import Changed, RunView, ShowRun, Stopping, Troubled
from console.view.steps import merge
from console.view.telling import flat, tell


class Follower:
    """One run as it goes on. `view` is the latest look at it."""

    def __init__(self, call: Call, number: int, *, quiet: bool = False) -> None:
        self.call = call
        self.number = number
        self.view: RunView | None = None
        self._quiet = quiet

    def begin(self) -> RunView:
        """Watch the run, and look at it for the first time."""
        self.call.client.watch(self.number)
        return self.refresh()

    def refresh(self) -> RunView:
        """Look at what changed, and tell it."""
        before = self.view
        since = before.seq if before else 0
        now = merge(before, self.call.ask(ShowRun(run=self.number, since=since)))
        self.view = now
        if now.trouble is not None:
            raise troubled(self.number, now.trouble)
        if not self._quiet and (before is None or before.seq != now.seq):
            self.call.out.lines(tell(before, now))
            self.call.out.flush()
        return now

    def wait(self) -> RunView:
        """Wait until the run changed, and tell how."""
        while True:
            try:
                push = self.call.client.next_push(LOOK_AGAIN_SECONDS)
            except ConnectionLost:
                # Nothing was stopped on purpose: the next ask finds the server again, or starts it.
                warn([f"console: the connection to the server was lost; run {self.number} goes on. Connecting again."])
                return self.refresh()
            if isinstance(push, Stopping):
                raise stopped(self.number)
            if isinstance(push, Troubled):
                raise troubled(self.number, push.trouble)
            if push is None or (isinstance(push, Changed) and self.is_news(push)):
                return self.refresh()

    def is_news(self, push: Changed) -> bool:
        """Whether the push tells of something that has not been looked at yet."""
        return push.run == self.number and (self.view is None or push.seq > self.view.seq)


def follow(call: Call, number: int, *, asking: bool, until_end: bool) -> RunView:
    """Follow a run to its end, or until it waits for a person; with `asking` that person is asked here."""
    follower = Follower(call, number, quiet=call.json)
    view = follower.begin()
    ask_next = _asker(follower) if asking else None
    while view.state not in RUN_ENDS:
        if ask_next is not None:
            if ask_next():
                view = follower.view or view
                continue
        elif needs_person(view) and not until_end:
            return view
        view = follower.wait()
    return view


def _asker(follower: Follower) -> Callable[[], bool]:
    from console.cli.asking import Asker  # only a person at a terminal needs it

    return Asker(follower).ask_next


def needs_person(view: RunView) -> bool:
    """Whether nothing of the run goes on by itself until somebody does something."""
    running = any(one.state is AttemptState.RUNNING for step in flat(view.steps) for one in step.attempts)
    return not running and (bool(view.waiting) or view.state in (RunState.PAUSED, RunState.IN_DOUBT))


def can_ask(call: Call) -> bool:
    """Whether a person sits at this terminal and may be asked."""
    return not call.json and is_terminal(sys.stdin) and call.out.terminal


def exit_code(view: RunView) -> int:
    """What a verb that followed the run ends with."""
    if view.state is RunState.SUCCEEDED:
        return EXIT_DONE
    return RunFailed.exit_code if view.state in RUN_ENDS else WaitingForPerson.exit_code
