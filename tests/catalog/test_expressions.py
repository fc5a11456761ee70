"""Expressions: what they can do, what they cannot, and that nobody is hurt by trying."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.catalog.expressions import CannotRender, compile_expression, evaluate_condition, render
from console.catalog.names import names

NAMES = names(
    {"name": "web", "count": 3, "flag": True, "none": None, "items": "x", "big": "a" * 60_000},
    {"net-work": {"outputs": {"port": 8080, "host-name": "h"}, "outcome": "succeeded"}, "idle": {}},
    {"number": 42, "runbook": "example", "home": "/h", "started_by": "ann"},
    "bob",
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{{ params.count }}", 3),
        ("{{ params.flag }}", True),
        ("{{ params.none }}", None),
        ("{{ params['name'] }}", "web"),
        ("{{params.count}} hosts", "3 hosts"),
        ("is {{ params.flag }}", "is true"),
        ("{{ params.items }}", "x"),
        ("{{ steps.net_work.outputs.port }}", 8080),
        ("{{ steps['net-work'].outputs.host_name }}", "h"),
        ("{{ steps.net_work.outputs.port + 1 }}", 8081),
        ("{{ steps.idle.outputs.x | default('-') }}", "-"),
        ("{{ steps.nobody.outputs.x | default('-') }}", "-"),
        ("{{ params.none | default('-') }}", "-"),
        ("{{ 'a' ~ params.count ~ params.flag }}", "a3true"),
        ("{{ [params.name, 'b'] }}", ["web", "b"]),
        ("{{ ['b', 'a'] | sort | join(',') }}", "a,b"),
        ("{{ 'a b' | split | length }}", 2),
        ("{{ '7' | int * 6 }}", 42),
        ("{{ 7 // 2 }}", 3),
        ("{{ 'x' if params.count > 2 else 'y' }}", "x"),
        ("{{ params.name | upper | replace('E', '3') }}", "W3B"),
        ("{{ params.name[0:2] }}", "we"),
        ("{{ {'a': params.count} }}", {"a": 3}),
        ("{{ operator }} in run {{ run.number }}", "bob in run 42"),
        ("{{ '{{.State}}' }}", "{{.State}}"),
        ("a }} b {% if %} {# c #}", "a }} b {% if %} {# c #}"),
        ("line\n{{ params.count }}\n", "line\n3\n"),
        ("  {{- params.count -}}  ", 3),
    ],
)
def test_what_an_expression_gives(text: str, value: object) -> None:
    rendered = render(text, NAMES)
    assert rendered == value
    assert type(rendered) is type(value)


def test_lists_and_mappings_are_rendered_inside_and_their_keys_are_not() -> None:
    value: Any = {"{{ x }}": ["{{ params.count }}", {"a": "{{ params.name }}"}], "n": 5, "t": True, "z": None}
    assert render(value, NAMES) == {"{{ x }}": [3, {"a": "web"}], "n": 5, "t": True, "z": None}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ params.nmae }}", "did you mean name?"),
        ("{{ parms.name }}", "did you mean params?"),
        ("{{ steps.nobody.outputs.x }}", "there are idle, net-work"),
        ("{{ steps.net-work.outputs.port }}", "write steps.net_work"),
        ("{{ steps.net_work.outputs.prot }}", "did you mean port?"),
        ("{{ item.x }}", "there is no 'item' here"),
        ("x {{ params.none }}", "has no value"),
        ("x {{ ['a'] }}", "is a list"),
        ("x {{ params }}", "is a mapping"),
        ("{{ 1.5 }}", "a fraction"),
        ("{{ 1 / 2 }}", "use //"),
        ("{{ [1, {'a': 1.5}] }}", "a fraction"),
        ("{{ {1: 2} }}", "not text"),
        ("{{ 7 // 0 }}", "division by zero"),
        ("{{ 'a' + 1 }}", "join a text to something with ~"),
        ("{{ 'abc' | int }}", "is not a whole number"),
        ("{{ params.name | shout }}", "there is no filter"),
        ("{{ params.name is tall }}", "there is no test"),
        ("{{ params.name", "without its }}"),
        ("{{ }}", "nothing between the braces"),
        ("{{ 1 2 }}", "unexpected"),
        ("{{ [params.nothing] }}", "there is no 'nothing'"),
        ("{{ 'a' ~ params.nothing }}", "there is no 'nothing'"),
        ("{{ params.nothing == 1 }}", "there is no 'nothing'"),
        ("{{ params.x | default(params.y) }}", "there is no 'y'"),
    ],
)
def test_what_is_missing_or_wrong_is_said_with_the_nearest_right_name(text: str, says: str) -> None:
    with pytest.raises(CannotRender) as caught:
        render(text, NAMES)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 10**9 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 9**9**9 }}",
        "{{ 99999999999 * 99999999999 * 99999999999 }}",
        "{{ range(10**9) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%s' | format('x') }}",
        "{{ params.big ~ params.big }}",
        "{{ params.big + params.big }}",
        "{{ params.big | replace('a', 'bbbbbbbbbbbbbbbb') }}",
        "{{ [params.big, params.big] | join }}",
        "{{ params.big * 2 }}",
        "{{ " + "(" * 1_500 + "1" + ")" * 1_500 + " }}",
        "{{ " + "not " * 1_000 + "true }}",
        "{{ " + "-" * 4_000 + "1 }}",
        "{{ " + "[" * 1_000 + "]" * 1_000 + " }}",
        "{{ " + "1+" * 2_000 + "1 }}",
        "{{ " + "x" * 5_000 + " }}",
        "{{ 'x' | center(1000000000) }}",
        "{{ params.big | indent(1000000) }}",
    ],
    ids=lambda text: text[:40],
)
def test_an_explosion_is_refused_before_it_happens(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(CannotRender):
        render(text, NAMES)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ params.__class__ }}",
        "{{ params['__class__'] }}",
        "{{ params.get('name') }}",
        "{{ params.name.upper() }}",
        "{{ params.name.format }}",
        "{{ params.items() }}",
        "{{ self }}",
        "{{ loop }}",
        "{{ cycler }}",
        "{{ lipsum.__globals__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ params | attr('__class__') }}",
        "{{ [1] | map(attribute='__class__') | first }}",
        "{{ namespace(x=1) }}",
        "{{ joiner }}",
        "{{ request.application }}",
    ],
)
def test_nothing_but_the_data_can_be_reached(text: str) -> None:
    with pytest.raises(CannotRender):
        render(text, NAMES)


def test_a_text_is_bounded_as_a_whole() -> None:
    with pytest.raises(CannotRender, match="more than 262144 characters"):
        render("{{ params.big }} " * 5, NAMES)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("params.count > 2", True),
        ("params.name == 'x'", False),
        ("not params.flag", False),
        ("steps.net_work.outcome == 'succeeded' and params.name in ['web', 'db']", True),
        ("steps.nobody.outputs.x is defined", False),
        ("true", True),
    ],
)
def test_a_condition_is_an_expression_without_braces(text: str, value: bool) -> None:
    assert evaluate_condition(text, NAMES) is value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("params.count", "neither true nor false"),
        ("params.name", "neither true nor false"),
        ("params.none", "neither true nor false"),
        ("{{ params.flag }}", "leave out the braces"),
        ("", "nothing"),
        ("params.nothing", "there is no 'nothing'"),
    ],
)
def test_a_condition_that_is_no_yes_or_no_is_refused(text: str, says: str) -> None:
    with pytest.raises(CannotRender, match=says):
        evaluate_condition(text, NAMES)


WORDS = (
    "params steps . name [' '] | default ( ) ' ~ + * ** [ ] { } 1 if else is not in join replace upper , : __class__ %"
)
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "9" * 10])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_expression_gives_plain_data_or_says_why_not(source: str) -> None:
    try:
        value = render("{{ " + source + " }}", NAMES)
    except CannotRender:
        return
    assert isinstance(value, (str, int, bool, list, dict, type(None)))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_data_is_never_read_as_an_expression(text: str) -> None:
    held = names({"x": text}, {}, {}, None)
    assert render("{{ params.x }}", held) == text
    assert render("<{{ params.x }}>", held) == f"<{text}>"


NESTS = {
    "list": ("[", "]", "1"),
    "sum": ("(1+", ")", "1"),
    "choice": ("(1 if true else ", ")", "1"),
    "mapping": ("{'a':", "}", "1"),
    "filter": ("(", "|string)", "'1'"),
    "comparison": ("(1==", ")", "1"),
    "not": ("not ", "", "true"),
    "entry": ("[", "][0]", "1"),
    "joined": ("('a' ~ ", ")", "'b'"),
    "default": ("(params.y|default(", "))", "1"),
    "minus": ("-", "", "1"),
}


@pytest.mark.parametrize("nest", NESTS)
def test_what_can_be_read_can_be_evaluated_however_deep(nest: str) -> None:
    opening, closing, inside = NESTS[nest]
    read = 0
    for depth in range(1, 80):
        source = opening * depth + inside + closing * depth
        try:
            compile_expression(source)
        except CannotRender:
            break
        render("{{ " + source + " }}", NAMES)
        read = depth
    assert 15 <= read < 79
