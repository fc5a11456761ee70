"""Reaching a control socket whose path is longer than a socket's address may be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from console.supervisor import layout


@contextmanager
def control_address(directory: str | os.PathLike[str]) -> Iterator[str]:
    """A short path to the directory's control socket, valid while inside. Raises OSError if there is no directory."""
    handle = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}/{layout.CONTROL}"
    finally:
        os.close(handle)
