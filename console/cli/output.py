"""`console output`: what a step printed, whole or in part, and while it prints."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from msgspec.structs import replace

from console.cli.call import Call
from console.cli.parsing import run_number
from console.cli.waiting import LOOK_AGAIN_SECONDS, stopped
from console.client.faults import ConnectionLost
from console.engine.words import RUN_ENDS
from console.errors import EXIT_DONE, NotFoundError
from console.protocol import Changed, Grew, Line, OutputView, ReadOutput, ShowRun, Stopping
from console.view.times import clock

WINDOW = 2_000


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")
    parser.add_argument("step", metavar="STEP", help="the step's path, as in console show RUN")
    parser.add_argument("--follow", "-f", action="store_true", help="go on until the process has ended")
    parser.add_argument("--attempt", type=int, metavar="N", help="the attempt's number; else the latest that printed")
    parser.add_argument("--visit", type=int, metavar="N", help="the visit's number; else the latest")
    parser.add_argument(
        "--lines", type=line_range, default=(0, None), metavar="A:B", help="lines A to B, from 1; -N is the last N"
    )
    parser.add_argument("--times", action="store_true", help="print when each line came")


def line_range(text: str) -> tuple[int, int | None]:
    """Lines as `A:B`, `A:`, `:B`, `A` or `-N`: the first, from 0 (or -N), and how many. Raises argparse's error."""
    first, colon, last = text.partition(":")
    try:
        if not colon and text.startswith("-") and int(text) < 0:
            return int(text), -int(text)
        start = int(first or 1)
        end = int(last) if last else (None if colon else start)
    except ValueError:
        start, end = 0, None
    if start < 1 or (end is not None and end < start):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no range of lines: say 10:20, 10:, or -20 for the last 20")
    return start - 1, None if end is None else end - start + 1


def run(call: Call) -> int:
    """Print the output of a step."""
    number = call.run_number(call.arguments.run)
    if call.json and not call.arguments.follow:
        call.out.json(_whole(call, number))
    elif call.arguments.follow:
        _follow(call, number)
    else:
        for window in _windows(call, number):
            _print(call, window)
    return EXIT_DONE


def _whole(call: Call, number: int) -> OutputView:
    windows = list(_windows(call, number))
    lines = tuple(line for window in windows for line in window.lines)
    return replace(windows[-1], lines=lines)


def _windows(call: Call, number: int) -> Iterator[OutputView]:
    """The windows that make up the lines that were asked for; the first says which attempt it is."""
    first, count = call.arguments.lines
    window = _read(call, number, first, WINDOW if count is None else min(count, WINDOW))
    yield window
    read = len(window.lines)
    while window.lines and (count is None or read < count):
        left = WINDOW if count is None else min(count - read, WINDOW)
        window = _read(call, number, window.lines[-1].number + 1, left, like=window)
        if not window.lines:
            return
        read += len(window.lines)
        yield window


def _read(call: Call, number: int, first: int, count: int, like: OutputView | None = None) -> OutputView:
    given = call.arguments
    return call.ask(
        ReadOutput(
            run=number,
            step=given.step,
            visit=like.visit if like else given.visit,
            attempt=like.attempt if like else given.attempt,
            first=first,
            count=count,
            width=65_536,
        )
    )


def _print(call: Call, window: OutputView) -> None:
    if call.json:
        call.out.json(window)
    else:
        for line in window.lines:
            call.out.outside(_line(call, line))
    call.out.flush()


def _line(call: Call, line: Line) -> str:
    cut = f" [+{line.cut} bytes]" if line.cut else ""
    time = f"{clock(line.at, seconds=True) or '-':<9} " if call.arguments.times else ""
    return f"{time}{line.text}{cut}"


def _follow(call: Call, number: int) -> None:
    """Print what is there and what comes, until the attempt that is shown has ended."""
    call.client.watch(number)
    window = _first(call, number)
    shown = _show(call, window, call.arguments.lines[0])
    while True:
        more = _read(call, number, max(0, shown), WINDOW, like=window)
        before, shown = shown, _show(call, more, shown)
        if shown == before:
            if more.complete:
                return
            _wait(call, number)


def _first(call: Call, number: int) -> OutputView:
    """The first window, once the step has begun to print."""
    from console.view.steps import find  # who only reads does not need it

    while True:
        try:
            return _read(call, number, call.arguments.lines[0], WINDOW)
        except NotFoundError:
            view = call.ask(ShowRun(run=number))
            if find(view, call.arguments.step) is None or view.state in RUN_ENDS:
                raise
        _wait(call, number)


def _show(call: Call, window: OutputView, shown: int) -> int:
    """Print the lines that are whole, from `shown` on; returns the number of the next line."""
    goes_on = window.total.open and not window.complete
    last = window.total.lines - 1
    ready = tuple(line for line in window.lines if not (goes_on and line.number == last))
    if ready:
        _print(call, replace(window, lines=ready))
        return ready[-1].number + 1
    return shown if shown >= 0 else window.total.lines


def _wait(call: Call, number: int) -> None:
    """Wait until the run changed or printed more."""
    while True:
        try:
            push = call.client.next_push(LOOK_AGAIN_SECONDS)
        except ConnectionLost:
            return
        if isinstance(push, Stopping):
            raise stopped(number)
        if push is None or (isinstance(push, Changed | Grew) and push.run == number):
            return
