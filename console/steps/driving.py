"""What a kind and its driver share: a driver is a Python program that runs one tool for one attempt.

The driver gets its spec as JSON on standard input, prints lines for people as things happen, and leaves
`result.json` in the attempt's directory; the kind reads that file, and nothing else, as the outcome.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from console.engine.reports import Change, Finding, Preview, Value
from console.engine.words import Ending, Outcome, Purpose
from console.steps.kind import CommandLine, Exit, Place, Reading

RESULT = "result.json"
LARGEST_RESULT = 16 * 1024 * 1024
# What every tool needs, and the marker by which what an attempt left running is found again.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSH_AUTH_SOCK", "CONSOLE_ATTEMPT")
_LIBRARY = str(Path(__file__).resolve().parent.parent.parent)


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a driver says of its attempt.

    `ok` is true only where the work was seen to be complete, `in_doubt` where the tool ended without a word.
    """

    ok: bool
    summary: str = ""
    outputs: dict[str, Value] = {}
    preview: Preview | None = None
    changes: tuple[Change, ...] = ()
    finding: Finding = Finding.CANNOT_TELL
    facts: tuple[str, ...] = ()
    in_doubt: bool = False


def driver_command(
    folder: Path, purpose: Purpose, spec: dict[str, Any], place: Place, signals: tuple[str, ...], grace_ms: int
) -> CommandLine:
    """The process of a plugin's `driver.py`. `-P` keeps the plugin's own file names from shadowing any module."""
    given = {
        "library": _LIBRARY,
        "purpose": purpose.value,
        "spec": spec,
        "files": str(place.files),
        "work": str(place.work),
        "state": str(place.state),
        "attempt": str(place.attempt),
        "preview": place.preview,
    }
    return CommandLine(
        argv=(sys.executable, "-P", str(folder / "driver.py")),
        cwd=str(place.work),
        stdin=msgspec.json.encode(given).decode(),
        signals=signals,
        grace_ms=grace_ms,
        # A killed supervisor must not take a tool down before it has written what it did.
        hold_pipes=True,
        ignore_signals=("SIGHUP",),
    )


def small_environment(names: Iterable[str]) -> dict[str, str]:
    """The part of this process's environment that a tool gets: the common part, and these names."""
    wanted = {*_ENVIRONMENT, *names}
    return {name: value for name, value in os.environ.items() if name in wanted}


def say(text: str) -> None:
    """A line for people, at once. A reader that has gone away must not end the work."""
    with contextlib.suppress(OSError):
        data = (text + "\n").encode("utf-8", "replace")
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]


def write_whole(path: Path, data: bytes) -> None:
    """Write a private file (0600) so that it is there complete or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_result(attempt: Path, result: Result) -> None:
    """Leave the result of the attempt, whole."""
    write_whole(attempt / RESULT, msgspec.json.encode(result))


def answer(attempt: Path, question: Callable[[], Result]) -> int:
    """Answer the question of an attempt, leave the result, and return the driver's exit code.

    A driver that fails where nobody expected it leaves no result, since it cannot say what it had done by then; the
    traceback goes to a file beside, not to the operator.
    """
    try:
        result = question()
    except Exception as error:  # noqa: BLE001  (whatever it is, the operator is told and nothing is guessed)
        note = attempt / "driver-error.txt"
        write_whole(note, traceback.format_exc().encode("utf-8", "replace"))
        say(f"the driver failed: {type(error).__name__}: {error} (details in {note})")
        return 70
    say(result.summary)
    write_result(attempt, result)
    return 0 if result.ok else 1


def read_driven(purpose: Purpose, ended: Exit, place: Place) -> Reading:
    """The reading of a driver's end.

    Complete work counts as succeeded even where somebody asked to stop it. An apply or a rollback that left no
    result may have done anything: it is in doubt.
    """
    result = _load(place.attempt)
    if result is None:
        changing = purpose in (Purpose.APPLY, Purpose.ROLLBACK)
        return Reading(_stopped(ended) or Outcome.FAILED, _without_result(ended), in_doubt=changing)
    outcome = Outcome.SUCCEEDED if result.ok else _stopped(ended) or Outcome.FAILED
    return Reading(
        outcome,
        result.summary,
        outputs=dict(result.outputs),
        preview=result.preview if result.ok else None,
        changes=result.changes,
        finding=result.finding,
        facts=result.facts,
        in_doubt=result.in_doubt,
    )


def _stopped(ended: Exit) -> Outcome | None:
    return {Ending.TIMED_OUT: Outcome.TIMED_OUT, Ending.CANCELLED: Outcome.CANCELLED}.get(ended.ending)


def _without_result(ended: Exit) -> str:
    how = f"signal {ended.signal}" if ended.signal is not None else f"exit code {ended.exit_code}"
    lines = ended.tail.decode("utf-8", "replace").strip().splitlines()
    return f"the driver ended ({how}) without a result" + (f"; it last said: {lines[-1][:300]}" if lines else "")


def _load(attempt: Path | None) -> Result | None:
    if attempt is None:
        return None
    try:
        with (attempt / RESULT).open("rb") as file:
            data = file.read(LARGEST_RESULT + 1)
        return msgspec.json.decode(data, type=Result)
    except (OSError, msgspec.MsgspecError):
        return None
