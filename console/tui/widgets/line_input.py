"""A field of one row that takes text and nothing else."""

from __future__ import annotations

from textual.binding import Binding
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input

from console.view.sanitise import line as clean


class LineInput(Input):
    """An input of one row. Pasted control characters are made visible; a paste of several lines is refused."""

    # Textual binds ctrl+c here to copying; it leaves the console everywhere.
    BINDINGS = [Binding("ctrl+c", "app.interrupt", show=False)]
    DEFAULT_CSS = """
    LineInput { height: 1; border: none; padding: 0; }
    LineInput>.input--cursor { text-style: reverse; }
    """

    class PasteRefused(Message):
        """More than one line was pasted."""

    def __init__(self, value: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(value=clean(value, limit=4_000), id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def _on_paste(self, event: Paste) -> None:
        text = event.text.rstrip("\r\n")
        if "\n" in text or "\r" in text:
            self.post_message(self.PasteRefused())
        else:
            self.insert_text_at_cursor(clean(text, limit=4_000))
        event.stop()
        event.prevent_default()
