"""Output on the whole screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from console.protocol import AttemptView, Grew
from console.tui.screens.frame import RunFrame, bindings
from console.tui.widgets.bar import Bar
from console.tui.widgets.output import Output
from console.view.sanitise import line as clean
from console.view.situation import Place
from console.view.spans import rule, words
from console.view.steps import find
from console.view.window import Source


class OutputScreen(RunFrame):
    """The output of one attempt, or of the latest that printed."""

    PLACE = Place.OUTPUT
    BINDINGS = bindings(Place.OUTPUT)

    def __init__(self, run_id: int, path: str, visit: int | None = None, attempt: int | None = None) -> None:
        super().__init__(name=f"output of {clean(path, limit=60)}")
        self.run_id = run_id
        self.source = Source(run_id, path, visit, attempt)

    def panes(self) -> Iterable[Widget]:
        """The output."""
        yield Bar(id="output-rule")
        yield Output(self.console.desk.client.ask, id="output")

    @property
    def _output(self) -> Output:
        return self.query_one("#output", Output)

    def entered(self) -> None:
        """Read it."""
        self._output.focus()
        self._output.told = self._draw_rule
        self._output.show(self.source, [words("Nothing printed yet.", "dim")])

    def draw(self) -> None:
        """The rows around it."""
        self.draw_rows()
        self._draw_rule()

    def _draw_rule(self) -> None:
        output = self._output
        window = output.window
        shown = window.shown_attempt if window is not None else None
        step = find(self.console.desk.run, self.source.step) if self.console.desk.run is not None else None
        name = clean(step.title or step.id, limit=40) if step is not None else clean(self.source.step, limit=40)
        which = ""
        if shown is not None and step is not None:
            found = next((one for one in step.attempts if (one.visit, one.number) == shown), None)
            which = f"  attempt {shown[0]}.{shown[1]} {found.purpose.value.replace('_', ' ')}" if found else ""
        self.query_one("#output-rule", Bar).show(
            rule(f"Output  {name}{which}", output.state(), self.size.width, focused=True)
        )

    def grew(self, push: Grew) -> None:
        """An attempt printed more."""
        self._each_output(lambda output: output.grew(push))

    def link_came_back(self) -> None:
        """Read what was printed meanwhile."""
        self._each_output(lambda output: output.again())

    def do_follow(self) -> None:
        """The newest line."""
        self._output.follow()

    def do_timestamps(self) -> None:
        """When each line came."""
        self._output.toggle_times()

    def do_next(self) -> None:
        """The next attempt."""
        self._turn(1)

    def do_previous(self) -> None:
        """The attempt before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        attempts = self._attempts()
        shown = self._output.window.shown_attempt if self._output.window is not None else None
        places = [(one.visit, one.number) for one in attempts]
        if not places:
            return
        at = places.index(shown) if shown in places else len(places) - 1
        to = max(0, min(at + by, len(places) - 1))
        if to == at:
            self.console.say("There is no further attempt that way.", "dim")
            return
        self.source = Source(self.run_id, self.source.step, *places[to])
        self._output.show(self.source, [words("This attempt printed nothing.", "dim")])

    def _attempts(self) -> tuple[AttemptView, ...]:
        run = self.console.desk.run
        step = find(run, self.source.step) if run is not None else None
        return step.attempts if step is not None else ()
