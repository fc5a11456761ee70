"""What a run will do, step by step, before it is started."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from console.engine.reports import Value
from console.protocol import PlanRun, RunbookView, StartRun, StepPlan
from console.tui.screens.confirm import Confirmed
from console.tui.screens.frame import Frame, bindings
from console.tui.sending import new_id
from console.tui.widgets.bar import Bar
from console.tui.widgets.rows import Rows
from console.view.catalogue import plan_rows, typed_parameters
from console.view.confirming import confirm_start
from console.view.header import environment
from console.view.problem import problem_rows
from console.view.sanitise import line as clean
from console.view.situation import Place
from console.view.spans import Line, Span, fit_line, rule, words


class PlanScreen(Frame):
    """Each step's exact commands, effects, undo and approvals, rendered with the parameters given."""

    PLACE = Place.PLAN
    BINDINGS = bindings(Place.PLAN)

    def __init__(self, asked_for: str, runbook: RunbookView, parameters: dict[str, Value]) -> None:
        super().__init__(name="what will run")
        self.asked_for = asked_for
        self.runbook = runbook
        self.parameters = parameters
        self._steps: tuple[StepPlan, ...] | None = None
        self._command = new_id()

    def panes(self) -> Iterable[Widget]:
        """The text."""
        yield Bar(id="plan-rule")
        yield Rows(text=True, id="plan")

    def entered(self) -> None:
        """Ask for the plan."""
        self.query_one("#plan").focus()
        self.read_again()

    def read_again(self) -> None:
        """Ask for the plan again."""
        self.read(self._read())

    async def _read(self) -> None:
        ask = PlanRun(runbook=self.asked_for, parameters=self.parameters)
        self._steps = await self.console.desk.client.ask(ask)

    def header(self) -> Line:
        """The environment first, also before anything runs."""
        summary = self.runbook.summary
        title = (Span(" start ", "dim"), Span(clean(summary.id), "strong"), Span("  what will run", "dim"))
        return fit_line((environment(summary.environment), *title), self.size.width)

    def need(self) -> Line:
        """What to do here."""
        if line := self.console.link_line(self.size.width):
            return line
        if self._steps is None:
            return (Span("Nothing runs yet.", "dim"),)
        return (Span("Nothing runs yet. Read it, then ", "strong"), Span("[S] start", "key"))

    def draw(self) -> None:
        """The text."""
        self.draw_rows()
        width = self.size.width
        plan = self.query_one("#plan", Rows)
        if self.failed is not None:
            plan.show(problem_rows(self.failed, width))
        elif self._steps is None:
            plan.show([words("rendering each step", "dim")])
        else:
            rows = typed_parameters(self.parameters, width)
            plan.show([*rows, *plan_rows(self.runbook, self._steps, self.canvas())])
        steps = len(self._steps or ())
        right = f"{steps} steps {plan.state()}".strip()
        self.query_one("#plan-rule", Bar).show(rule("What will run", right, width, focused=True))

    def do_start(self) -> None:
        """Start the run, after a y."""
        self._confirm_start(queue=False)

    def do_start_queue(self) -> None:
        """Start the run, after a y; behind the one that holds its key, where there is one."""
        self._confirm_start(queue=True)

    def _confirm_start(self, *, queue: bool) -> None:
        if self._steps is None:
            self.console.say("The steps are still being rendered.", "waiting")
            return
        summary = self.runbook.summary
        question = confirm_start(summary.title, summary.environment, self.runbook.unattended_rollback, queue=queue)

        def answered(confirmed: Confirmed | None) -> None:
            if confirmed is not None:
                self.console.say("Start: sent.", "dim")
                self.console.start_task(self._start(queue), command=True)

        self.console.confirm(question, answered)

    async def _start(self, queue: bool) -> None:
        ask = StartRun(runbook=self.asked_for, parameters=self.parameters, command=self._command, wait_for_lock=queue)
        started = await self.console.desk.client.ask(ask)
        console = self.console
        console.to_board()
        console.open_run(started.id)
        console.say(f"Run {started.id} is started. Leaving the console does not stop it.", "ok")
