"""A form of typed fields, one below the other, each checked as it is typed."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus, Key
from textual.message import Message
from textual.widgets import Input

from console.engine.reports import Value
from console.tui.widgets.bar import Bar
from console.tui.widgets.line_input import LineInput
from console.view.form import FormField, next_option, read_form, wrong
from console.view.sanitise import line as clean
from console.view.spans import Span, fit

LABEL_CELLS = 18


class FieldRow(Vertical):
    """A field: its name and its input on one row, below it what it accepts or what is wrong."""

    DEFAULT_CSS = f"""
    FieldRow {{ height: 2; }}
    FieldRow .entry {{ height: 1; }}
    FieldRow .label {{ width: {LABEL_CELLS}; }}
    FieldRow LineInput {{ width: 1fr; }}
    """

    class Changed(Message):
        """What is typed is another value."""

    class Entered(Message):
        """Enter was pressed in the field."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self.field = field

    def __init__(self, field: FormField) -> None:
        super().__init__()
        self.field = field
        self._touched = False

    def compose(self) -> ComposeResult:
        """Label, input and the line below."""
        with Horizontal(classes="entry"):
            yield Bar(classes="label")
            yield Choice(self.field.options, self.field.start) if self.field.options else LineInput(self.field.start)
        yield Bar(classes="told")

    def on_mount(self) -> None:
        """Say what the field is."""
        self.draw()

    @property
    def typed(self) -> str:
        """What stands in the field."""
        found = self.query(LineInput)
        return found.first().value if found else self.field.start

    @property
    def problem(self) -> str | None:
        """What is wrong with it."""
        return wrong(self.field, self.typed)

    def touch(self) -> None:
        """From now on, say what is wrong also while the field is still empty."""
        self._touched = True
        self.draw()

    def draw(self) -> None:
        """The label, and what is to be said below."""
        problem = self.problem
        telling = problem is not None and (self._touched or bool(self.typed.strip()))
        mark = Span("x ", "error") if telling else Span("+ ", "ok") if problem is None else Span("  ")
        role = "field-focus" if self.has_focus_within else "strong"
        name = Span(fit(clean(self.field.name, limit=40), LABEL_CELLS - 3), role)
        told = Span(problem or "", "error") if telling else Span(self.field.help, "dim")
        # The focus may come before the bars are there: on_mount draws then.
        for label in self.query(".label").results(Bar):
            label.show((mark, name))
        for below in self.query(".told").results(Bar):
            below.show((Span(" " * LABEL_CELLS), told))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show which field the keys go to; the form still has to bring it onto the screen."""
        self.draw()

    def on_descendant_blur(self) -> None:
        """The keys go elsewhere now."""
        self.call_after_refresh(self.draw)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check as it is typed."""
        event.stop()
        self._touched = self._touched or bool(event.value)
        self.draw()
        self.post_message(self.Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Entered(self.field.name))


class Choice(LineInput):
    """A field that holds one of some words: space and the arrows go through them, a letter jumps."""

    BINDINGS = [
        Binding("space,right", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
    ]

    def __init__(self, options: tuple[str, ...], value: str) -> None:
        super().__init__(value or (options[0] if options else ""))
        self.options = options

    def action_turn(self, by: int) -> None:
        """The next or the previous word."""
        self.value = next_option(self.options, self.value, by)
        self.cursor_position = 0

    async def _on_key(self, event: Key) -> None:
        if event.key == "space":
            self.action_turn(1)
        elif event.is_printable and event.character:
            starting = [one for one in self.options if one.lower().startswith(event.character.lower())]
            if starting:
                self.value = next_option(tuple(starting), self.value)
        else:
            return
        event.stop()
        event.prevent_default()

    def action_delete_left(self) -> None:
        """Nothing is deleted from a choice."""

    def action_delete_left_all(self) -> None:
        """Nothing is deleted from a choice."""

    def action_delete_right(self) -> None:
        """Nothing is deleted from a choice."""

    def action_delete_right_all(self) -> None:
        """Nothing is deleted from a choice."""

    def action_delete_left_word(self) -> None:
        """Nothing is deleted from a choice."""

    def action_delete_right_word(self) -> None:
        """Nothing is deleted from a choice."""

    def action_cut(self) -> None:
        """Nothing is deleted from a choice."""

    def action_paste(self) -> None:
        """Nothing is pasted into a choice."""


class Fields(VerticalScroll):
    """The fields of a form."""

    DEFAULT_CSS = "Fields { height: auto; max-height: 50vh; scrollbar-size-vertical: 1; }"

    class Finished(Message):
        """Enter was pressed in the last field."""

    def __init__(self, fields: tuple[FormField, ...], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, can_focus=False)
        self.fields = fields

    def compose(self) -> ComposeResult:
        """A row for each."""
        for field in self.fields:
            yield FieldRow(field)

    def _rows(self) -> Iterable[FieldRow]:
        return self.query(FieldRow)

    @property
    def typed(self) -> dict[str, str]:
        """What stands in each field."""
        return {row.field.name: row.typed for row in self._rows()}

    @property
    def wrong(self) -> list[str]:
        """The fields in which something is wrong."""
        return [row.field.name for row in self._rows() if row.problem is not None]

    def values(self) -> dict[str, Value]:
        """The values; raises ValueError when something is wrong."""
        return read_form(self.fields, self.typed)

    def to_first(self, *, wrong: bool = False) -> None:
        """Put the focus into the first field, or into the first in which something is wrong."""
        for row in self._rows():
            if not wrong or row.problem is not None:
                row.query_one(LineInput).focus()
                return

    def touch(self) -> None:
        """Say everything that is wrong."""
        for row in self._rows():
            row.touch()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Keep the field that is typed in on the screen."""
        row = next((row for row in self._rows() if event.widget in row.query("*")), None)
        if row is not None:
            self.scroll_to_widget(row, animate=False)

    def on_field_row_entered(self, event: FieldRow.Entered) -> None:
        """Enter goes to the next field; from the last one it finishes the form."""
        event.stop()
        names = [field.name for field in self.fields]
        at = names.index(event.field)
        if at + 1 < len(names):
            list(self._rows())[at + 1].query_one(LineInput).focus()
        else:
            self.post_message(self.Finished())
