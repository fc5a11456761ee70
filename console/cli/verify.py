"""`console verify`: the journal of the home, looked through read-only, with or without a server."""

from __future__ import annotations

import argparse

from console.cli.call import Call
from console.cli.shapes import VerifyProblem, VerifyView
from console.errors import EXIT_DONE, JournalError, NotFoundError
from console.view.sanitise import line as clean


def options(_parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes: nothing of its own."""


def run(call: Call) -> int:
    """Verify the journal."""
    if not call.home.journal.exists():
        raise NotFoundError(
            "There is no journal to verify.", where=str(call.home.journal), mend="set CONSOLE_HOME to the home you mean"
        )
    found = _verify(call)
    call.show(found, lambda: _lines(call, found))
    return EXIT_DONE if found.ok else JournalError.exit_code


def _verify(call: Call) -> VerifyView:
    # The one verb that reads the journal itself: it must work while the server is down, and trust no server.
    from console.journal.verify import verify
    from console.server.records import claims

    report = verify(call.home.root, claims)
    return VerifyView(
        ok=report.ok,
        events=report.events,
        problems=tuple(
            VerifyProblem(code=one.code, message=one.message, stream=one.stream, seq=one.seq) for one in report.problems
        ),
        journal=report.journal,
        streams=report.streams,
        notes=report.notes,
        struck=report.struck,
        definitions=report.definitions,
        outputs=report.outputs,
        output_bytes=report.output_bytes,
        heads={head.stream: f"{head.seq}:{head.hash.hex()}" for head in report.heads},
    )


def _lines(call: Call, found: VerifyView) -> list[str]:
    counted = (
        f"{found.events} events in {found.streams} streams, {found.notes} notes ({found.struck} struck), "
        f"{found.definitions} definitions, {found.outputs} outputs with {found.output_bytes} bytes"
    )
    if found.ok:
        return [f"The journal holds: {counted}."]
    lines = [f"The journal does not hold: {len(found.problems)} problems in {call.home.root}", f"  read: {counted}"]
    for one in found.problems:
        place = f"{clean(one.stream)} event {one.seq}: " if one.stream and one.seq is not None else ""
        lines.append(f"  {place}{clean(one.message, limit=1_000)} [{one.code}]")
    return lines
