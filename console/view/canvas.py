"""What presenters must know of the screen they write for."""

from __future__ import annotations

from dataclasses import dataclass

from console.view.cells import pad
from console.view.spans import Span
from console.view.words import Mark

LONGEST_WORD = 9


@dataclass(frozen=True, slots=True)
class Canvas:
    """The width in cells, the time in seconds since the epoch, the operator's name, whether glyphs must be ASCII."""

    width: int
    now: float = 0.0
    me: str = ""
    ascii: bool = False

    def glyph(self, mark: Mark) -> str:
        """The glyph of a state."""
        return mark.ascii if self.ascii else mark.glyph

    def mark(self, mark: Mark, width: int = 0) -> Span:
        """Glyph and word of a state in its role, the word filled to `width` cells."""
        return Span(f"{self.glyph(mark)} {pad(mark.word, width)}", mark.style)
