"""The part of an output that is on a screen: which lines are held, which must be asked for, where the screen stands.

Output may be a million lines. A window holds a few blocks of it, drops the ones looked at longest ago, and says which
block to ask for next.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from console.protocol import Line, OutputView

BLOCK = 200
HELD = 24
AHEAD = 24


@dataclass(frozen=True, slots=True)
class Source:
    """The output of one attempt; visit and attempt are None for the latest that printed."""

    run: int
    step: str
    visit: int | None = None
    attempt: int | None = None


class OutputWindow:
    """Lines of one output around the place that is looked at. `top` is the number of the first line on the screen."""

    def __init__(self, source: Source, *, held: int = HELD) -> None:
        self.source = source
        self.total = 0
        self.lost_bytes = 0
        self.complete = False
        self.known = False
        self.top = 0
        self.height = 1
        self.follow = True
        self.shown_attempt: tuple[int, int] | None = None
        self._held = held
        self._blocks: OrderedDict[int, dict[int, Line]] = OrderedDict()

    @property
    def last_top(self) -> int:
        """The top line when the end is on the screen."""
        return max(0, self.total - self.height)

    def resize(self, height: int) -> None:
        """The screen shows `height` lines now."""
        self.height = max(1, height)
        if self.follow:
            self._settle()
        else:
            self.top = min(self.top, self.last_top)

    def line(self, number: int) -> Line | None:
        """A line, or None while it is not held."""
        return self._blocks.get(number // BLOCK, {}).get(number)

    def wanted(self) -> tuple[int, int] | None:
        """What to ask for so that the screen can be filled: first line (negative: the last ones) and how many."""
        tail = self.height + AHEAD
        if not self.known:
            return (-tail, tail)
        missing = [number for number in self._visible() if self.line(number) is None]
        if not missing:
            return None
        # The end moves while it is asked for: only the server knows where it is.
        return (-tail, tail) if self.follow else (missing[-1] // BLOCK * BLOCK, BLOCK)

    def _visible(self) -> range:
        top = self.last_top if self.follow else self.top
        return range(top, min(self.total, top + self.height))

    def _settle(self) -> None:
        """Go to the end as soon as its lines are there; until then what is on the screen stays."""
        if all(self.line(number) is not None for number in self._visible()):
            self.top = self.last_top

    def take(self, view: OutputView) -> None:
        """Keep the lines of an answer. An answer about another attempt than the one shown begins anew."""
        attempt = (view.visit, view.attempt)
        if self.shown_attempt not in (None, attempt):
            self._blocks.clear()
            self.total = self.top = 0
        self.shown_attempt = attempt
        self.known = True
        self.complete = view.complete
        self.lost_bytes = view.total.lost_bytes
        for line in view.lines:
            number = line.number // BLOCK
            self._blocks.setdefault(number, {})[line.number] = line
            self._blocks.move_to_end(number)
        while len(self._blocks) > self._held:
            self._blocks.popitem(last=False)
        self.grew(max(view.total.lines, view.lines[-1].number + 1 if view.lines else 0))

    def grew(self, lines: int) -> bool:
        """The output has that many lines now; true when it has more than before."""
        more = lines > self.total
        self.total = max(self.total, lines)
        if self.follow:
            self._settle()
        return more

    def scroll(self, by: int) -> bool:
        """Move by lines, which ends following; true when it moved. Scrolling down to the end does not follow again."""
        self.follow = False
        return self._move(self.top + by)

    def scroll_to(self, top: int) -> bool:
        """Move to a line, which ends following; true when it moved."""
        self.follow = False
        return self._move(top)

    def _move(self, top: int) -> bool:
        before = self.top
        self.top = max(0, min(top, self.last_top))
        return self.top != before

    def to_end(self) -> None:
        """Go to the end and follow it."""
        self.follow = True
        self._settle()

    def state(self) -> str:
        """What is said above the output: whether it is followed, and how much there is."""
        if not self.known:
            return "reading"
        lines = "1 line" if self.total == 1 else f"{self.total:,} lines"
        if self.lost_bytes:
            lines += f", {self.lost_bytes:,} bytes lost"
        if self.complete and self.follow:
            return lines
        if self.follow:
            return f"following | {lines}"
        return f"{min(self.total, self.top + self.height):,} of {lines} | f follows"
