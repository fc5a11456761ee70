"""A home with a real server for each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.lab import Lab


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A short directory for sockets."""
    path = Path(tempfile.mkdtemp(prefix="console-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def lab(tmp_path: Path, runtime: Path) -> Iterator[Lab]:
    """A fresh home; whatever ran in it is ended afterwards."""
    lab = Lab(tmp_path / "home", runtime)
    yield lab
    lab.close()
