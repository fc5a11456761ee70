"""A single row that repaints only the cells that changed."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.widgets.painting import strip_of
from console.view.spans import Line, difference, fit_line


class Bar(Widget):
    """One line of text: the header, what needs a person, the title of a pane, the key hints."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.line: Line = ()

    def show(self, line: Line) -> None:
        """Show this line."""
        width = self.size.width
        changed = difference(fit_line(self.line, width), fit_line(line, width))
        self.line = line
        if changed is not None:
            self.refresh(Region(changed[0], 0, changed[1], 1))

    def render_line(self, y: int) -> Strip:
        """The line, on the first row."""
        width = self.size.width
        return strip_of(fit_line(self.line, width) if y == 0 else (), width, self.rich_style)
