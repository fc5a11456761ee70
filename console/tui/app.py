"""The application: which screen is on top, what the server says, and how commands are sent."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from console.client.aio import LinkState
from console.engine.words import RUN_ENDS
from console.protocol import (
    AnyPush,
    Changed,
    Grew,
    Notice,
    Stopping,
)
from console.tui.desk import Desk, MakeClient
from console.tui.screens.confirm import Confirmed, ConfirmScreen
from console.tui.screens.frame import Frame
from console.tui.screens.menu import MenuScreen
from console.tui.sending import Sending
from console.tui.theme import DARK
from console.tui.widgets.notice import NoticeLines
from console.view.confirming import Confirmation, confirm_quit
from console.view.sanitise import line as clean
from console.view.spans import Line, Span, fit_line
from console.view.times import clock

TWICE_SECONDS = 2.0


class ConsoleApp(Sending):
    """The console's screens over one client. It owns nothing: runs go on without it."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    TITLE = "console"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "interrupt", show=False, priority=True),
    ]
    CSS = """
    LineInput { background: $background; }
    """

    def __init__(
        self,
        make_client: MakeClient,
        *,
        ascii_only: bool = False,
        colour: bool = True,
        open_runbook: str | None = None,
        open_run: int | None = None,
    ) -> None:
        super().__init__()
        if colour:
            self.register_theme(DARK)
            self.theme = DARK.name
        self.ascii = ascii_only
        self.left_with: tuple[int, ...] = ()
        self.broken_by: Exception | None = None
        self._make_client = make_client
        self._open_runbook, self._open_run = open_runbook, open_run
        self._interrupted = -TWICE_SECONDS
        self._leaving: asyncio.Task[None] | None = None
        self._link_state = LinkState.CONNECTING
        self._rang: set[tuple[int, str, str]] | None = None
        self.desk: Desk

    # --- beginning and end -------------------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Connect, and open the first screen."""
        if not self.is_headless:
            # Otherwise a polite kill would leave the terminal in the alternate screen. SIGHUP stays at its default:
            # a handler behind a terminal that takes no more would hang for ever.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.leave)
        self.desk = Desk(
            self._make_client,
            changed=self._changed,
            heard=self._heard,
            failed=self.say_error,
            broke=self._handle_exception,
        )
        self.desk.open()
        from console.tui.screens.board import BoardScreen

        await self.push_screen(BoardScreen())
        self.set_interval(1.0, self._tick)
        if self._open_run is not None:
            self.open_run(self._open_run)
        elif self._open_runbook is not None:
            self.open_form(self._open_runbook)

    async def on_unmount(self) -> None:
        """Let go of the server."""
        await self.desk.close()

    def action_interrupt(self) -> None:
        """Ctrl+c: twice in two seconds leaves, from anywhere."""
        now = time.monotonic()
        if now - self._interrupted < TWICE_SECONDS:
            self.leave()
            return
        self._interrupted = now
        self.say("ctrl+c again leaves the console; runs go on.", "waiting")

    def do_quit(self) -> None:
        """Leave the console at once: runs go on without it. Only what was typed into a form could be lost."""
        from console.tui.screens.form import FormScreen

        if not any(isinstance(screen, FormScreen) for screen in self.screen_stack):
            self.leave()
            return

        def answered(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self.leave()

        self.confirm(confirm_quit(), answered)

    def _going(self) -> tuple[int, ...]:
        states = {run.id: run.state for run in self.desk.runs or ()}
        if self.desk.run is not None:
            states[self.desk.run.id] = self.desk.run.state
        return tuple(sorted(number for number, state in states.items() if state not in RUN_ENDS))

    def leave(self) -> None:
        """Leave, once the server has taken what was sent, or soon after."""
        self.left_with = self._going()
        if not self._sending or self._leaving is not None:
            self.exit(0)
        else:
            self._leaving = asyncio.create_task(self._leave_when_sent())

    async def _leave_when_sent(self) -> None:
        await self.all_answered()
        self.exit(0)

    def _handle_exception(self, error: Exception) -> None:
        """An error of the console's own: leave, and let the command line report it; no traceback on the terminal."""
        self.broken_by = self.broken_by or error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.exit(1, return_code=1)

    # --- what Textual could do and must not --------------------------------------------------------------------------

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        """Refuse: text from outside must not make this machine open anything."""

    def deliver_screenshot(self, *_: Any, **__: Any) -> None:
        """Refuse: nothing is written where the operator did not say so."""

    def action_suspend_process(self) -> None:
        """Refuse: a stopped console would keep the terminal and answer nobody."""

    # --- what the server says ----------------------------------------------------------------------------------------

    def _tick(self) -> None:
        if frame := self._frame():
            frame.tick()
        if isinstance(self.screen, MenuScreen):
            self.screen.judge_again()

    def _frame(self) -> Frame | None:
        """The screen of ours on top, which may be below a question."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Frame)), None)

    def _changed(self) -> None:
        self._ring()
        self._notice_link()
        if frame := self._frame():
            frame.redraw()

    def _notice_link(self) -> None:
        state, before = self.desk.client.link.state, self._link_state
        self._link_state = state
        if state is LinkState.CONNECTED and before in (LinkState.LOST, LinkState.STOPPED):
            self.say("The server answers again; what happened meanwhile is read.", "ok")
            for screen in self.screen_stack:
                if isinstance(screen, Frame):
                    screen.link_came_back()

    def _heard(self, push: AnyPush) -> None:
        match push:
            case Grew():
                for screen in self.screen_stack:
                    if isinstance(screen, Frame):
                        screen.grew(push)
            case Notice(notice=notice):
                self.say(f"{clock(notice.at)} run {notice.run}: {clean(notice.message, limit=400)}", "strong")
            case Stopping():
                self.say("The server was stopped; what runs goes on. ctrl+r starts the server again.", "waiting")
            case Changed():
                pass

    def _ring(self) -> None:
        """Ring the terminal's bell once for each thing that begins to need a person."""
        waiting = [task for run in self.desk.runs or () for task in run.waiting]
        waiting += list(self.desk.run.waiting) if self.desk.run is not None else []
        keys = {(task.run, task.step, task.since) for task in waiting}
        if self._rang is not None and keys - self._rang:
            self.bell()
        if self.desk.runs is not None or self.desk.run is not None:
            self._rang = (self._rang or set()) | keys

    def link_line(self, width: int) -> Line:
        """Row 2 while the server does not answer; nothing otherwise."""
        link = self.desk.client.link
        match link.state:
            case LinkState.CONNECTED if self.desk.trouble is not None:
                text = "NOTHING IS RECORDED  What you see may be old: " + clean(self.desk.trouble, limit=300)
                return fit_line((Span("! " + text, "doubt"),), width)
            case LinkState.CONNECTED:
                return ()
            case LinkState.CONNECTING:
                return (Span("connecting to the server", "dim"),)
            case LinkState.STOPPED:
                text = "SERVER STOPPED  What runs goes on. ctrl+r starts the server again."
                return fit_line((Span("! ", "doubt"), Span(text, "doubt")), width)
        why = clean(link.error.message, limit=200) if link.error is not None else "it does not answer"
        text = "NO SERVER  What you see may be old; what runs goes on. Trying again. "
        return fit_line((Span("! " + text, "doubt"), Span(" " + why, "dim")), width)

    # --- saying things -----------------------------------------------------------------------------------------------

    def show_said(self) -> None:
        """Show the last notice on the screen that is on top."""
        for screen in reversed(self.screen_stack):
            for notice in screen.query(NoticeLines):
                notice.show(*self._said)
                return

    # --- going places ------------------------------------------------------------------------------------------------

    def confirm(self, question: Confirmation, then: Callable[[Confirmed | None], None]) -> None:
        """Ask, then do."""
        self.push_screen(ConfirmScreen(question), then)

    def go_back(self) -> None:
        """Close the screen on top; the board stays."""
        if len(self.screen_stack) > 2:
            self._close_top()
            self.show_said()

    def _close_top(self) -> None:
        if isinstance(self.screen, Frame):
            self.screen.drawable = False
        self.pop_screen()

    def open_run(self, run: int) -> None:
        """Open a run."""
        from console.tui.screens.run import RunScreen

        self.push_screen(RunScreen(run))

    def open_form(self, runbook: str) -> None:
        """Open the form of a runbook."""
        from console.tui.screens.form import FormScreen

        self.push_screen(FormScreen(runbook))

    def open_catalogue(self) -> None:
        """Open the list of runbooks."""
        from console.tui.screens.catalogue import CatalogueScreen

        self.push_screen(CatalogueScreen())

    def to_board(self) -> None:
        """Close everything over the board."""
        while len(self.screen_stack) > 2:
            self._close_top()

    def do_reload(self) -> None:
        """Read everything again; starts a server that was stopped."""
        if not self.desk.connected:
            self.desk.client.start_again()
        self.desk.reload_all()
        self.say("Reading everything again.", "dim")

    def do_help(self) -> None:
        """The keys of the screen on top."""
        from console.tui.screens.help import HelpScreen

        place = getattr(self.screen, "PLACE", None)
        if place is not None:
            self.push_screen(HelpScreen(place))

    def do_command(self) -> None:
        """The command line."""
        from console.tui.screens.command import CommandScreen

        self.push_screen(CommandScreen(), self._order)

    def _order(self, order: Any) -> None:
        if order is None:
            return
        match order.verb:
            case "run":
                self.open_run(int(order.argument))
            case "start":
                self.open_form(order.argument)
            case "runs":
                self.to_board()
            case "runbooks":
                self.open_catalogue()
            case "help":
                self.do_help()
            case "quit":
                self.do_quit()
            case _ if isinstance(self.screen, Frame):
                self.screen.action_act(order.argument)
