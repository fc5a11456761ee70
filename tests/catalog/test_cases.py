"""Whole runbooks as data: each file of cases/ with the problems it must give, in its neighbour `.problems`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from console.catalog.findings import Findings
from console.catalog.load import load_file
from console.catalog.registry import Registry
from console.catalog.strict_yaml import parse
from console.engine.problem import Problem, Severity
from console.errors import InvalidRunbook

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "cases"
VALID = sorted(CASES.glob("valid/*.yaml"))
INVALID = sorted(CASES.glob("invalid/*.yaml"))


def line_of(problem: Problem) -> str:
    warning = " (warning)" if problem.severity is Severity.WARNING else ""
    return f"{problem.line}:{problem.column} {problem.code}{warning}: {problem.message}"


def expected(case: Path) -> list[str]:
    file = case.with_suffix(".problems")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.stem)
def test_a_valid_runbook_loads_with_the_warnings_that_are_expected(case: Path, registry: Registry) -> None:
    loaded = load_file(case, registry)
    assert [line_of(problem) for problem in loaded.warnings] == expected(case)
    assert all(problem.severity is Severity.WARNING for problem in loaded.warnings)


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case.stem)
def test_an_invalid_runbook_gives_all_its_problems_at_their_places(case: Path, registry: Registry) -> None:
    with pytest.raises(InvalidRunbook) as caught:
        load_file(case, registry)
    assert [line_of(problem) for problem in caught.value.problems] == expected(case)
    assert {problem.file for problem in caught.value.problems} == {str(case)}


@pytest.mark.parametrize("case", [*VALID, *sorted(ROOT.glob("runbooks/*.yaml"))], ids=lambda case: case.stem)
def test_the_schema_accepts_what_the_loader_accepts(case: Path) -> None:
    validator = jsonschema.Draft202012Validator(
        json.loads((ROOT / "docs/runbook.schema.json").read_text(encoding="utf-8"))
    )
    document = parse(case.read_text(encoding="utf-8"), Findings(str(case)))
    assert document is not None
    assert [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(document.data)] == []


@pytest.mark.parametrize("runbook", sorted(ROOT.glob("runbooks/*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_runbooks_load_without_any_problem(runbook: Path, registry: Registry) -> None:
    assert load_file(runbook, registry).warnings == ()
