"""JSON without `json`: the same values, the same text, the same refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.supervisor.lean_json import dump, parse

scalars = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None))
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@settings(deadline=None)  # the machine may be busy
@given(values)
def test_what_json_writes_is_read_and_what_is_written_json_reads(value: object) -> None:
    assert parse(json.dumps(value)) == value
    assert json.loads(dump(value)) == value
    assert dump(value).isascii()
    assert "\n" not in dump(value)


def test_blanks_around_the_text_and_floats_in_it_are_read() -> None:
    assert parse(' \r\n[1.5, -0.25e2, {"a" : "\\ud83d\\ude00\\udc80"}]\t') == [1.5, -25.0, {"a": "\U0001f600\udc80"}]


BROKEN = [
    "",
    " ",
    "{",
    '{"a": 1',
    '{"a" 1}',
    "[1,]",
    "nul",
    "{} {}",
    '"\n"',
    "NaN",
    "[" * 100_000,
    "1" * 100_000,
    "'a'",
    '"\\x"',
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:12])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


def test_what_is_not_json_is_refused_without_the_json_package_too() -> None:
    """In a supervisor `json` is not loaded, and the scanner then fails in another way."""
    program = f"""
import sys; sys.path.append({str(Path(__file__).parents[2])!r})
from console.supervisor.lean_json import parse
for text in {BROKEN!r}:
    try: parse(text)
    except ValueError: continue
    sys.exit(f"accepted {{text[:20]!r}}")
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-"], input=program, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        dump({"a": b"bytes"})
