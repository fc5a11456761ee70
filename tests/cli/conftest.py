from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.cli.main import main
from tests.cli.process import Ended
from tests.client.stand_in import StandIn

Verb = Callable[..., Ended]


@pytest.fixture
def server(console_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in for the server of the home."""
    for name in ("CONSOLE_AS", "CONSOLE_PLAIN", "CONSOLE_DEBUG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    with StandIn(console_home) as stand_in:
        yield stand_in


@pytest.fixture
def verb(server: StandIn, capsys: pytest.CaptureFixture[str]) -> Verb:
    """Run a verb in this process; returns its exit code and what it printed."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        out, err = capsys.readouterr()
        return Ended(code, out, err)

    return run
