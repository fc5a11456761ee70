"""The form of a runbook's parameters: what is typed is checked as it is typed."""

from __future__ import annotations

from collections.abc import Iterable

from textual.containers import Vertical
from textual.widget import Widget

from console.protocol import RunbookView, ShowRunbook
from console.tui.screens.frame import Frame, bindings
from console.tui.widgets.bar import Bar
from console.tui.widgets.fields import FieldRow, Fields
from console.tui.widgets.line_input import LineInput
from console.tui.widgets.rows import Rows
from console.view.catalogue import about_rows
from console.view.form import form_fields
from console.view.header import environment
from console.view.problem import problem_rows
from console.view.sanitise import line as clean
from console.view.situation import Place
from console.view.spans import Line, Row, Span, fit_line, rule, words

GO = "go"


class FormScreen(Frame):
    """The parameters of a run that is not started yet."""

    PLACE = Place.FORM
    BINDINGS = bindings(Place.FORM)
    DEFAULT_CSS = """
    FormScreen #fields-place { height: auto; }
    FormScreen #go { height: 1; }
    FormScreen #about { height: 1fr; }
    """

    def __init__(self, runbook: str) -> None:
        super().__init__(name=f"start {clean(runbook, limit=60)}")
        self.runbook = runbook
        self._view: RunbookView | None = None

    def panes(self) -> Iterable[Widget]:
        """The fields, the way on, and what the runbook is for."""
        yield Bar(id="fields-rule")
        yield Vertical(id="fields-place")
        yield Rows(id="go")
        yield Bar(id="about-rule")
        yield Rows(text=True, id="about")

    def entered(self) -> None:
        """Ask for the runbook."""
        self.read_again()

    def read_again(self) -> None:
        """Ask for the runbook, unless its form is there already: what was typed stays."""
        if self._view is not None:
            return
        self.read(self._read())

    async def _read(self) -> None:
        self._view = await self.console.desk.client.ask(ShowRunbook(runbook=self.runbook))
        if self.is_closed():
            return  # left meanwhile
        fields = form_fields(self._view.parameters)
        if fields:
            await self.query_one("#fields-place").mount(Fields(fields, id="fields"))
            self.query_one(Fields).to_first()
        else:
            self.query_one("#go").focus()

    def header(self) -> Line:
        """The environment first, also before anything runs."""
        if self._view is None:
            return super().header()
        summary = self._view.summary
        title = (Span(" start ", "dim"), Span(clean(summary.id), "strong"), Span(f"  {clean(summary.title)}", "dim"))
        return fit_line((environment(summary.environment), *title), self.size.width)

    def need(self) -> Line:
        """What to do here."""
        if line := self.console.link_line(self.size.width):
            return line
        return (Span("Nothing starts yet: next you see exactly what will run.", "dim"),)

    def draw(self) -> None:
        """The rules, the way on, and what the runbook is for."""
        self.draw_rows()
        width = self.size.width
        self.query_one("#fields-rule", Bar).show(rule("Parameters", self._state(), width))
        self.query_one("#about-rule", Bar).show(rule("About", "", width))
        self.query_one("#go", Rows).show([self._go_row()])
        if self._view is None:
            reading = [words("reading the runbook", "dim")]
            self.query_one("#about", Rows).show(problem_rows(self.failed, width) if self.failed else reading)
        else:
            self.query_one("#about", Rows).show(about_rows(self._view, width))

    def _fields(self) -> Fields | None:
        found = self.query(Fields)
        return found.first() if found else None

    def _state(self) -> str:
        fields = self._fields()
        if fields is None:
            return "" if self._view is None else "none to give"
        missing = len(fields.wrong)
        return "complete" if not missing else f"{missing} to mend"

    def _go_row(self) -> Row:
        fields = self._fields()
        ready = self._view is not None and (fields is None or not fields.wrong)
        return Row((Span(" > Show what will run ", "strong" if ready else "dim"), Span("enter", "key")), key=GO)

    def on_field_row_changed(self, event: FieldRow.Changed) -> None:
        """Something else is typed."""
        event.stop()
        self.redraw()

    def on_fields_finished(self, event: Fields.Finished) -> None:
        """Enter in the last field."""
        event.stop()
        self.do_plan()

    def do_plan(self) -> None:
        """On to what will run, when nothing is wrong any more."""
        if self._view is None:
            return
        fields = self._fields()
        if fields is not None and fields.wrong:
            fields.touch()
            fields.to_first(wrong=True)
            self.console.say("Mend what is marked, then enter.", "waiting")
            return
        from console.tui.screens.plan import PlanScreen

        self.console.say("")  # that something is to be mended is no longer so
        self.console.push_screen(PlanScreen(self.runbook, self._view, fields.values() if fields is not None else {}))

    def pane(self) -> Rows | None:
        """Paging reads about the runbook."""
        return None if isinstance(self.focused, LineInput) else self.query_one("#about", Rows)
