"""Every runbook that ships is one that the checker has nothing to say about."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.catalog.check import check_file
from console.catalog.pin import pin
from console.catalog.registry import load_registry
from tests.plugins.harness import ROOT

RUNBOOKS = sorted((ROOT / "runbooks").glob("*.yaml"))


def test_there_is_the_main_job_and_one_for_the_first_time() -> None:
    assert {"provision-environment.yaml", "hello.yaml"} <= {path.name for path in RUNBOOKS}


@pytest.mark.parametrize("path", RUNBOOKS, ids=[path.stem for path in RUNBOOKS])
def test_it_is_checked_without_a_word(path: Path) -> None:
    registry = load_registry([ROOT])
    checked = check_file(path, registry)
    assert checked.problems == (), [str(problem) for problem in checked.problems]
    assert checked.loaded is not None
    assert checked.loaded.runbook.id == path.stem


def test_all_that_its_steps_need_is_pinned() -> None:
    registry = load_registry([ROOT])
    assert registry.problems == [], "every shipped plugin loads"
    checked = check_file(ROOT / "runbooks" / "provision-environment.yaml", registry)
    assert checked.loaded is not None
    files = pin(checked.loaded, registry).files
    beside = ROOT / "runbooks" / "provision-environment"
    wanted = {path.relative_to(ROOT / "runbooks").as_posix() for path in beside.rglob("*") if path.is_file()}
    assert {name for name in wanted if "__pycache__" not in name} == set(files)
