"""Where a run's files lie under the home."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from console.config import Home
from console.engine.run import Run
from console.steps.kind import Place


def slug(text: str) -> str:
    """A text as part of a file name: short, readable, and different for different texts."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:40]
    if plain == text and plain:
        return plain
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain}-{digest}" if plain else digest


def attempt_directory(home: Home, run: int, path: str, visit: int, attempt: int) -> Path:
    """The spool directory of an attempt; creating it is the permit to start."""
    return home.spool / str(run) / f"{slug(path)}.v{visit}.a{attempt}"


def files_directory(home: Home, run: int) -> Path:
    """Where the run's pinned files are laid out."""
    return home.root / "work" / str(run) / "files"


def place_of(
    home: Home, run: Run, path: str, visit: int, *, attempt: Path | None = None, preview: str | None = None
) -> Place:
    """The directories of a visit; `run`, `work` and `state` exist when this returns."""
    work = home.root / "work" / str(run.number)
    key = slug(run.lock) if run.lock else "default"
    place = Place(
        files=work / "files",
        run=work / "shared",
        work=work / "steps" / slug(path) / f"v{visit}",
        state=home.root / "state" / slug(run.runbook.id) / key / slug(path),
        attempt=attempt,
        preview=preview,
    )
    for directory in (place.run, place.work, place.state):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place
