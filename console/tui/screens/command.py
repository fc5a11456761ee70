"""The command line at the bottom of the screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from console.tui.widgets.bar import Bar
from console.tui.widgets.line_input import LineInput
from console.view.commandline import NotUnderstood, Order, complete, read_order
from console.view.sanitise import line as clean
from console.view.spans import Span, fit_line


class CommandScreen(ModalScreen[Order | None]):
    """A line to type in. Enter does it, tab completes, esc goes back."""

    BINDINGS = [
        Binding("escape", "close", show=False),
        Binding("tab", "complete", show=False),
    ]
    DEFAULT_CSS = """
    CommandScreen { align: left bottom; background: $background 0%; }
    CommandScreen #command { height: 2; background: $background; }
    CommandScreen #command-line { height: 1; }
    CommandScreen #colon { width: 1; }
    """

    def compose(self) -> ComposeResult:
        """The line, and what is wrong with it."""
        with Vertical(id="command"):
            with Horizontal(id="command-line"):
                yield Bar(id="colon")
                yield LineInput(id="typed")
            yield Bar(id="command-told")

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#colon", Bar).show((Span(":", "key"),))
        self._say("a run's number, runs, runbooks, start RUNBOOK, pause, quit   tab completes", "dim")
        self.query_one("#typed").focus()

    def _say(self, text: str, role: str) -> None:
        self.query_one("#command-told", Bar).show(fit_line((Span(clean(text), role),), self.app.size.width))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        if not event.value.strip():
            self.dismiss(None)
            return
        try:
            self.dismiss(read_order(event.value))
        except NotUnderstood as problem:
            self._say(str(problem), "waiting")

    def on_line_input_paste_refused(self, event: LineInput.PasteRefused) -> None:
        """Several lines are no command."""
        event.stop()
        self._say("Several lines were pasted: nothing was taken. Paste one line.", "waiting")

    def action_complete(self) -> None:
        """The one command that begins like this."""
        field = self.query_one(LineInput)
        if found := complete(field.value):
            field.value = found
            field.cursor_position = len(found)

    def action_close(self) -> None:
        """Do nothing."""
        self.dismiss(None)
