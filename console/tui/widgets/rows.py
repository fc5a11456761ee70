"""A list or a text of rows with a cursor. A cursor move repaints two lines, a changed row only its changed cells."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Blur, Focus, Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.tui.theme import CURSOR, CURSOR_ELSEWHERE
from console.tui.widgets.painting import strip_of
from console.view.spans import Row, difference


class Rows(Widget, can_focus=True):
    """Rows of a presenter. In a list the cursor stands on rows with a key only; in a `text` on every row."""

    DEFAULT_CSS = "Rows { height: 1fr; }"

    def __init__(self, *, text: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.cursor = 0
        self.top = 0
        self._text = text
        self.moved: Callable[[], None] | None = None

    def take_cells(self, cells: int) -> None:
        """Be that many rows high; lays the screen out anew only when that is another height."""
        height = self.styles.height
        if height is None or height.cells != cells:
            self.styles.height = cells

    @property
    def key(self) -> str:
        """The key of the row under the cursor, or nothing."""
        return self.rows[self.cursor].key if self.cursor < len(self.rows) else ""

    def show(self, rows: list[Row]) -> None:
        """Show these rows; the cursor stays on the row of the same key, where there still is one."""
        before, key, cursor, top = self.rows, self.key, self.cursor, self.top
        self.rows = rows
        self.cursor = self._kept(key)
        self._clamp()
        if top != self.top or cursor != self.cursor or len(before) != len(rows):
            self.refresh()
            return
        for number in range(self.top, min(len(rows), self.top + self.size.height)):
            changed = difference(before[number].line, rows[number].line)
            if changed is not None:
                self.refresh(Region(changed[0], number - self.top, changed[1], 1))

    def _kept(self, key: str) -> int:
        if self.cursor < len(self.rows) and (self._text or self.rows[self.cursor].key == key != ""):
            return self.cursor
        found = next((number for number, row in enumerate(self.rows) if row.key == key), None) if key else None
        return found if found is not None else self._nearest(min(self.cursor, max(0, len(self.rows) - 1)), 1)

    def _nearest(self, at: int, direction: int) -> int:
        """The row at or after `at` that the cursor may stand on; the other way round when there is none."""
        if self._text or not self.rows:
            return max(0, min(at, len(self.rows) - 1))
        ahead = range(at, len(self.rows)) if direction > 0 else range(at, -1, -1)
        behind = range(at, -1, -1) if direction > 0 else range(at, len(self.rows))
        return next((number for number in (*ahead, *behind) if self.rows[number].key), 0)

    def choose(self, key: str) -> None:
        """Put the cursor on the row of this key."""
        found = next((number for number, row in enumerate(self.rows) if row.key == key), None)
        if found is not None:
            self._go(found)

    def move(self, by: int) -> None:
        """Move the cursor by rows."""
        if not self.rows:
            return
        direction = 1 if by > 0 else -1
        target = max(0, min(self.cursor + by, len(self.rows) - 1))
        found = self._nearest(target, direction)
        if (found - self.cursor) * direction <= 0:
            # Nothing to stand on further on: show what is there all the same.
            self._scroll(by)
            return
        self._go(found)

    def page(self, direction: int) -> None:
        """Move by a page."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """Move to the first or the last row."""
        self._go(self._nearest(0 if direction < 0 else len(self.rows) - 1, -direction))
        self._scroll(direction * len(self.rows))

    def _go(self, number: int) -> None:
        if not self.rows:
            return
        before, top = self.cursor, self.top
        self.cursor = number
        self._clamp()
        if top != self.top:
            self.refresh()
        else:
            self._refresh_row(before)
            self._refresh_row(number)
        if before != number and self.moved is not None:
            self.moved()

    def _scroll(self, by: int) -> None:
        top = self.top
        self.top = max(0, min(self.top + by, len(self.rows) - self.size.height))
        if self._text and self.rows:
            self.cursor = max(self.top, min(self.cursor, self.top + max(1, self.size.height) - 1))
        if top != self.top:
            self.refresh()
            if self.moved is not None:
                self.moved()

    def _refresh_row(self, number: int) -> None:
        if self.top <= number < self.top + self.size.height:
            self.refresh(Region(0, number - self.top, self.size.width, 1))

    def _clamp(self) -> None:
        height = max(1, self.size.height)
        self.cursor = max(0, min(self.cursor, len(self.rows) - 1))
        self.top = max(0, min(self.top, max(0, len(self.rows) - height)))
        if self.cursor < self.top:
            # A heading above the first row stays on the screen with it.
            self.top = self.cursor if self.cursor > 1 else 0
        elif self.cursor >= self.top + height:
            self.top = self.cursor - height + 1

    def on_resize(self, _: Resize) -> None:
        """Keep the cursor on the screen."""
        self._clamp()
        self.refresh()

    def on_focus(self, _: Focus) -> None:
        """The cursor looks different in the pane that has the keys."""
        self._refresh_row(self.cursor)

    def on_blur(self, _: Blur) -> None:
        """The cursor looks different in the pane that has the keys."""
        self._refresh_row(self.cursor)

    def render_line(self, y: int) -> Strip:
        """One row."""
        number = self.top + y
        width, base = self.size.width, self.rich_style
        if number >= len(self.rows):
            return Strip.blank(width, base)
        row = self.rows[number]
        here = number == self.cursor and bool(row.key)
        over = (CURSOR if self.has_focus else CURSOR_ELSEWHERE) if here else None
        return strip_of(row.line, width, base, over)

    def state(self) -> str:
        """Which part is on the screen, when not all of it is."""
        height = self.size.height
        if len(self.rows) <= height:
            return ""
        return f"{self.top + 1}-{min(len(self.rows), self.top + height)} of {len(self.rows)}"
