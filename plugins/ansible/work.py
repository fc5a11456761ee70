"""The driver's one job: answer the question of this attempt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from console.engine.words import Purpose
from console.steps.driving import Result, answer, write_whole
from console.steps.trees import BadTree, digest_tree, resolve_inside

from .discover import LAUNCHED, discover
from .play import Play
from .spec import Given
from .stop import Stop
from .tally import Tally
from .verdict import verdict_of_check, verdict_of_run

_AGAIN = "nothing was changed; retry checks again"


def main(raw: dict[str, Any]) -> int:
    """Answer, leave `result.json`, and return the exit code of the driver."""
    stop = Stop()
    stop.install()
    given = msgspec.convert(raw, Given)
    return answer(Path(given.attempt), lambda: _answer(given, stop))


def _answer(given: Given, stop: Stop) -> Result:
    base = Path(given.work) / f"ansible-{given.spec.role}"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    record, launched = base / "events.jsonl", base / LAUNCHED
    if given.purpose is Purpose.DISCOVER:
        return discover(record, launched)
    if reason := _refusal(given):
        return Result(ok=False, summary=reason)
    if stop.asked():
        return Result(ok=False, summary="stopped before anything was changed")
    checking = given.purpose in (Purpose.PREVIEW, Purpose.ROLLBACK_PREVIEW)
    if checking:
        record = base / "check.jsonl"
        # A new preview begins a new attempt, which has not been launched.
        launched.unlink(missing_ok=True)
    else:
        write_whole(launched, b"")
    tally = Tally()
    play = Play(given.spec, Path(given.files), base, stop)
    code = play.run(checking, record, tally.hear)
    if checking:
        return verdict_of_check(tally, code, given.spec.inputs, stop.asked())
    return verdict_of_run(tally, code, stop.asked())


def _refusal(given: Given) -> str | None:
    """Why what lies here is not what was shown, if it is not."""
    files = Path(given.files)
    try:
        roots = [resolve_inside(files, name) for name in given.spec.roots]
        tree = digest_tree(roots, files)
    except (BadTree, OSError) as error:
        return f"the playbook's files cannot be read: {error}; {_AGAIN}"
    if tree != given.spec.tree:
        return f"the playbook or a file beside it is not the one that was pinned; {_AGAIN}"
    if given.preview is not None and given.preview != given.spec.inputs:
        return f"what is to run is not what was agreed to; {_AGAIN}"
    return None
