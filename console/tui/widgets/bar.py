"""A single row that repaints only the cells that changed."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.widgets.painting import strip_of
from console.view.spans import Line, difference


class Bar(Widget):
    """One line of text: the header, what needs a person, the title of a pane, the key hints."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.line: Line = ()

    def show(self, line: Line) -> None:
        """Show this line."""
        changed = difference(self.line, line)
        self.line = line
        if changed is not None and self.size.width:
            first, count = changed
            self.refresh(Region(first, 0, count, 1))

    def render_line(self, y: int) -> Strip:
        """The line, on the first row."""
        return strip_of(self.line if y == 0 else (), self.size.width, self.rich_style)
