from __future__ import annotations

import pytest

from console.view.times import clock, duration, elapsed, moment, until, when
from tests.view.samples import EARLY, NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (60, "1m00s"), (192, "3m12s"), (14_700, "4h05m"), (183_600, "2d03h"), (-5, "0s")],
)
def test_a_duration_never_looks_like_a_clock(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    assert ":" not in text


def test_elapsed_runs_until_the_end_or_until_now() -> None:
    assert elapsed(EARLY, None, NOW) == "1m12s"
    assert elapsed(EARLY, "2026-05-01T03:12:08.000Z", NOW) == "8s"
    assert elapsed(None, None, NOW) == ""


def test_a_clock_is_in_utc_and_says_so() -> None:
    assert clock(EARLY) == "03:12Z"
    assert clock("2026-05-01T05:12:04+02:00", seconds=True) == "03:12:04Z"


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-99-99"])
def test_what_is_no_moment_shows_as_nothing(text: str | None) -> None:
    assert moment(text) is None
    assert clock(text) == when(text, NOW) == until(text, NOW) == ""


def test_a_list_shows_the_clock_for_today_and_the_date_for_other_days() -> None:
    assert when(EARLY, NOW) == "03:12Z"
    assert when("2026-04-30T03:12:00Z", NOW) == "30 Apr"
    assert when("2025-04-30T03:12:00Z", NOW) == "2025-04-30"


def test_until_tells_what_is_over() -> None:
    assert until("2026-05-01T03:15:12Z", NOW) == "in 2m00s"
    assert until("2026-05-01T03:13:00Z", NOW) == "12s ago"
