"""Typed, bounded values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.engine.fields import LONGEST_STRING, LONGEST_TEXT, parse_field
from console.engine.reports import Value
from console.engine.runbook import Field, ParameterType

T = ParameterType


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        (Field(type=T.INTEGER), " 42 ", 42),
        (Field(type=T.INTEGER), -7, -7),
        (Field(type=T.BOOLEAN), "Yes", True),
        (Field(type=T.BOOLEAN), False, False),
        (Field(type=T.CHOICE, choices=("a", "b")), "b", "b"),
        (Field(), "text", "text"),
        (Field(), 5, "5"),
        (Field(), True, "true"),
        (Field(type=T.TEXT), "a\n\tb", "a\n\tb"),
        (Field(type=T.HOST), "web-1.example.org", "web-1.example.org"),
        (Field(type=T.HOST), "fe80::1", "fe80::1"),
        (Field(pattern="[a-z]+"), "abc", "abc"),
    ],
)
def test_what_fits(field: Field, raw: Value, value: Value) -> None:
    parsed = parse_field(field, raw, "it")
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (Field(type=T.INTEGER), "ten"),
        (Field(type=T.INTEGER), "1.5"),
        (Field(type=T.INTEGER), True),
        (Field(type=T.INTEGER), "9" * 30),
        (Field(type=T.INTEGER, min=1), 0),
        (Field(type=T.INTEGER, max=5), "6"),
        (Field(type=T.BOOLEAN), "perhaps"),
        (Field(type=T.CHOICE, choices=("a", "b")), "c"),
        (Field(), None),
        (Field(), "a\nb"),
        (Field(), "a\x00b"),
        (Field(), "a\u202eb"),
        (Field(), "x" * (LONGEST_STRING + 1)),
        (Field(type=T.TEXT), "\x1b[31m"),
        (Field(type=T.TEXT), "x" * (LONGEST_TEXT + 1)),
        (Field(min_length=3), "ab"),
        (Field(max_length=3), "abcd"),
        (Field(pattern="[a-z]+"), "abc1"),
        (Field(pattern="[a-z]+"), "abc\n"),
        (Field(type=T.HOST), "-oProxyCommand=x"),
        (Field(type=T.HOST), "a b"),
        (Field(type=T.HOST), "a;b"),
        (Field(type=T.HOST), ""),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(field: Field, raw: Value) -> None:
    with pytest.raises(ValueError, match=r"^size ") as caught:
        parse_field(field, raw, "size")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.one_of(st.text(max_size=50), st.integers(), st.booleans(), st.none()), st.sampled_from(list(T)))
def test_any_value_is_typed_or_refused(raw: Value, type_: ParameterType) -> None:
    field = Field(type=type_, choices=("a", "b"))
    try:
        value = parse_field(field, raw, "it")
    except ValueError:
        return
    expected = {T.INTEGER: int, T.BOOLEAN: bool}.get(type_, str)
    assert type(value) is expected
