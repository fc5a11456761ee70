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
        self._blocks: OrderedDict[int, list[Line]] = OrderedDict()

    @property
    def last_top(self) -> int:
        """The top line when the end is on the screen."""
        return max(0, self.total - self.height)

    @property
    def widest(self) -> int:
        """How many characters the longest held line has."""
        return max((len(line.text) for block in self._blocks.values() for line in block), default=0)

    def resize(self, height: int) -> None:
        """The screen shows `height` lines now."""
        self.height = max(1, height)
        self.top = self.last_top if self.follow else min(self.top, self.last_top)

    def line(self, number: int) -> Line | None:
        """A line, or None while it is not held."""
        block = self._blocks.get(number // BLOCK)
        at = number % BLOCK
        return block[at] if block is not None and at < len(block) else None

    def wanted(self) -> list[tuple[int, int]]:
        """What to ask for so that the screen can be filled: (first line, number of lines), nearest the end first."""
        if not self.known:
            return [(-BLOCK, BLOCK)]
        last = min(self.total, self.top + self.height) - 1
        if last < 0:
            return []
        blocks = range(self.top // BLOCK, last // BLOCK + 1)
        return [(block * BLOCK, BLOCK) for block in reversed(blocks) if not self._is_full(block)]

    def _is_full(self, block: int) -> bool:
        held = self._blocks.get(block)
        if held is None:
            return False
        self._blocks.move_to_end(block)
        return len(held) >= min(BLOCK, self.total - block * BLOCK)

    def take(self, view: OutputView) -> None:
        """Keep the lines of an answer. An answer about another attempt than the one shown begins anew."""
        attempt = (view.visit, view.attempt)
        if self.shown_attempt not in (None, attempt):
            self._blocks.clear()
            self.total = 0
        self.shown_attempt = attempt
        self.known = True
        self.complete = view.complete
        self.lost_bytes = view.total.lost_bytes
        for line in view.lines:
            self._keep(line)
        self._drop()
        self.grew(max(view.total.lines, view.lines[-1].number + 1 if view.lines else 0))

    def _keep(self, line: Line) -> None:
        number, at = divmod(line.number, BLOCK)
        block = self._blocks.setdefault(number, [])
        if at < len(block):
            block[at] = line
        elif at == len(block):
            block.append(line)
        # A line past a gap is left out: its block is asked for as a whole.

    def _drop(self) -> None:
        while len(self._blocks) > self._held:
            self._blocks.popitem(last=False)

    def grew(self, lines: int) -> bool:
        """The output has that many lines now; true when it has more than before."""
        more = lines > self.total
        self.total = max(self.total, lines)
        if self.follow:
            self.top = self.last_top
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
        self.top = self.last_top

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
