"""A run: its steps, and the output of the one under the cursor. The place where people live."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Container, Vertical
from textual.widget import Widget

from console.protocol import Grew, RunView, StepView
from console.tui.screens.acting import RunActions
from console.tui.screens.frame import WIDE, RunFrame, bindings
from console.tui.widgets.bar import Bar
from console.tui.widgets.output import Output
from console.tui.widgets.rows import Rows
from console.view.header import step_count
from console.view.quiet import quiet_rows
from console.view.sanitise import line as clean
from console.view.situation import Place, Situation
from console.view.spans import rule, words
from console.view.steps import current, find, step_rows
from console.view.window import Source

STEPS_CELLS = 46
WIDER = 160
PAUSE_BEFORE_READING = 0.12


class RunScreen(RunActions, RunFrame):
    """Steps above, output below; side by side where there is room."""

    PLACE = Place.RUN
    BINDINGS = bindings(Place.RUN)
    DEFAULT_CSS = f"""
    RunScreen #run-body {{ height: 1fr; layout: vertical; }}
    RunScreen #steps-pane {{ height: auto; }}
    RunScreen #output-pane {{ height: 1fr; }}
    RunScreen.-wide #run-body {{ layout: horizontal; }}
    RunScreen.-wide #steps-pane {{ width: {STEPS_CELLS}; height: 1fr; margin-right: 1; }}
    RunScreen.-wide #output-pane {{ width: 1fr; }}
    RunScreen.-wider #steps-pane {{ width: 72; }}
    RunScreen.-zoom-steps #output-pane {{ display: none; }}
    RunScreen.-zoom-steps #steps-pane {{ width: 1fr; height: 1fr; }}
    RunScreen.-zoom-output #steps-pane {{ display: none; }}
    """

    def __init__(self, run_id: int) -> None:
        super().__init__(name=f"run {run_id}")
        self.run_id = run_id
        self._at: str | None = None

    def panes(self) -> Iterable[Widget]:
        """Steps and output."""
        with Container(id="run-body"):
            with Vertical(id="steps-pane"):
                yield Bar(id="steps-rule")
                yield Rows(id="steps")
            with Vertical(id="output-pane"):
                yield Bar(id="output-rule")
                yield Output(self.console.desk.client.ask, id="output")

    def entered(self) -> None:
        """The keys go to the steps."""
        self._steps.focus()
        self._steps.moved = self._step_chosen
        self._output.told = self._draw_rules

    @property
    def _steps(self) -> Rows:
        return self.query_one("#steps", Rows)

    @property
    def _output(self) -> Output:
        return self.query_one("#output", Output)

    @property
    def step(self) -> StepView | None:
        """The step under the cursor."""
        run = self.run_view
        return find(run, self._steps.key) if run is not None and self._steps.key else None

    def situation(self) -> Situation:
        """The run and the step under the cursor."""
        return Situation(Place.RUN, connected=self.console.desk.connected, run=self.run_view, step=self.step)

    def draw(self) -> None:
        """Rows, steps, and the output of the step under the cursor."""
        run = self.run_view
        self.draw_rows()
        if run is None:
            self._steps.show([words("reading the journal", "dim")])
        else:
            self._draw_steps(run)
            self._draw_output(run)
        self._draw_rules()

    def _draw_steps(self, run: RunView) -> None:
        width = self._steps.size.width or self.size.width
        self._fit_steps(len(run.steps))
        self._steps.show(step_rows(run, self.canvas(width)))
        # The cursor goes along with the run as long as it stands where the run stands.
        here = current(run)
        if here is not None and here != self._at:
            if self._at is None or self._steps.key == self._at:
                self._steps.choose(here)
            self._at = here

    def _draw_output(self, run: RunView) -> None:
        step = self.step
        source = Source(run.id, step.path) if step is not None and step.attempts else None
        width = self._output.size.width or self.size.width
        self._output.show(source, quiet_rows(step, run, self.canvas(width)))

    def _draw_rules(self) -> None:
        run, step = self.run_view, self.step
        done = step_count(run).removeprefix("step ") if run is not None else ""
        steps, output = self._steps, self._output
        right = " ".join(part for part in (steps.state(), done) if part)
        self.query_one("#steps-rule", Bar).show(rule("Steps", right, steps.size.width, focused=steps.has_focus))
        title = f"Output  {step.position} {clean(step.title or step.id, limit=40)}" if step is not None else "Output"
        line = rule(title, output.state(), output.size.width, focused=output.has_focus)
        self.query_one("#output-rule", Bar).show(line)

    def _fit_steps(self, count: int) -> None:
        if self.size.width < WIDE and not self.has_class("-zoom-steps"):
            # Header, need, two rules, notice and hints take six rows; the output keeps the larger part of the rest.
            most = max(3, (self.size.height - 6) * 45 // 100)
            self._steps.take_cells(max(1, min(count, most)))
        else:
            self._steps.styles.height = "1fr"

    def fitted(self, width: int, height: int) -> None:
        """Panes change with the size."""
        self.set_class(width >= WIDER, "-wider")
        if self.run_view is not None:
            self._fit_steps(len(self.run_view.steps))

    def _step_chosen(self) -> None:
        # Several moves in a row read one output, the last.
        self.set_timer(PAUSE_BEFORE_READING, self.redraw)
        self._draw_rules()

    def on_descendant_focus(self) -> None:
        """The title of the pane with the keys looks different."""
        if self.drawable:
            self._draw_rules()

    def grew(self, push: Grew) -> None:
        """An attempt printed more."""
        if push.run == self.run_id:
            self._each_output(lambda output: output.grew(push))

    def link_came_back(self) -> None:
        """The server answers again: what was printed meanwhile is read."""
        self._each_output(lambda output: output.again())

    # --- actions -----------------------------------------------------------------------------------------------------

    def do_follow(self) -> None:
        """The newest line of the step that the run is at."""
        run = self.run_view
        here = (current(run) or run.cursor) if run is not None else None
        if here is not None:
            self._steps.choose(here)
            self._at = here
        self.redraw()
        self._output.follow()

    def do_timestamps(self) -> None:
        """When each line came."""
        self._output.toggle_times()

    def do_zoom(self) -> None:
        """The pane with the keys alone, or both again."""
        zoomed = self.has_class("-zoom-steps") or self.has_class("-zoom-output")
        steps = self._steps.has_focus
        self.set_class(not zoomed and steps, "-zoom-steps")
        self.set_class(not zoomed and not steps, "-zoom-output")
        self.call_after_refresh(self.redraw)

    def do_step_open(self) -> None:
        """The step in full."""
        from console.tui.screens.step import StepScreen

        if (step := self.step) is not None:
            self.console.push_screen(StepScreen(self.run_id, step.path))
