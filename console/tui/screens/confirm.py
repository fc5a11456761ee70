"""The question before something is done. Enter means no; the key that means yes is never the one that led here."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Input

from console.tui.widgets.bar import Bar
from console.tui.widgets.line_input import LineInput
from console.tui.widgets.rows import Rows
from console.view.confirming import Confirmation
from console.view.situation import Tier
from console.view.spans import Span, fit_line, rule, words, wrap

DEAF_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It was confirmed, with what was said about it."""

    note: str | None = None


class ConfirmScreen(ModalScreen[Confirmed | None]):
    """A question with y and n, or with a target to type; keys are ignored for the first 0.4 seconds."""

    AUTO_FOCUS = None
    BINDINGS = [
        Binding("escape", "no", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("tab", "other_field", show=False),
        Binding("shift+tab", "other_field", show=False),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: left bottom; background: $background 0%; }
    ConfirmScreen #question { height: auto; max-height: 100%; background: $background; }
    ConfirmScreen Rows { height: auto; }
    ConfirmScreen .field { height: 1; layout: horizontal; }
    """

    def __init__(self, question: Confirmation) -> None:
        super().__init__()
        self.question = question
        self.listens = False
        self._typed = question.tier is Tier.DANGEROUS
        self._writing = question.needs_note and not self._typed

    def compose(self) -> ComposeResult:
        """The question, its effects, and the fields."""
        with Vertical(id="question"):
            yield Bar(id="rule")
            yield Rows(text=True, id="effects")
            yield Bar(id="ask-target")
            yield LineInput(id="target")
            yield Bar(id="ask-note")
            yield LineInput(id="note")
            yield Bar(id="keys")

    def on_mount(self) -> None:
        """Draw, and put the focus where nothing is confirmed by accident."""
        for name in ("#ask-target", "#target"):
            self.query_one(name).display = self._typed
        self.set_focus(None)
        self._be_deaf()

    def _be_deaf(self) -> None:
        """Take no key for a moment: what is still held down or typed ahead was meant for something else."""
        self.listens = False
        self._draw()
        self.set_timer(DEAF_SECONDS, self._listen)

    def _listen(self) -> None:
        self.listens = True
        self._draw()
        if self._typed:
            self.query_one("#target").focus()
        elif self._writing:
            self.query_one("#note").focus()

    def on_resize(self) -> None:
        """Rows are made for a width."""
        self._draw()

    def _draw(self) -> None:
        width, height = self.app.size
        title = [words(line, "strong") for line in wrap(self.question.title, width)]
        rows = [*title, *self.question.rows]
        effects = self.query_one("#effects", Rows)
        effects.take_cells(max(1, min(len(rows), height - (8 if self._typed else 5))))
        effects.show(rows)
        note_open = self._typed or self._writing
        for name in ("#ask-note", "#note"):
            self.query_one(name).display = note_open and bool(self.question.note_for)
        for name, line in self._bars(width).items():
            self.query_one(name, Bar).show(fit_line(line, width))

    def _bars(self, width: int) -> dict[str, tuple[Span, ...]]:
        needed = "a reason is required" if self.question.needs_note else "may stay empty"
        title = rule("Sure?", "", width, focused=True)
        if not self.listens:
            # What can be pressed stands there from the moment on at which it counts.
            return {"#rule": title, "#ask-target": (), "#ask-note": (), "#keys": ()}
        return {
            "#rule": title,
            "#ask-target": (
                Span("Type ", "strong"),
                Span(self.question.target, "danger"),
                Span(" to do it:", "strong"),
            ),
            "#ask-note": (Span(f"{self.question.note_for.capitalize()} ({needed}):", "strong"),),
            "#keys": self._keys(),
        }

    def _keys(self) -> tuple[Span, ...]:
        why = self.question.accepts(self._value("#target"), self._value("#note"))
        if self._typed:
            effects = self.query_one("#effects", Rows)
            more = (Span("   pgdn", "key"), Span(" more", "dim")) if effects.state() else ()
            state = Span(f"{why or 'enter does it'}   ", "waiting" if why else "danger")
            return (state, Span("esc", "key"), Span(" go back, nothing is done   ", "dim"), Span("tab", "key"),
                    Span(" other field", "dim"), *more)  # fmt: skip
        if self._writing:
            state = Span(why or "enter keeps it, then y or n", "dim")
            return (Span("esc", "key"), Span(" go back, nothing is done   ", "dim"), state)
        note = self._value("#note")
        said = Span(f"   {self.question.note_for}: {note}" if note else "", "dim")
        write = (Span("   m", "key"), Span(f" {self.question.note_for}", "dim")) if self.question.note_for else ()
        return (Span("y", "key"), Span(f" {self.question.yes}   "), Span("n", "key"), Span(" no (enter is no)"),
                *write, said)  # fmt: skip

    def _value(self, name: str) -> str:
        return self.query_one(name, LineInput).value.strip()

    def on_key(self, event: Key) -> None:
        """Read y, n and m while no field is written in; nothing in the first moments."""
        if not self.listens and event.key != "escape":
            event.stop()
            event.prevent_default()
            return
        if self._typed or self._writing or event.key == "escape":
            return
        event.stop()
        if event.key in ("n", "enter"):
            self.action_no()
        elif event.key == "m" and self.question.note_for:
            self._writing = True
            self._draw()
            self.query_one("#note").focus()
        elif event.key == "y" and self.question.accepts("", self._value("#note")) is None:
            self._yes()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is still missing."""
        event.stop()
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: confirms a typed target, or keeps the note and asks."""
        event.stop()
        if self.question.accepts(self._value("#target"), self._value("#note")) is not None:
            return
        if self._typed:
            self._yes()
        else:
            self._writing = False
            self.set_focus(None)
            self._be_deaf()

    def _yes(self) -> None:
        self.dismiss(Confirmed(self._value("#note") or None))

    def action_no(self) -> None:
        """Go back; nothing is done."""
        self.dismiss(None)

    def action_page(self, direction: int) -> None:
        """Scroll the effects."""
        self.query_one("#effects", Rows).page(direction)

    def action_other_field(self) -> None:
        """From the target to the reason and back."""
        if self._typed and self.question.note_for:
            target, note = self.query_one("#target"), self.query_one("#note")
            (note if self.focused is target else target).focus()
