"""YAML is read strictly, and hostile YAML quickly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from console.catalog.findings import Findings
from console.catalog.strict_yaml import DEPTH, Document, parse

MIB = 1024 * 1024


def read(text: str) -> tuple[Any, list[str]]:
    findings = Findings("x")
    document = parse(text, findings)
    return document.data if document else None, [problem.code for problem in findings.problems()]


def document_of(text: str) -> Document:
    findings = Findings("x")
    document = parse(text, findings)
    assert document is not None
    assert not findings.failed, findings.problems()
    return document


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("false", False),
        ("True", "True"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", "Null"),
        ("0", 0),
        ("-5", -5),
        ("999999999999999999", 999999999999999999),
        ("+5", "+5"),
        ("012", "012"),
        ("0x1f", "0x1f"),
        ("0o14", "0o14"),
        ("1_000", "1_000"),
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("22:22", "22:22"),
        ("2024-01-01", "2024-01-01"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("a#b", "a#b"),
        ("a  # two spaces make a comment", "a"),
        ("a\t# so does a tab", "a"),
        ("'a #b'", "a #b"),
    ],
)
def test_only_a_few_plain_texts_mean_anything_else(written: str, value: object) -> None:
    assert read(f"key: {written}\n") == ({"key": value}, [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: !!python/object/apply:os.system ['true']", "yaml-tag"),
        ("a: ! x", "yaml-tag"),
        ("a: &x 1", "yaml-anchor"),
        ("*a: 1", "yaml-anchor"),
        ("a: {*b : 1, c: 2}", "yaml-anchor"),
        ("a: 1\na: 2", "yaml-key"),
        ("1: a", "yaml-key"),
        ("true: a", "yaml-key"),
        ("? [a]\n: b", "yaml-key"),
        ("a: " + "9" * 19, "yaml-number"),
        ("a: rm -rf /srv/tmp #old", "yaml-cut-text"),
        ("a: b # one space is too little", "yaml-cut-text"),
        ("a: b  #no space after", "yaml-cut-text"),
        ("a: #channel", "yaml-cut-text"),
        ("a: [b, c #d\n]", "yaml-cut-text"),
        ("a: |\n  x\nb #c: 1", "yaml-syntax"),
        ("a: 1\n---\nb: 2", "yaml-documents"),
        ('a: "\\0"', "control-character"),
        ('a: "\\e]52;c;eA==\\a"', "control-character"),
        ('a: "\\u202e"', "control-character"),
        ('a: "\\ud800"', "yaml-syntax"),
        ("a: 'open", "yaml-syntax"),
        ("a:\n\t- b", "yaml-syntax"),
        ("", "empty"),
        ("# only a comment", "empty"),
    ],
)
def test_what_could_mean_something_else_is_refused(text: str, code: str) -> None:
    assert code in read(text)[1]


def test_comments_before_a_block_are_comments() -> None:
    assert read("a: # the list\n  - b\n") == ({"a": ["b"]}, [])


def test_aliases_are_refused_and_the_rest_is_still_read() -> None:
    value, codes = read("a: &x [1]\nb: *x\nc: 3\n")
    assert value == {"a": [1], "b": None, "c": 3}
    assert codes == ["yaml-anchor", "yaml-anchor"]


def test_every_value_and_key_knows_its_place() -> None:
    document = document_of("a: 1\nb:\n  - c: |\n      text\n  -   é: x\n")
    assert document.place(("a",))[:2] == (1, 4)
    assert document.place(("b", 0, "c")) == (3, 8, True)
    assert document.key_place(("b", 1, "é"))[:2] == (5, 7)
    assert document.place(("b", 1, "é"))[:2] == (5, 10)
    assert document.place(("b", 1, "é", "deeper", 7))[:2] == (5, 10)


def test_places_stay_right_behind_wide_characters_and_carriage_returns() -> None:
    document = document_of("a: \U0001f600\u00e9  # x\r\nb: {c: 1}\r\n")
    assert document.place(("b", "c"))[:2] == (2, 8)


@pytest.mark.parametrize(
    ("text", "deep"),
    [("[" * DEPTH + "]" * DEPTH, False), ("[" * (DEPTH + 1) + "]" * (DEPTH + 1), True)],
    ids=["at the limit", "above it"],
)
def test_the_depth_is_bounded(text: str, deep: bool) -> None:
    assert ("yaml-depth" in read(text)[1]) is deep


def bomb() -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(97 + i)}: &{chr(97 + i)} [{','.join(['*' + chr(96 + i)] * 9)}]" for i in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb(),
        "[" * 200_000,
        "a: " + "[" * 500_000,
        "{a: " * 200_000,
        "- " * 300_000,
        "? " * 300_000,
        "".join(" " * depth + "a:\n" for depth in range(1_000)),
        "v: " + "9" * 200_000,
        "&" * MIB,
        "!<" + "a" * MIB,
        "%" + "a" * MIB,
        "a: 1\n" * 100_000,
        "{" + "a," * (MIB // 2),
        "x: !!python/object/apply:os.system ['touch /tmp/owned']",
    ],
    ids=lambda text: f"{text[:12]!r} of {len(text)}",
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    begun = time.process_time()
    codes = read(text)[1]
    assert codes
    assert len(codes) <= 101
    # The slowest took 3.4 s of CPU when this was written; libyaml alone needs 86 s for 200 KB of `[`.
    assert time.process_time() - begun < 30


@pytest.mark.parametrize("text", ["v: " + ":".join(["1"] * 30_000), "'" * MIB], ids=["base 60", "quotes"])
def test_odd_text_stays_text(text: str) -> None:
    value, codes = read(text)
    assert codes == []
    assert isinstance(value["v"] if isinstance(value, dict) else value, str)
