"""The output of an attempt, read in windows as far as it is on the screen, and followed while it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual.events import Resize
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from console.errors import ConsoleError, NotFoundError
from console.protocol import Grew, OutputView, ReadOutput
from console.tui.widgets.painting import strip_of, strip_of_output
from console.view.output import LONGEST, shown_runs, shown_time
from console.view.sgr import Inked
from console.view.spans import Row
from console.view.window import OutputWindow, Source

Ask = Callable[[ReadOutput], Awaitable[OutputView]]
REPAINT_SECONDS = 0.25
SIDEWAYS = 16


class Output(Widget, can_focus=True):
    """Lines of one output. `instead` is shown while there is none; `told` is called when what stands above changes."""

    DEFAULT_CSS = "Output { height: 1fr; }"

    def __init__(self, ask: Ask, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.window: OutputWindow | None = None
        self.instead: list[Row] = []
        self.told: Callable[[], None] | None = None
        self.problem = ""
        self.left = 0
        self.times = False
        self._ask = ask
        self._reading: asyncio.Task[None] | None = None
        self._later: Timer | None = None

    def show(self, source: Source | None, instead: list[Row]) -> None:
        """Show this output; the same one goes on where it stands."""
        self.instead = instead
        if source is None or self.window is None or self.window.source != source:
            self._begin(source)
        elif self.window.height != self.size.height:
            self.window.resize(self.size.height)
            self._read()
        self.refresh()

    def _begin(self, source: Source | None) -> None:
        self._stop()
        self.problem = ""
        self.left = 0
        self.window = None if source is None else OutputWindow(source)
        if self.window is not None:
            self.window.resize(self.size.height)
            self._read()
        self._tell()

    def again(self) -> None:
        """Read anew what is on the screen, after the connection was lost or the output may have changed."""
        before = self.window
        if before is None:
            return
        self._begin(before.source)
        begun: OutputWindow | None = self.window
        if begun is not None and not before.follow:
            begun.follow, begun.top = False, before.top

    def _stop(self) -> None:
        for pending in (self._reading, self._later):
            if isinstance(pending, asyncio.Task):
                pending.cancel()
            elif pending is not None:
                pending.stop()
        self._reading = self._later = None

    def on_unmount(self) -> None:
        """Read nothing more."""
        self._stop()

    def grew(self, push: Grew) -> None:
        """Take note that an attempt printed more; where it is followed, read on, four times a second at most."""
        window = self.window
        if window is None or (push.run, push.step) != (window.source.run, window.source.step):
            return
        attempt = (push.visit, push.attempt)
        if window.source.attempt is not None and (window.source.visit, window.source.attempt) != attempt:
            return
        if window.shown_attempt not in (None, attempt):
            self._begin(window.source)
            return
        if window.grew(push.lines) and self._later is None:
            self._later = self.set_timer(REPAINT_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        self._later = None
        self._read()
        self._tell()

    def _read(self) -> None:
        if self.window is not None and self._reading is None and self.window.wanted() is not None:
            self._reading = asyncio.create_task(self._read_all(self.window))

    async def _read_all(self, window: OutputWindow) -> None:
        try:
            while window is self.window and (wanted := window.wanted()) is not None:
                window.take(await self._ask(_question(window.source, *wanted)))
                self.problem = ""
                self.refresh()
                self._tell()
                if window.wanted() == wanted:
                    break  # the server has no more of it now, or it grows faster than it is read: both are told
        except NotFoundError:
            window.known = True
        except ConsoleError as problem:
            self.problem = problem.message
        finally:
            if self._reading is asyncio.current_task():
                self._reading = None
        if window is self.window:
            self._read_later()
            self.refresh()
            self._tell()

    def _read_later(self) -> None:
        """Read on after a rest, where the end has moved on meanwhile."""
        window = self.window
        if window is not None and window.follow and window.total and window.wanted() and self._later is None:
            self._later = self.set_timer(REPAINT_SECONDS, self._catch_up)

    def _tell(self) -> None:
        if self.told is not None:
            self.told()

    def move(self, by: int) -> None:
        """Scroll by lines."""
        if self.window is not None:
            self._moved(self.window.scroll(by))

    def page(self, direction: int) -> None:
        """Scroll by a page."""
        self.move(direction * max(1, self.size.height - 1))

    def edge(self, direction: int) -> None:
        """To the first line, or to the last, which is followed from there."""
        if self.window is None:
            return
        if direction < 0:
            self._moved(self.window.scroll_to(0))
        else:
            self.follow()

    def follow(self) -> None:
        """Follow the newest line."""
        if self.window is not None:
            self.window.to_end()
            self._moved(True)

    def sideways(self, direction: int) -> None:
        """Scroll long lines."""
        self.left = max(0, self.left + direction * SIDEWAYS)
        self.refresh()

    def toggle_times(self) -> None:
        """Show or hide when each line came."""
        self.times = not self.times
        self.refresh()

    def _moved(self, moved: bool) -> None:
        if moved:
            self.refresh()
        self._read()
        self._tell()

    def on_resize(self, _: Resize) -> None:
        """Fill the new size."""
        if self.window is not None:
            self.window.resize(self.size.height)
            self._read()
        self.refresh()

    def state(self) -> str:
        """What is said above the output."""
        if self.problem:
            return "not read"
        if self.window is None or (self.window.known and not self.window.total):
            return ""
        return self.window.state()

    def render_line(self, y: int) -> Strip:
        """One line of output."""
        width, base = self.size.width, self.rich_style
        window = self.window
        if window is None or not window.total:
            return strip_of(self.instead[y].line if y < len(self.instead) else (), width, base)
        number = window.top + y
        line = window.line(number)
        if line is None:
            return Strip.blank(width, base)
        runs = shown_runs(line)
        if self.times:
            runs = (Inked(shown_time(line)), *runs)
        return strip_of_output(runs, self.left, width, base)


def _question(source: Source, first: int, count: int) -> ReadOutput:
    return ReadOutput(
        run=source.run,
        step=source.step,
        visit=source.visit,
        attempt=source.attempt,
        first=first,
        count=count,
        width=LONGEST,
    )
