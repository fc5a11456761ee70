"""What every screen has: two rows above, the notice and the key hints below, and keys that come from the registry."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize, ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from console.errors import ConsoleError
from console.protocol import Grew
from console.tui.widgets.bar import Bar
from console.tui.widgets.line_input import LineInput
from console.tui.widgets.notice import NoticeLines
from console.tui.widgets.output import Output
from console.tui.widgets.rows import Rows
from console.view.actions import BY_ID, actions_at
from console.view.canvas import Canvas
from console.view.header import console_header, need_line, run_header
from console.view.helping import hint_line
from console.view.situation import Place, Situation
from console.view.spans import Line, Span

if TYPE_CHECKING:
    from console.tui.app import ConsoleApp

SMALLEST = (40, 10)
WIDE = 120


def bindings(place: Place) -> list[BindingType]:
    """The keys of a place, as the registry has them."""
    return [
        Binding(",".join(action.keys), f"act('{action.id}')", action.label, id=action.id, show=False)
        for action in actions_at(place)
        if action.keys
    ]


class Frame(Screen[None]):
    """A screen of the console. Subclasses say their place, their panes, and what each action does (`do_...`)."""

    PLACE: ClassVar[Place]
    failed: ConsoleError | None = None
    drawable = False
    _fitted_to = (0, 0)
    AUTO_FOCUS = None
    DEFAULT_CSS = """
    Frame { layout: vertical; }
    Frame #body { height: 1fr; }
    Frame #small { display: none; }
    Frame.-too-small > * { display: none; }
    Frame.-too-small #small { display: block; }
    """

    def compose(self) -> ComposeResult:
        """The rows around the panes, and the panes."""
        yield Bar(id="small")
        yield Bar(id="header")
        yield Bar(id="need")
        yield from self.panes()
        yield NoticeLines(id="notice")
        yield Bar(id="hints")

    def panes(self) -> Iterable[Widget]:
        """The widgets between the rows."""
        raise NotImplementedError

    @property
    def console(self) -> ConsoleApp:
        """The app, by its own type."""
        return cast("ConsoleApp", self.app)

    def canvas(self, width: int | None = None) -> Canvas:
        """What presenters must know, for a width or for that of the whole screen."""
        known = self.console
        cells = self.size.width if width is None else width
        return Canvas(cells, time.time(), known.desk.me, known.ascii)

    def situation(self) -> Situation:
        """What is known here when an action is chosen."""
        return Situation(self.PLACE, connected=self.console.desk.connected, typing=self.typing)

    @property
    def typing(self) -> bool:
        """Whether the keys go into a field."""
        return isinstance(self.focused, LineInput)

    def draw(self) -> None:
        """Draw everything that is known anew; widgets repaint what differs."""
        raise NotImplementedError

    def draw_rows(self) -> None:
        """The rows above and below."""
        self.query_one("#header", Bar).show(self.header())
        self.query_one("#need", Bar).show(self.need())
        self.query_one("#hints", Bar).show(hint_line(self.situation(), self.size.width))
        self.query_one("#small", Bar).show(self.small())

    def header(self) -> Line:
        """Row 1."""
        return console_header(self.name or self.PLACE.value, self.console.desk.home, self.canvas())

    def need(self) -> Line:
        """Row 2: that the server does not answer comes before everything."""
        return self.console.link_line(self.size.width)

    def small(self) -> Line:
        """The one line for a terminal that is too small for anything else."""
        return (Span("enlarge, or use: console watch", "strong"),)

    def grew(self, push: Grew) -> None:
        """An attempt printed more."""

    def _each_output(self, do: Callable[[Output], None]) -> None:
        """Do something to the outputs that are there: the server also speaks before they are, and after."""
        for output in self.query(Output):
            do(output)

    def link_came_back(self) -> None:
        """The server answers again."""

    def read(self, work: Awaitable[None]) -> None:
        """Read what the screen shows; what goes wrong is shown in its place."""

        async def reading() -> None:
            try:
                await work
                self.failed = None
            except ConsoleError as problem:
                self.failed = problem
            self.redraw()

        self.failed = None
        self.console.start_task(reading())

    def tick(self) -> None:
        """A second has passed."""
        self.redraw()

    def on_mount(self) -> None:
        """Draw what is known already."""
        self.drawable = True
        self._fit(self.size.width, self.size.height)
        self.entered()
        self.console.show_said()

    def entered(self) -> None:
        """The screen is there for the first time."""

    def on_screen_resume(self, _: ScreenResume) -> None:
        """The screen is on top again."""
        self.look()
        self.redraw()

    def is_closed(self) -> bool:
        """Whether the operator has left it: its widgets may be gone already."""
        return not self.drawable

    def look(self) -> None:
        """Tell the desk what is looked at here."""

    def redraw(self) -> None:
        """Draw, once there are widgets and a size to draw for."""
        if self.drawable and self.is_attached and self.size.width and self.query("#hints"):
            self._fit(self.size.width, self.size.height)
            self.draw()

    def on_resize(self, event: Resize) -> None:
        """Rows are made for a width."""
        self._fit(event.size.width, event.size.height)
        self.call_after_refresh(self.redraw)

    def _fit(self, width: int, height: int) -> None:
        if self._fitted_to == (width, height):
            return
        self._fitted_to = (width, height)
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "-too-small")
        self.set_class(width >= WIDE, "-wide")
        self.query_one("#notice", NoticeLines).narrow = height < 24
        self.fitted(width, height)

    def fitted(self, width: int, height: int) -> None:
        """The screen has this size now."""

    # --- actions -----------------------------------------------------------------------------------------------------

    def action_act(self, name: str) -> None:
        """Do the action of that id, or say why it cannot be done."""
        self.act(name, self.situation())

    def act(self, name: str, at: Situation) -> None:
        """Do an action in a situation: here, else in the app."""
        known = BY_ID[name]
        if why := known.why_not(at):
            self.console.say(f"{known.label}: {why}.", "waiting")
            return
        method = "do_" + name.replace(".", "_")
        handler: Any = getattr(self, method, None) or getattr(self.console, method, None)
        if handler is None:
            self.console.say(f"{known.label} does nothing here.", "waiting")
        else:
            handler()

    def pane(self) -> Rows | Output | None:
        """The pane that the moving keys mean."""
        focused = self.focused
        return focused if isinstance(focused, Rows | Output) else None

    def do_move_down(self) -> None:
        """One down."""
        if pane := self.pane():
            pane.move(1)

    def do_move_up(self) -> None:
        """One up."""
        if pane := self.pane():
            pane.move(-1)

    def do_move_page_down(self) -> None:
        """A page down."""
        if pane := self.pane():
            pane.page(1)

    def do_move_page_up(self) -> None:
        """A page up."""
        if pane := self.pane():
            pane.page(-1)

    def do_move_top(self) -> None:
        """To the top."""
        if pane := self.pane():
            pane.edge(-1)

    def do_move_end(self) -> None:
        """To the end."""
        if pane := self.pane():
            pane.edge(1)

    def do_move_left(self) -> None:
        """Long lines: to the left."""
        if isinstance(pane := self.pane(), Output):
            pane.sideways(-1)

    def do_move_right(self) -> None:
        """Long lines: to the right."""
        if isinstance(pane := self.pane(), Output):
            pane.sideways(1)

    def do_pane_next(self) -> None:
        """To the next pane."""
        self.focus_next()
        self.redraw()

    def do_pane_previous(self) -> None:
        """To the pane before."""
        self.focus_previous()
        self.redraw()

    def do_reload(self) -> None:
        """Read everything again, also what only this screen shows."""
        self.console.do_reload()
        self.read_again()

    def read_again(self) -> None:
        """Ask again for what only this screen shows."""

    def do_back(self) -> None:
        """Back to where the operator came from."""
        self.console.go_back()


class RunFrame(Frame):
    """A screen about one run: its header, and what of it needs a person."""

    run_id: int

    def is_closed(self) -> bool:
        """Whether the operator has left it: its widgets may be gone already."""
        return not self.drawable

    def look(self) -> None:
        """Keep up with the run."""
        self.console.desk.look_at(self.run_id)

    def header(self) -> Line:
        """The run as it stands."""
        run = self.console.desk.run
        if run is None:
            return console_header(f"run {self.run_id}", "reading the journal", self.canvas())
        return run_header(run, self.canvas())[0]

    def need(self) -> Line:
        """What needs a person, unless the server does not answer."""
        run = self.console.desk.run
        if line := self.console.link_line(self.size.width):
            return line
        return need_line(run, self.canvas()) if run is not None else ()

    def small(self) -> Line:
        """The run's state in one line."""
        run = self.console.desk.run
        return run_header(run, self.canvas())[0] if run is not None else super().small()
