from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.view.sanitise import text as clean
from console.view.sgr import PLAIN, Ink, Inked, inked, without_colour


@pytest.mark.parametrize(
    ("codes", "ink"),
    [
        ("1", Ink(bold=True)),
        ("31", Ink(front=1)),
        ("1;31;44", Ink(bold=True, front=1, back=4)),
        ("91", Ink(front=9)),
        ("38;5;208", Ink(front=208)),
        ("38;2;1;2;3", Ink(front="#010203")),
        ("48;2;255;0;16", Ink(back="#ff0010")),
        ("1;22", Ink()),
        ("31;39", Ink()),
        ("4;24;7", Ink(reverse=True)),
        ("31;0", Ink()),
        ("", Ink()),
        ("38;5", Ink()),
        ("38;2;300;1;1", Ink()),
        ("1;38;9;9", Ink(bold=True)),
    ],
)
def test_colours_become_inks(codes: str, ink: Ink) -> None:
    assert inked(f"\x1b[{codes}mtext") == (Inked("text", ink),)


def test_runs_keep_their_order_and_their_characters() -> None:
    assert inked("a\x1b[32mok\x1b[0m b") == (Inked("a"), Inked("ok", Ink(front=2)), Inked(" b"))
    assert without_colour("a\x1b[32mok\x1b[0m b") == "aok b"


def test_plain_text_is_one_run() -> None:
    assert inked("plain") == (Inked("plain", PLAIN),)
    assert inked("") == ()


@given(st.text(max_size=80))
def test_no_control_character_comes_through_whatever_came_in(text: str) -> None:
    for given_text in (text, clean(text, sgr=True)):
        shown = "".join(run.text for run in inked(given_text))
        assert not [char for char in shown if ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F]
