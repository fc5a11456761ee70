"""Patterns of authors meet text of anybody: the answer is the one of `re`, and comes in time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.patterns import compile_pattern, full_match

PATTERNS = [
    "[a-z][a-z0-9-]{2,20}",
    r"v?[0-9]+(\.[0-9]+)*",
    r"\d{1,3}(\.\d{1,3}){3}",
    "(a|b)*c?",
    "[^/]+/[^/]*",
    "a{2}|b{1,2}|",
    r"[\w.-]+@[\w-]+",
    "(?:ab)+?",
    ".*x.*",
    "^[a-c]*$",
    r"\S+\s\S+",
    r"[^\d\s]*",
    "é+",
]


@settings(max_examples=300)
@given(st.sampled_from(PATTERNS), st.text(alphabet="abc/xv0.1 -_@\n\té", max_size=12))
def test_it_agrees_with_re(pattern: str, text: str) -> None:
    # `$` before a final line break is the one thing that differs, on purpose: the whole text must match.
    assert full_match(pattern, text) == (re.fullmatch(pattern.removesuffix("$"), text) is not None)


@pytest.mark.parametrize("pattern", [r"(\w+\s?)*", "(a|a)*b", "(a*)*b", "(a+)+b", ".*.*.*x", "(.*a){20}"])
def test_no_text_takes_long(pattern: str) -> None:
    begun = time.process_time()
    assert not full_match(pattern, "a" * 4_096 + "!")
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "cannot be read"),
        ("[z-a]", "cannot be read"),
        (r"(a)\1", "groupref"),
        ("a(?=b)", "assert"),
        ("(?i)a", "no flags"),
        ("(?i:a)", "no flags"),
        (r"a\b", "no place inside"),
        ("a$b", "no place inside"),
        ("a++", "possessive"),
        ("(x{1,50}){1,50}", "too large"),
        ("x{1,100000}", "too large"),
        ("x" * 1_001, "at most 1000"),
        ("(" * 500 + ")" * 500, "nested too deeply"),
    ],
)
def test_what_needs_backtracking_or_too_much_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compile_pattern(pattern)
