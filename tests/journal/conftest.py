"""Homes and writers for the journal's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.journal import OutputReader, OutputStore, Writer, open_output, open_output_reader, open_writer


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a home may be made."""
    return tmp_path / "home"


@pytest.fixture
def writer(home: Path) -> Iterator[Writer]:
    """The writer of a fresh home."""
    writer = open_writer(home, wait=0)
    yield writer
    writer.close()


@pytest.fixture
def store(writer: Writer) -> OutputStore:
    """The output of a fresh home."""
    return open_output(writer)


@pytest.fixture
def outputs(store: OutputStore, home: Path) -> Iterator[OutputReader]:
    """A reader of the output of a fresh home."""
    reader = open_output_reader(home)
    yield reader
    reader.close()
