"""A laboratory for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervise.lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Real attempts under a temporary directory; what they leave running is ended afterwards."""
    made = Lab(tmp_path / "spool")
    yield made
    made.clean_up()
