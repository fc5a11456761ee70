"""What the tests of the catalogue share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.catalog.load import Loaded, load_text
from console.catalog.registry import Registry, load_registry
from console.engine.problem import Problem
from console.errors import InvalidRunbook

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "cases"

HEAD = "runbook: example\ntitle: Example\nowner: me\ncontact: me\n"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in kinds and the shipped plugins."""
    found = load_registry([ROOT])
    assert not found.problems, found.problems
    return found


@pytest.fixture(scope="session")
def problems_of(registry: Registry) -> Callable[[str], tuple[Problem, ...]]:
    """Loads a text and gives its problems, warnings included; a head (id, title, owner, contact) may be left out."""

    def find(text: str) -> tuple[Problem, ...]:
        try:
            return load_text(_whole(text), registry).warnings
        except InvalidRunbook as error:
            return tuple(error.problems)

    return find


@pytest.fixture(scope="session")
def load(registry: Registry) -> Callable[[str], Loaded]:
    """Loads a text that must be right; a head may be left out."""
    return lambda text: load_text(_whole(text), registry)


def _whole(text: str) -> str:
    return text if text.startswith("runbook:") else HEAD + text
