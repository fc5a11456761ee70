"""The board: what needs a person, what runs, what is over."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from console.protocol import ListRunbooks, RunSummary
from console.tui.screens.frame import Frame, bindings
from console.tui.widgets.rows import Rows
from console.tui.widgets.search import Search
from console.view.board import board_rows
from console.view.situation import Place, Situation
from console.view.spans import Line, Span, words


class BoardScreen(Frame):
    """All runs of the home in one table."""

    PLACE = Place.BOARD
    BINDINGS = bindings(Place.BOARD)

    def __init__(self) -> None:
        super().__init__(name="runs")
        self._runbooks = 0

    def panes(self) -> Iterable[Widget]:
        """The table, and the field to filter it."""
        yield Rows(id="runs")
        yield Search(id="search")

    def entered(self) -> None:
        """Count the runbooks, for the board that is still empty."""
        table = self.query_one("#runs", Rows)
        table.focus()
        table.moved = self.draw_rows
        self.console.start_task(self._count())

    async def _count(self) -> None:
        self._runbooks = len((await self.console.desk.client.ask(ListRunbooks())).runbooks)
        self.redraw()

    def look(self) -> None:
        """Keep up with the list of runs."""
        self.console.desk.look_at(None)

    def situation(self) -> Situation:
        """The run under the cursor, as far as the list tells."""
        run = self._chosen()
        waiting = run.waiting[0] if run is not None and run.waiting else None
        return Situation(Place.BOARD, self.console.desk.connected, waiting=waiting, typing=self.typing)

    def _chosen(self) -> RunSummary | None:
        key = self.query_one("#runs", Rows).key
        return next((run for run in self.console.desk.runs or () if str(run.id) == key), None)

    def need(self) -> Line:
        """That this home is unprotected is said where nothing is more urgent."""
        if line := self.console.link_line(self.size.width):
            return line
        waiting = sum(len(run.waiting) for run in self.console.desk.runs or ())
        if waiting:
            things = "1 thing waits" if waiting == 1 else f"{waiting} things wait"
            return (Span(f"? NEEDS YOU  {things} for a person.", "ask"),)
        return (Span("unprotected: you own the journal" if self.console.desk.unprotected else "", "dim"),)

    def draw(self) -> None:
        """The table."""
        self.draw_rows()
        runs = self.console.desk.runs
        table = self.query_one("#runs", Rows)
        if runs is None:
            table.show([words("reading the journal", "dim")])
            return
        search = self.query_one(Search).value
        table.show(board_rows(runs, self.canvas(), runbooks=self._runbooks, search=search))

    def do_open(self) -> None:
        """Open the run under the cursor."""
        if key := self.query_one("#runs", Rows).key:
            self.console.open_run(int(key))

    def do_review(self) -> None:
        """Open the run under the cursor at what waits there."""
        from console.tui.screens.review import ReviewScreen

        if (run := self._chosen()) is not None:
            self.console.open_run(run.id)
            self.console.push_screen(ReviewScreen(run.id))

    def do_new(self) -> None:
        """Choose a runbook."""
        self.console.open_catalogue()

    def do_filter(self) -> None:
        """Filter the table."""
        self.query_one(Search).open()

    def do_back(self) -> None:
        """Show all again."""
        search = self.query_one(Search)
        if search.value or search.display:
            search.clear_and_close()
        else:
            self.console.say("This is the board. q leaves the console.", "dim")

    def on_search_changed(self) -> None:
        """The filter changed."""
        self.redraw()

    def on_search_done(self) -> None:
        """Back to the table."""
        self.query_one("#runs").focus()
