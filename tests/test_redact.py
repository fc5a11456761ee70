"""Masking in a stream: however it is cut, no value comes through and everything else does."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.redact import IDLE_BYTES, MASK, Patterns, Redactor, forms

SECRET = "s3cret/Value"


def stream(values: list[str], chunks: list[bytes]) -> bytes:
    redactor = Redactor(Patterns(values))
    return b"".join(map(redactor.feed, chunks)) + redactor.feed(b"", last=True)


def cut(data: bytes, places: tuple[int, ...]) -> list[bytes]:
    bounds = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def test_every_way_of_cutting_in_three_gives_the_same() -> None:
    data = f"user {SECRET} and {SECRET}{SECRET}, not s3cret/Valve".encode()
    expected = b"user [redacted] and [redacted][redacted], not s3cret/Valve"
    for places in combinations(range(len(data) + 1), 2):
        assert stream([SECRET], cut(data, places)) == expected, f"cut at {places}"


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.text("ab", min_size=1, max_size=5), max_size=3),
    st.lists(st.text("abc", max_size=6), max_size=8),
)
def test_cutting_makes_no_difference(values: list[str], chunks: list[str]) -> None:
    """Over an alphabet this small values overlap themselves and each other all the time."""
    pieces = [chunk.encode() for chunk in chunks]
    whole = b"".join(pieces)
    assert stream(values, pieces) == stream(values, [whole]) == Patterns(values).mask(whole)


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=3),
    st.lists(st.text("abc", max_size=6), max_size=8),
)
def test_nothing_is_left_of_a_value_and_nothing_else_is_touched(values: list[str], chunks: list[str]) -> None:
    data = "".join(chunks).encode() + b"."  # so that no value is cut off by the end
    covered = [False] * len(data)
    for value in values:
        at = data.find(value.encode())
        while at >= 0:
            covered[at : at + len(value)] = [True] * len(value)
            at = data.find(value.encode(), at + 1)
    kept = bytes(byte for byte, masked in zip(data, covered, strict=True) if not masked)
    assert stream(values, [*map(str.encode, chunks), b"."]).replace(MASK, b"") == kept


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.binary(max_size=50)))
def test_without_values_everything_passes_at_once(chunks: list[bytes]) -> None:
    redactor = Redactor(Patterns())
    assert [redactor.feed(chunk) for chunk in chunks] == chunks
    assert redactor.held == 0


def test_only_a_tail_that_may_become_a_value_is_held_back() -> None:
    redactor = Redactor(Patterns([SECRET]))
    assert redactor.feed(b"line s3cr") == b"line "
    assert redactor.held == 4
    assert redactor.feed(b"x") == b"s3crx"
    assert redactor.held == 0


def test_overlapping_values_leave_no_remainder() -> None:
    assert stream(["abcdef", "defghi"], [b"abcdefghi"]) == MASK
    assert stream(["abcdef", "defghi"], [b"abcdef", b"ghi"]) == MASK


def test_a_value_that_overlaps_itself_does_not_hold_the_stream_up() -> None:
    redactor = Redactor(Patterns(["abab"]))
    out = b""
    for _ in range(1000):
        out += redactor.feed(b"ab")
        assert redactor.held < 4
    assert out + redactor.feed(b"", last=True) == MASK


def test_a_short_held_tail_leaves_after_a_pause_and_a_long_one_stays() -> None:
    redactor = Redactor(Patterns([SECRET]))
    redactor.feed(b"prompt s3")
    assert redactor.idle() == b"s3"
    assert redactor.idle() == b""
    redactor.feed(b"cr")
    assert redactor.idle() == b""
    assert redactor.feed(b"eam") == b"cream"


def test_a_value_typed_slowly_shows_its_first_characters_at_most() -> None:
    redactor = Redactor(Patterns([SECRET]))
    out = b""
    for char in SECRET + "\n":
        out += redactor.feed(char.encode())
        out += redactor.idle()
    assert out == SECRET[:IDLE_BYTES].encode() + MASK + b"\n"


@pytest.mark.parametrize(("length", "masked"), [(len(SECRET) - 1, True), (len(SECRET) // 2, True), (4, False)])
def test_a_value_cut_off_by_the_end_is_masked_if_half_of_it_is_there(length: int, masked: bool) -> None:
    data = SECRET[:length].encode()
    assert stream([SECRET], [b"x ", data]) == (b"x " + MASK if masked else b"x " + data)


def test_a_value_added_later_is_masked_from_then_on() -> None:
    patterns = Patterns()
    redactor = Redactor(patterns)
    assert redactor.feed(b"hunter22 ") == b"hunter22 "
    patterns.add("hunter22")
    assert redactor.feed(b"hunter22 ") == MASK + b" "


def test_a_value_with_lines_is_masked_as_a_terminal_writes_it_and_line_by_line() -> None:
    key = "-----BEGIN KEY-----\nAAAABBBBCCCC\nshort\n-----END KEY-----\n"
    assert stream([key], [b"<", key.encode(), b">"]) == b"<" + MASK + b">"
    assert stream([key], [b"<", key.strip().replace("\n", "\r\n").encode(), b">"]) == b"<" + MASK + b">"
    assert stream([key], [b"only AAAABBBBCCCC, and short"]) == b"only [redacted], and short"


def test_a_blank_value_masks_nothing() -> None:
    assert forms("") == forms(" \n") == set()
    assert stream(["", "  "], [b"a  b"]) == b"a  b"


def test_a_value_that_is_not_utf8_is_masked() -> None:
    value = b"caf\xe9-key".decode("utf-8", "surrogateescape")
    assert stream([value], [b"<caf\xe9-", b"key>"]) == b"<" + MASK + b">"
