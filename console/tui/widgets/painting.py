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
    """A line in exactly `width` cells. `over` is laid over every role, for the row under the cursor."""
    segments = [Segment(span.text, _laid(base + style_of(span.role), over)) for span in line if span.text]
    return Strip(segments).adjust_cell_length(width, _laid(base, over))


def _laid(style: Style, over: Style | None) -> Style:
    if over is None:
        return style
    # A reversed role under a reversed cursor would turn back; the cursor shows as bold and underlined there.
    return style + Style(bold=True, underline=True) if style.reverse and over.reverse else style + over


def strip_of_output(runs: Iterable[Inked], left: int, width: int, base: Style) -> Strip:
    """Output from column `left` in exactly `width` cells."""
    segments = [Segment(run.text, base + ink_style(run.ink)) for run in runs if run.text]
    strip = Strip(segments)
    if left:
        strip = strip.crop(left, max(left, strip.cell_length))
    return strip.adjust_cell_length(width, base)
