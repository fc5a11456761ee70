"""The last thing the console had to say, kept until it is replaced: one row, more only for what went wrong."""

from __future__ import annotations

from textual.events import Resize
from textual.strip import Strip
from textual.widget import Widget

from console.tui.widgets.painting import strip_of
from console.view.spans import Row, words, wrap

MOST = 4


class NoticeLines(Widget):
    """A notice of one to four rows. `narrow` keeps it to two, for small terminals."""

    DEFAULT_CSS = "NoticeLines { height: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.narrow = False
        self._texts: tuple[tuple[str, str], ...] = ()
        self._rows: list[Row] = []

    @property
    def shown(self) -> str:
        """What stands there now."""
        return "\n".join(row.text for row in self._rows)

    def show(self, *texts: tuple[str, str]) -> None:
        """Show these texts, each with its role; they have been through the sanitiser."""
        if texts != self._texts:
            self._texts = texts
            self._lay_out()

    def on_resize(self, _: Resize) -> None:
        """Break the lines anew."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(20, self.size.width)
        rows = [words(line, role) for text, role in self._texts for line in wrap(text, width - 1)]
        self._rows = rows[: 2 if self.narrow else MOST]
        height = max(1, len(self._rows))
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the notice."""
        line = self._rows[y].line if y < len(self._rows) else ()
        return strip_of(line, self.size.width, self.rich_style)
