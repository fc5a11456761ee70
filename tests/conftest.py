"""Fixtures that any test may use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def console_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh home (0700) that the environment points at, with a short runtime directory for its socket."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    # Not under tmp_path: its long names would not leave room for a socket's path.
    runtime = Path(tempfile.mkdtemp(prefix="console-"))
    monkeypatch.setenv("CONSOLE_HOME", str(home))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    yield home
    shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture(scope="session")
def console_corpus() -> Path:
    """The directory of real runbooks named by $CONSOLE_CORPUS; without it the test is skipped, saying so."""
    configured = os.environ.get("CONSOLE_CORPUS")
    if not configured:
        pytest.skip("CONSOLE_CORPUS is not set: it names a directory of runbooks of other tools to read")
    corpus = Path(configured)
    if not corpus.is_dir():
        pytest.fail(f"CONSOLE_CORPUS names {configured}, which is not a directory")
    return corpus
