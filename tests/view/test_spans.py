from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.view.cells import cell_width
from console.view.spans import Span, difference, ends, fit, fit_line, line_width, plain, rule, shorten, wrap

ANY = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=60)


@pytest.mark.parametrize(
    ("text", "cells"), [("abc", 3), ("", 0), ("漢字", 4), ("e\u0301", 1), ("✓ OK", 4), ("\u200b", 0)]
)
def test_width_counts_terminal_cells(text: str, cells: int) -> None:
    assert cell_width(text) == cells


@given(ANY, st.integers(2, 50))
def test_fitted_text_has_exactly_the_width(text: str, width: int) -> None:
    assert cell_width(fit(text, width)) == width


@given(ANY, st.integers(2, 50))
def test_shortened_text_is_never_wider(text: str, width: int) -> None:
    assert cell_width(shorten(text, width)) <= width


@given(st.lists(ANY, max_size=4), st.integers(2, 60))
def test_a_fitted_line_is_never_wider(texts: list[str], width: int) -> None:
    assert line_width(fit_line(tuple(Span(text) for text in texts), width)) <= width


@given(ANY, ANY, st.integers(30, 60))
def test_ends_fill_the_width(left: str, right: str, width: int) -> None:
    line = ends((Span(left),), (Span(fit(right, 6)),), width)
    assert line_width(line) == width
    assert plain(line).endswith(fit(right, 6))


def test_a_cut_says_that_something_is_missing() -> None:
    assert fit("provision-environment", 10) == "provisio.."


@given(ANY, st.integers(8, 40))
def test_wrapped_lines_fit_and_lose_no_word(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cell_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_breaks_at_spaces_and_keeps_line_ends() -> None:
    assert wrap("one two three\nfour", 9) == ["one two", "three", "four"]


def test_a_rule_fills_the_width_and_shows_where_the_keys_go() -> None:
    assert plain(rule("Steps", "3/7", 30)).endswith(" 3/7 --")
    assert len(plain(rule("Steps", "3/7", 30))) == 30
    assert plain(rule("Steps", "", 30)).startswith("-- Steps --")
    assert plain(rule("Steps", "", 30, focused=True)).startswith("== Steps ==")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("3m12s", "3m13s", (3, 1)),
        ("same", "same", None),
        ("", "abc", (0, 3)),
        ("abc", "", (0, 3)),
        ("漢a", "漢b", (2, 1)),
    ],
)
def test_difference_names_the_cells_that_changed(old: str, new: str, changed: tuple[int, int] | None) -> None:
    assert difference((Span(old),), (Span(new),)) == changed


def test_difference_sees_a_changed_role() -> None:
    assert difference((Span("ab"), Span("c")), (Span("ab"), Span("c", "ok"))) == (2, 1)
