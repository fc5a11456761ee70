"""Parameters as people give them."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from console.catalog.form import InvalidParameters, parse_parameters
from console.catalog.load import Loaded
from console.engine.runbook import Runbook

TEXT = """
parameters:
  name: {type: string, pattern: "[a-z]+", help: Name of the thing}
  count: {type: integer, min: 1, max: 9, default: 3}
  really: {type: boolean, default: false}
  size: {type: choice, choices: [small, large], default: small}
  notes: {type: text, optional: true}
  free: {type: string, default: x}
steps: [{id: a, shell: ls, effect: reads}]
"""


@pytest.fixture
def runbook(load: Callable[[str], Loaded]) -> Runbook:
    return load(TEXT).runbook


def test_text_becomes_typed_values_and_defaults_fill_in(runbook: Runbook) -> None:
    assert parse_parameters(runbook, {"name": "web", "count": "5", "really": "yes", "notes": "a\nb"}) == {
        "name": "web",
        "count": 5,
        "really": True,
        "size": "small",
        "notes": "a\nb",
        "free": "x",
    }


def test_what_is_optional_and_not_given_is_none(runbook: Runbook) -> None:
    assert parse_parameters(runbook, {"name": "web"})["notes"] is None


def test_an_empty_field_of_a_form_is_not_given(runbook: Runbook) -> None:
    values = parse_parameters(runbook, {"name": "web", "count": "", "size": ""})
    assert (values["count"], values["size"]) == (3, "small")


def test_all_problems_come_at_once_with_the_nearest_names(runbook: Runbook) -> None:
    with pytest.raises(InvalidParameters) as caught:
        parse_parameters(runbook, {"nmae": "x", "count": "ten", "size": "smal", "free": "", "notes": "a\x1b[0m"})
    problems = caught.value.problems
    assert set(problems) == {"nmae", "name", "count", "size", "free", "notes"}
    assert "did you mean name?" in problems["nmae"]
    assert problems["name"] == "name is missing (Name of the thing)"
    assert "did you mean small?" in problems["size"]
    assert caught.value.exit_code == 2
    assert pickle.loads(pickle.dumps(caught.value)).problems == problems
