"""From the lines of presenters to strips of cells."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from console.tui.theme import ink_style, style_of
from console.view.sgr import Inked
from console.view.spans import Line


def strip_of(line: Line, width: int, base: Style, over: Style | None = None) -> Strip:
    """A line in exactly `width` cells. With `over` the whole row looks like that, for the row under the cursor."""
    if over is not None:
        text = "".join(span.text for span in line)
        return Strip([Segment(text, base + over)]).adjust_cell_length(width, base + over)
    segments = [Segment(span.text, base + style_of(span.role)) for span in line if span.text]
    return Strip(segments).adjust_cell_length(width, base)


def strip_of_output(runs: Iterable[Inked], left: int, width: int, base: Style) -> Strip:
    """Output from column `left` in exactly `width` cells."""
    segments = [Segment(run.text, base + ink_style(run.ink)) for run in runs if run.text]
    strip = Strip(segments)
    if left:
        strip = strip.crop(left, max(left, strip.cell_length))
    return strip.adjust_cell_length(width, base)
