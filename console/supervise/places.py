"""Directories on the way to an attempt's directory."""

from __future__ import annotations

import os
from pathlib import Path


def make_parent(directory: Path) -> None:
    """Create the parents of an attempt's directory that are missing, 0700 and on the disk. Raises OSError.

    The attempt's directory is the permit to start; a power cut must not lose it with a parent that was never synced.
    """
    missing = []
    parent = directory.parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
