"""The canonical form of events."""

from __future__ import annotations

import enum
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import JournalError
from console.journal import canonical
from console.journal.canonical import MAX_DEPTH, MAX_INTEGER

keys = st.text(st.characters(max_codepoint=127), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(st.characters(codec="utf-8"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5), max_leaves=30
)


class Colour(enum.IntEnum):
    RED = 1


@given(values)
def test_is_what_the_standard_library_says_sorted_and_without_spaces(value: Any) -> None:
    reference = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(value) == reference.encode()


@given(values)
def test_is_what_an_implementation_of_rfc_8785_says(value: Any) -> None:
    rfc8785 = pytest.importorskip("rfc8785", reason="rfc8785, the oracle for canonical JSON, is not installed")
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_says_all_of_the_value(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(keys, scalars, min_size=2))
def test_the_order_in_which_keys_were_set_does_not_show(value: dict[str, Any]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [1, {"b": 0.5}]}, r"float .*\n.*\$\.a\[1\]\.b"),
        ({"a": float("nan")}, "float"),
        ({"a": MAX_INTEGER + 1}, r"2\^53"),
        ({"a": -MAX_INTEGER - 1}, r"2\^53"),
        ({"ключ": 1}, "not ASCII"),
        ({"a": {"\U0001f600": 1}}, r"not ASCII"),
        ({1: "a"}, "not ASCII"),
        ({"a": b"bytes"}, "bytes"),
        ({"a": {1, 2}}, "set"),
        ({"a": Colour.RED}, "Colour"),
        ({"a": "\ud800"}, "surrogate"),
        (nested(MAX_DEPTH + 1), "nested"),
        (nested(100_000), "nested"),
    ],
    ids=[
        "float",
        "nan",
        "big",
        "small",
        "key",
        "astral-key",
        "int-key",
        "bytes",
        "set",
        "enum",
        "surrogate",
        "deep",
        "abyss",
    ],
)
def test_refuses_what_has_more_than_one_spelling(value: Any, reason: str) -> None:
    with pytest.raises(JournalError, match=f"(?s){reason}"):
        canonical(value)


def test_takes_what_lies_just_inside_the_limits() -> None:
    assert canonical([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"
    assert canonical(nested(MAX_DEPTH)) == b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
