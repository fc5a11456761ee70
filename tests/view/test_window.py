from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.protocol import Line, OutputFacts, OutputView
from console.view.window import BLOCK, OutputWindow, Source

SOURCE = Source(42, "network")


def answer(first: int, count: int, total: int, *, attempt: int = 1, complete: bool = False) -> OutputView:
    start = max(0, total + first) if first < 0 else first
    lines = tuple(Line(number=at, at=None, text=f"line {at}") for at in range(start, min(total, start + count)))
    return OutputView(
        run=42,
        step="network",
        visit=1,
        attempt=attempt,
        lines=lines,
        total=OutputFacts(lines=total),
        complete=complete,
    )


def filled(total: int, height: int = 10) -> OutputWindow:
    window = OutputWindow(SOURCE)
    window.resize(height)
    fill(window, total)
    return window


def fill(window: OutputWindow, total: int) -> int:
    """Answer everything that is asked for; returns how often that was."""
    times = 0
    while (wanted := window.wanted()) is not None:
        window.take(answer(*wanted, total))
        times += 1
        assert times < 20, "the window asks for ever"
    return times


def test_the_end_is_read_first_and_followed() -> None:
    window = filled(5_000)
    assert window.top == 4_990
    assert window.follow
    assert window.line(4_999) is not None


def test_a_million_lines_hold_only_what_was_looked_at() -> None:
    window = filled(1_000_000)
    window.scroll_to(0)
    assert fill(window, 1_000_000) == 1
    window.scroll_to(500_000)
    fill(window, 1_000_000)
    assert window.line(500_000) is not None
    for place in range(0, 1_000_000, 20_000):
        window.scroll_to(place)
        fill(window, 1_000_000)
    assert sum(window.line(number) is not None for number in range(1_000_000)) <= 24 * BLOCK


def test_growth_is_followed_until_somebody_scrolls() -> None:
    window = filled(100)
    assert window.grew(150)
    fill(window, 150)
    assert window.top == 140
    window.scroll(-5)
    window.grew(200)
    fill(window, 200)
    assert window.top == 135
    assert not window.follow
    assert "f follows" in window.state()
    window.to_end()
    fill(window, 200)
    assert window.top == 190


def test_what_is_on_the_screen_stays_until_the_new_end_is_there() -> None:
    window = filled(100)
    window.grew(100_000)
    assert window.top == 90
    assert window.wanted() == (-34, 34)
    assert all(window.line(number) is not None for number in range(90, 100))
    window.take(answer(-34, 34, 100_000))
    assert window.top == 99_990
    assert window.wanted() is None


def test_a_block_that_was_not_full_is_read_again_when_it_grew() -> None:
    window = filled(BLOCK + 5)
    window.grew(3 * BLOCK)
    window.scroll_to(BLOCK)
    assert window.wanted() == (BLOCK, BLOCK)
    fill(window, 3 * BLOCK)
    assert window.line(BLOCK + 9) is not None


def test_an_answer_of_another_attempt_begins_anew() -> None:
    window = filled(500)
    window.take(answer(-BLOCK, BLOCK, 3, attempt=2))
    assert window.total == 3
    assert window.line(2) is not None
    assert window.line(400) is None


def test_an_empty_output_asks_once() -> None:
    window = OutputWindow(SOURCE)
    window.take(answer(-BLOCK, BLOCK, 0))
    assert window.wanted() is None
    assert window.known


def test_the_place_is_kept_when_the_screen_changes_its_size() -> None:
    window = filled(100)
    window.scroll_to(40)
    window.resize(25)
    assert window.top == 40
    window.resize(90)
    assert window.top == 10


@given(st.lists(st.tuples(st.sampled_from(["grew", "scroll", "to", "end", "size"]), st.integers(-500, 3_000))))
def test_the_screen_never_stands_outside_the_output(moves: list[tuple[str, int]]) -> None:
    window, total = filled(50), 50
    for what, number in moves:
        match what:
            case "grew":
                total = max(total, number)
                window.grew(total)
            case "scroll":
                window.scroll(number)
            case "to":
                window.scroll_to(number)
            case "end":
                window.to_end()
            case "size":
                window.resize(abs(number) % 60 + 1)
        assert 0 <= window.top <= max(0, total - 1)
        fill(window, total)
        assert not window.follow or window.top == window.last_top
        assert all(window.line(at) is not None for at in range(window.top, min(total, window.top + window.height)))
