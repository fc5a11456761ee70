"""The field that filters a list while it is typed in."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from console.tui.widgets.bar import Bar
from console.tui.widgets.line_input import LineInput
from console.view.spans import Span


class Search(Horizontal):
    """`/` and an input; hidden until opened. Enter goes to the list, esc shows all again."""

    BINDINGS = [Binding("escape", "clear", show=False), Binding("down", "done", show=False)]
    DEFAULT_CSS = """
    Search { height: 1; display: none; }
    Search Bar { width: 10; }
    Search LineInput { width: 1fr; }
    """

    class Changed(Message):
        """The filter is another one."""

    class Done(Message):
        """The operator is through with typing."""

    def compose(self) -> ComposeResult:
        """The label and the field."""
        yield Bar(id="search-label")
        yield LineInput(id="search-text")

    def on_mount(self) -> None:
        """Say what the field is."""
        self.query_one(Bar).show((Span("/ filter: ", "key"),))

    @property
    def value(self) -> str:
        """What is filtered by."""
        found = self.query(LineInput)
        return found.first().value if found else ""

    def open(self) -> None:
        """Show the field and type in it."""
        self.display = True
        self.query_one(LineInput).focus()

    def clear_and_close(self) -> None:
        """Show all again."""
        self.query_one(LineInput).value = ""
        self.display = False
        self.post_message(self.Changed())
        self.post_message(self.Done())

    def action_clear(self) -> None:
        """Esc."""
        self.clear_and_close()

    def action_done(self) -> None:
        """To the list."""
        self.post_message(self.Done())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        event.stop()
        self.post_message(self.Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Done())
