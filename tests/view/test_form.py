from __future__ import annotations

import pytest

from console.engine.runbook import Field, ParameterType
from console.view.form import form_fields, next_option, read_form, wrong

FIELDS = form_fields(
    {
        "name": Field(pattern="[a-z][a-z0-9-]{2,20}", help="Name of the environment"),
        "size": Field(type=ParameterType.CHOICE, choices=("small", "large"), default="small"),
        "count": Field(type=ParameterType.INTEGER, min=1, max=5, default=2),
        "careful": Field(type=ParameterType.BOOLEAN, default=True),
        "remark": Field(optional=True),
    }
)
GOOD = {"name": "demo", "size": "large", "count": "3", "careful": "false", "remark": ""}


def test_a_form_begins_with_the_defaults() -> None:
    assert {one.name: one.start for one in FIELDS} == {
        "name": "",
        "size": "small",
        "count": "2",
        "careful": "true",
        "remark": "",
    }


def test_values_come_out_in_their_types_and_what_stayed_empty_is_left_out() -> None:
    assert read_form(FIELDS, GOOD) == {"name": "demo", "size": "large", "count": 3, "careful": False}


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("name", "", "name is still empty"),
        ("name", "De", "does not match"),
        ("size", "huge", "one of small, large"),
        ("count", "many", "not a whole number"),
        ("count", "9", "at most 5"),
    ],
)
def test_what_is_wrong_is_said_as_it_is_typed(name: str, typed: str, said: str) -> None:
    field = next(one for one in FIELDS if one.name == name)
    assert said in (wrong(field, typed) or "")


def test_an_emptied_field_with_a_default_means_the_default() -> None:
    assert read_form(FIELDS, GOOD | {"count": ""})["count"] == 2


def test_every_field_says_what_it_accepts() -> None:
    helps = {one.name: one.help for one in FIELDS}
    assert helps["name"] == "Name of the environment; like [a-z][a-z0-9-]{2,20}"
    assert helps["size"] == "space for the next of small, large"
    assert helps["count"] == "a whole number from 1 to 5"
    assert helps["careful"] == "space switches"
    assert helps["remark"] == "may stay empty"


def test_options_go_round() -> None:
    assert next_option(("a", "b", "c"), "c") == "a"
    assert next_option(("a", "b", "c"), "a", -1) == "c"
    assert next_option(("a", "b"), "unknown") == "a"
    assert next_option((), "x") == "x"
