"""Windows of a step's output."""

from __future__ import annotations

from console import protocol as p
from console.engine.commands import Actor
from console.engine.run import Attempt, Run
from console.errors import NotFoundError
from console.server.host import Host
from console.server.records import attempt_name

MOST_LINES = 5_000


async def read_output(host: Host, ask: p.ReadOutput, who: Actor) -> p.OutputView:
    """Lines of an attempt's output; without an attempt, of the latest one that has printed, else the latest."""
    run = host.runs.get(ask.run)
    if run is None:
        raise NotFoundError(f"There is no run {ask.run}.", mend="console runs lists them")
    visit, attempt = _choose(host, run, ask)
    name = attempt_name(run.stream, ask.step, visit, attempt.number)
    end = host.output_reader.end(name)
    count = max(0, min(ask.count, MOST_LINES))
    stored = end.lines if end else 0
    # A last line without its newline counts as a line to look at.
    is_open = end is not None and _has_open_line(host, name, end.bytes)
    total_lines = stored + is_open
    first = ask.first if ask.first >= 0 else max(0, total_lines + ask.first)
    lines = host.output_reader.lines(name, first, count, max(80, min(ask.width, 65_536))) if end and count else []
    lost = attempt.report.output.lost_bytes if attempt.report else 0
    return p.OutputView(
        run=run.number,
        step=ask.step,
        visit=visit,
        attempt=attempt.number,
        lines=tuple(
            p.Line(
                number=one.number,
                at=p.iso(one.at),
                text=one.text.decode("utf-8", "replace").removesuffix("\r"),  # a terminal ends lines with CR LF
                cut=max(0, one.size - len(one.text)),
            )
            for one in lines
        ),
        total=p.OutputFacts(
            bytes=end.bytes if end else 0,
            lines=total_lines,
            open=is_open,
            sha256=end.sha256 if end else None,
            lost_bytes=lost,
        ),
        complete=end.complete if end else False,
    )


def _has_open_line(host: Host, name: str, size: int) -> bool:
    return size > 0 and host.output_reader.read(name, size - 1, 1) != b"\n"


def _choose(host: Host, run: Run, ask: p.ReadOutput) -> tuple[int, Attempt]:
    step = run.steps.get(ask.step)
    if step is None:
        raise NotFoundError(
            f"Run {run.number} has no step {ask.step!r}.", mend=f"its steps are {', '.join(run.order[:20])}"
        )
    found = [
        (visit.number, attempt)
        for visit in step.visits
        for attempt in visit.attempts
        if ask.visit in (None, visit.number) and ask.attempt in (None, attempt.number)
    ]
    if not found:
        raise NotFoundError(f"{ask.step} has printed nothing: no process of it has run.")
    printed = [one for one in found if _printed(host, run, ask.step, *one)]
    return (printed or found)[-1]


def _printed(host: Host, run: Run, path: str, visit: int, attempt: Attempt) -> bool:
    if attempt.report is not None:
        return attempt.report.output.bytes > 0
    end = host.output_reader.end(attempt_name(run.stream, path, visit, attempt.number))
    return end is not None and end.bytes > 0
