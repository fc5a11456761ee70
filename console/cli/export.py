"""`console export`: a run's events as the journal holds them, or its report in Markdown."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from console.cli.call import Call
from console.cli.parsing import run_number
from console.cli.shapes import ExportedView, ExportHead, ExportLine, ExportNote
from console.errors import EXIT_DONE, UsageError
from console.protocol import EventPage, ReadEvents, RunView, ShowRun
from console.view.sanitise import json_safe

FORMATS = ("jsonl", "markdown")


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("run", type=run_number, metavar="RUN", help="the run's number, or last")
    parser.add_argument("--format", choices=FORMATS, required=True, help="jsonl can be verified, markdown be read")
    parser.add_argument("-o", "--output", metavar="FILE", help="a new file; else standard output")


def run(call: Call) -> int:
    """Export a run."""
    given = call.arguments
    if call.json and given.output is None:
        raise UsageError("--json tells what was written, so it needs a file.", mend="give one with -o FILE")
    number = call.run_number(given.run)
    view = call.ask(ShowRun(run=number))
    counted = [0]
    lines = _jsonl(view, _pages(call, number), counted) if given.format == "jsonl" else _markdown(call, view, counted)
    if given.output is None:
        for line in lines:
            # Standard output may be a terminal; a file gets the journal's bytes as they are.
            call.out.raw(json_safe(line) if given.format == "jsonl" and call.out.terminal else line)
        return EXIT_DONE
    size = _write(Path(given.output), lines)
    body = ExportedView(file=given.output, format=given.format, events=counted[0], bytes=size)
    call.show(body, lambda: [f"{size} bytes with {body.events} events of run {number} were written to {given.output}"])
    return EXIT_DONE


def _pages(call: Call, number: int) -> Iterator[EventPage]:
    since = 0
    while True:
        page = call.ask(ReadEvents(run=number, since=since))
        yield page
        since += len(page.events)
        if not page.more or not page.events:
            return


def _jsonl(view: RunView, pages: Iterator[EventPage], counted: list[int]) -> Iterator[str]:
    head = ExportHead(export=1, run=view.id, runbook=view.runbook, state=view.state, seq=view.seq)
    yield msgspec.json.encode(head).decode()
    for page in pages:
        for body, digest in page.events:
            counted[0] += 1
            yield msgspec.json.encode(ExportLine(event=msgspec.Raw(body.encode()), hash=digest)).decode()
        for note, text in page.notes.items():
            yield msgspec.json.encode(ExportNote(note=note, text=text)).decode()


def _markdown(call: Call, view: RunView, counted: list[int]) -> Iterator[str]:
    from console.view.report import report_lines

    events: list[str] = []
    notes: dict[str, str] = {}
    for page in _pages(call, view.id):
        events += [body for body, _ in page.events]
        notes |= page.notes
    counted[0] = len(events)
    return iter(report_lines(view, events, notes))


def _write(place: Path, lines: Iterator[str]) -> int:
    """Write the lines into a new file, whole or not at all; returns its size in bytes."""
    part = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        if place.exists():
            raise UsageError(f"{place} exists already.", unaffected="it was not changed", mend="name a new file")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            for line in lines:
                file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(part, place)  # unlike a rename, it never overwrites what came there meanwhile
        return place.stat().st_size
    except OSError as problem:
        raise UsageError(
            f"It cannot be written: {problem.strerror}.", where=str(place), mend="name another"
        ) from problem
    finally:
        with suppress(OSError):
            part.unlink()
