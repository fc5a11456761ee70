"""One step in full."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from console.protocol import StepView
from console.tui.screens.acting import RunActions
from console.tui.screens.frame import RunFrame, bindings
from console.tui.widgets.bar import Bar
from console.tui.widgets.rows import Rows
from console.view.detail import detail_rows, read_output_key
from console.view.sanitise import line as clean
from console.view.situation import Place, Situation
from console.view.spans import rule, words
from console.view.steps import find


class StepScreen(RunActions, RunFrame):
    """What a step runs, its attempts, what it gave back, and how it is undone."""

    PLACE = Place.STEP
    BINDINGS = bindings(Place.STEP)

    def __init__(self, run_id: int, path: str) -> None:
        super().__init__(name=f"step {clean(path, limit=60)}")
        self.run_id = run_id
        self.path = path

    def panes(self) -> Iterable[Widget]:
        """The text."""
        yield Bar(id="step-rule")
        yield Rows(text=True, id="step")

    def entered(self) -> None:
        """The keys go to the text."""
        rows = self.query_one("#step", Rows)
        rows.focus()
        rows.moved = self._draw_rule

    @property
    def step(self) -> StepView | None:
        """The step of this screen."""
        return find(self.run_view, self.path) if self.run_view is not None else None

    def situation(self) -> Situation:
        """The run and this step."""
        return Situation(Place.STEP, connected=self.console.desk.connected, run=self.run_view, step=self.step)

    def draw(self) -> None:
        """The text."""
        self.draw_rows()
        run, step = self.run_view, self.step
        rows = [words("reading the journal", "dim")]
        if run is not None and step is not None:
            rows = detail_rows(step, run, self.canvas())
        self.query_one("#step", Rows).show(rows)
        self._draw_rule()

    def _draw_rule(self) -> None:
        step = self.step
        title = f"Step {step.position}  {clean(step.title or step.id, limit=60)}" if step is not None else "Step"
        state = self.query_one("#step", Rows).state()
        self.query_one("#step-rule", Bar).show(rule(title, state, self.size.width, focused=True))

    def do_row_open(self) -> None:
        """Open the output under the cursor."""
        from console.tui.screens.output import OutputScreen

        if found := read_output_key(self.query_one("#step", Rows).key):
            path, visit, attempt = found
            self.console.push_screen(OutputScreen(self.run_id, path, visit, attempt))
        else:
            self.console.say("Attempts open their output; go to one with j and k.", "dim")
