"""The driver's one job: answer the question of this attempt."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from console.engine.words import Purpose
from console.steps.driving import Result, answer

from .applying import apply
from .discover import discover
from .planning import preview
from .tool import NotReady, Stop, Stopped
from .workspace import Given, Workspace

_ANSWERS = {
    Purpose.PREVIEW: preview,
    Purpose.ROLLBACK_PREVIEW: preview,
    Purpose.APPLY: apply,
    Purpose.ROLLBACK: apply,
    Purpose.DISCOVER: discover,
}


def main(raw: dict[str, Any]) -> int:
    """Answer, leave `result.json`, and return the exit code of the driver."""
    os.umask(0o077)
    stop = Stop()
    stop.install()
    given = msgspec.convert(raw, Given)
    return answer(Path(given.attempt), lambda: _answer(given, stop))


def _answer(given: Given, stop: Stop) -> Result:
    work = Workspace(given, stop)
    try:
        result = _ANSWERS[given.purpose](work)
    except Stopped:
        return Result(ok=False, summary="stopped before anything was changed")
    except NotReady as error:
        return Result(ok=False, summary=str(error))
    return result
