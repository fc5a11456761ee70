from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.view.sanitise import line, text
from tests.view.payloads import PAYLOADS

SGR = re.compile(r"\x1b\[[0-9;]*m")
HARMFUL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    r"\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(sorted(PAYLOADS.values())),
        st.sampled_from(["\x1b", "\x1b[", "\x9b", "\x1b]", "\x9c", "\x07", "\r", "\n", "\t", "[", "m", ";", "0", "31"]),
        st.text(max_size=5),
        st.characters(categories=["Mn", "Me", "Cf", "Cc", "Cs", "Co"]),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_nothing_harmful_is_left_of_a_payload(payload: str) -> None:
    plain, coloured, name = text(payload), text(payload, sgr=True), line(payload)

    assert not HARMFUL.search(plain)
    assert not HARMFUL.search(SGR.sub("", coloured))
    assert not HARMFUL.search(name)
    assert "\n" not in name


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_what_stands_beside_a_payload_is_still_read(payload: str) -> None:
    beside = text(f"before {payload}\nafter", limit=1_000_000)

    assert beside.startswith("before ")
    assert beside.endswith("\nafter")


@given(HOSTILE, st.booleans())
@settings(max_examples=600, deadline=None)
def test_text_is_clean_and_does_not_change_again(value: str, sgr: bool) -> None:
    cleaned = text(value, sgr=sgr)

    assert not HARMFUL.search(SGR.sub("", cleaned) if sgr else cleaned)
    assert text(cleaned, sgr=sgr) == cleaned


@given(HOSTILE)
@settings(max_examples=600, deadline=None)
def test_a_name_is_one_clean_line_and_does_not_change_again(value: str) -> None:
    name = line(value)

    assert not HARMFUL.search(name)
    assert not set(name) & {"\n", "\t", "\x1b"}
    assert line(name) == name


@given(HOSTILE, st.integers(min_value=1, max_value=80), st.booleans())
@settings(max_examples=400, deadline=None)
def test_a_limit_holds_and_leaves_no_half_sequence(value: str, limit: int, sgr: bool) -> None:
    cleaned = text(value, sgr=sgr, limit=limit)

    assert len(cleaned) <= limit
    assert not HARMFUL.search(SGR.sub("", cleaned))
    assert text(cleaned, sgr=sgr, limit=limit) == cleaned
    assert len(line(value, limit=limit)) <= limit


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200))
def test_plain_text_stays_as_it_is(value: str) -> None:
    assert text(value) == value
    assert text(value, sgr=True) == value


def test_newlines_and_tabs_stay_in_text_and_carriage_returns_at_line_ends_go() -> None:
    assert text("one\r\ntwo\tthree\r\n") == "one\ntwo\tthree\n"
    assert text("progress 10%\rprogress 20%\r") == "progress 10%␍progress 20%"


def test_colours_stay_only_when_asked_for_and_are_closed() -> None:
    assert text("\x1b[1;31mred\x1b[0m") == "red"
    assert text("\x1b[1;31mred", sgr=True) == "\x1b[1;31mred\x1b[0m"
    assert text("\x1b[38;5;208;48;2;1;2;3mx\x1b[m", sgr=True) == "\x1b[38;5;208;48;2;1;2;3mx\x1b[0m"


def test_blink_conceal_and_fonts_are_dropped_from_a_sequence() -> None:
    assert text("\x1b[1;5;8;11;31mx\x1b[0m", sgr=True) == "\x1b[1;31mx\x1b[0m"
    assert text("\x1b[8mhidden\x1b[0m", sgr=True) == "hidden\x1b[0m"


def test_hidden_things_are_shown() -> None:
    assert text("a\x00b") == "a␀b"
    assert text("user\u202ename") == "user\u2039202E\u203aname"
    assert text("a\x1b") == "a␛"
    assert text("shown \x1b]0;never ended") == "shown ␛"
    assert line("one\ntwo") == "one␤two"


def test_marks_are_limited_and_ordinary_accents_stay() -> None:
    zalgo = text("A" + "\u0301" * 20)

    assert sum(unicodedata.category(c) == "Mn" for c in zalgo) == 3
    assert text("naïve café Ελλάδα 日本語 नमस्ते ⚠\ufe0f") == "naïve café Ελλάδα 日本語 नमस्ते ⚠"
    assert line("e\u0301") == "é"


def test_what_was_cut_is_said() -> None:
    assert text("x" * 50_000).endswith("characters]")
    assert len(text("x" * 50_000)) <= 16_384
    assert line("y" * 500).endswith("characters]")
    assert line("y" * 500, limit=10) == "yyyyy~"


@pytest.mark.parametrize(
    "flood",
    ["\x1b" * 200_000, "\x1b[" * 100_000, "\x1b]" * 100_000, "\x1b[31m" * 40_000, "\u0301" * 200_000, "\x9d" * 200_000],
)
def test_no_flood_takes_more_than_linear_time(flood: str) -> None:
    started = time.process_time()
    text(flood, limit=len(flood), sgr=True)

    assert time.process_time() - started < 5
