"""The keys: those of the screen below first, then those that work everywhere."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ModalScreen

from console.tui.widgets.bar import Bar
from console.tui.widgets.rows import Rows
from console.view.helping import help_rows, place_name
from console.view.situation import Place
from console.view.spans import Span, rule


class HelpScreen(ModalScreen[None]):
    """Made from the registry of actions; scrolls where it does not fit."""

    BINDINGS = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("g,home", "edge(-1)", show=False),
        Binding("G,end", "edge(1)", show=False),
    ]

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        """The title, the keys, and how to leave."""
        yield Bar(id="help-rule")
        yield Rows(text=True, id="help")
        yield Bar(id="help-keys")

    def on_mount(self) -> None:
        """Draw."""
        rows = self.query_one("#help", Rows)
        rows.focus()
        rows.moved = self._draw_rule
        self.query_one("#help-keys", Bar).show((Span("j k pgdn pgup move   esc goes back", "dim"),))
        self.on_resize()

    def on_resize(self) -> None:
        """Rows are made for a width."""
        self.query_one("#help", Rows).show(help_rows(self._place, self.app.size.width))
        self.call_after_refresh(self._draw_rule)

    def _draw_rule(self) -> None:
        state = self.query_one("#help", Rows).state()
        title = f"Help: {place_name(self._place).lower()}"
        self.query_one("#help-rule", Bar).show(rule(title, state, self.app.size.width, focused=True))

    def action_move(self, by: int) -> None:
        """Lines."""
        self.query_one("#help", Rows).move(by)

    def action_page(self, by: int) -> None:
        """Pages."""
        self.query_one("#help", Rows).page(by)

    def action_edge(self, by: int) -> None:
        """To the top or the end."""
        self.query_one("#help", Rows).edge(by)

    async def action_dismiss(self, result: None = None) -> None:
        """Back."""
        self.dismiss(result)
