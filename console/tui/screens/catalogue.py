"""The runbooks: choose one to start."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from console.protocol import ListRunbooks, RunbookList
from console.tui.screens.frame import Frame, bindings
from console.tui.widgets.rows import Rows
from console.tui.widgets.search import Search
from console.view.catalogue import catalogue_rows
from console.view.problem import problem_rows
from console.view.situation import Place
from console.view.spans import Line, Span, words


class CatalogueScreen(Frame):
    """All runbooks, and what could not be loaded."""

    PLACE = Place.CATALOGUE
    BINDINGS = bindings(Place.CATALOGUE)

    def __init__(self) -> None:
        super().__init__(name="runbooks")
        self._found: RunbookList | None = None

    def panes(self) -> Iterable[Widget]:
        """The list, and the field to filter it."""
        yield Rows(id="runbooks")
        yield Search(id="search")

    def entered(self) -> None:
        """Ask for the runbooks."""
        self.query_one("#runbooks").focus()
        self.read_again()

    def read_again(self) -> None:
        """Ask for the runbooks again."""
        self.read(self._read())

    async def _read(self) -> None:
        self._found = await self.console.desk.client.ask(ListRunbooks())

    def need(self) -> Line:
        """What to do here."""
        if line := self.console.link_line(self.size.width):
            return line
        return (Span("Choose a runbook; nothing starts before you have seen what it will run.", "dim"),)

    def draw(self) -> None:
        """The list."""
        self.draw_rows()
        rows = [words("reading the runbooks", "dim")]
        if self.failed is not None:
            rows = problem_rows(self.failed, self.size.width)
        elif self._found is not None:
            rows = catalogue_rows(self._found, self.canvas(), search=self.query_one(Search).value)
        self.query_one("#runbooks", Rows).show(rows)

    def do_open(self) -> None:
        """Open the form of the runbook under the cursor."""
        if key := self.query_one("#runbooks", Rows).key:
            self.console.open_form(key)

    def do_new(self) -> None:
        """The same as opening."""
        self.do_open()

    def do_filter(self) -> None:
        """Filter the list."""
        self.query_one(Search).open()

    def do_back(self) -> None:
        """Show all again, or go back."""
        search = self.query_one(Search)
        if search.value or search.display:
            search.clear_and_close()
        else:
            self.console.go_back()

    def on_search_changed(self) -> None:
        """The filter changed."""
        self.redraw()

    def on_search_done(self) -> None:
        """Back to the list."""
        self.query_one("#runbooks").focus()
