"""Everything that can be done to the selected thing; what cannot be done says why."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen

from console.tui.widgets.bar import Bar
from console.tui.widgets.rows import Rows
from console.view.actions import menu_at
from console.view.helping import menu_rows
from console.view.sanitise import line as clean
from console.view.situation import Situation
from console.view.spans import Span, rule


class MenuScreen(ModalScreen[str | None]):
    """The actions of a run and of the step under the cursor. The first is chosen, never a dangerous one."""

    BINDINGS = [
        Binding("escape,x,q", "close", show=False),
        Binding("enter", "take", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
        Binding("g,home", "edge(-1)", show=False),
        Binding("G,end", "edge(1)", show=False),
    ]
    DEFAULT_CSS = """
    MenuScreen { align: left bottom; background: $background 0%; }
    MenuScreen #menu { height: auto; background: $background; }
    """

    def __init__(self, situation: Callable[[], Situation]) -> None:
        super().__init__()
        self._situation = situation
        self._at = situation()
        self._found = {action.id: (action, why) for action, why in menu_at(self._at)}

    def judge_again(self) -> None:
        """What can be done may be another now."""
        self._at = self._situation()
        self._found = {action.id: (action, why) for action, why in menu_at(self._at)}
        self._draw()

    def compose(self) -> ComposeResult:
        """The title, the actions, the keys."""
        with Vertical(id="menu"):
            yield Bar(id="menu-rule")
            yield Rows(id="actions")
            yield Bar(id="menu-keys")

    def on_mount(self) -> None:
        """Draw; the first action that can be done is chosen."""
        self._draw()
        self._say("enter does it   esc goes back")
        self.query_one("#actions").focus()
        first = next((name for name, (_, why) in self._found.items() if why is None), None)
        if first is not None:
            self.query_one("#actions", Rows).choose(first)

    def on_resize(self) -> None:
        """Rows are made for a width."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.app.size
        rows = menu_rows(self._at, width)
        actions = self.query_one("#actions", Rows)
        actions.take_cells(max(1, min(len(rows), height - 3)))
        actions.show(rows)
        step = self._at.step
        title = "Actions" + (f"  step {step.position} {clean(step.title or step.id, limit=50)}" if step else "")
        self.query_one("#menu-rule", Bar).show(rule(title, "", width, focused=True))

    def _say(self, text: str, role: str = "dim") -> None:
        self.query_one("#menu-keys", Bar).show((Span(text, role),))

    def on_key(self, event: Key) -> None:
        """A direct key of an action does it from here too."""
        for action, _ in self._found.values():
            if event.key in action.keys and event.key != "enter":
                event.stop()
                self._take(action.id)
                return

    def action_move(self, by: int) -> None:
        """Up and down."""
        self.query_one("#actions", Rows).move(by)
        self._explain()

    def action_edge(self, direction: int) -> None:
        """To the first or the last action."""
        self.query_one("#actions", Rows).edge(direction)
        self._explain()

    def _explain(self) -> None:
        """What the row under the cursor says, where a narrow screen cut it."""
        action, why = self._found[self.query_one("#actions", Rows).key]
        self._say(f"{action.label}: {why}." if why else f"{action.help}.", "waiting" if why else "dim")

    def action_take(self) -> None:
        """Do what is under the cursor."""
        if key := self.query_one("#actions", Rows).key:
            self._take(key)

    def _take(self, name: str) -> None:
        action, why = self._found[name]
        if why is not None:
            self._say(f"{action.label}: {why}.", "waiting")
        else:
            self.dismiss(name)

    def action_close(self) -> None:
        """Do nothing."""
        self.dismiss(None)
