from __future__ import annotations

import pytest

from console.view.commandline import NotUnderstood, Order, complete, read_order


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ("42", Order("run", "42")),
        (" #42 ", Order("run", "42")),
        (":run 42", Order("run", "42")),
        ("start provision-environment", Order("start", "provision-environment")),
        ("runs", Order("runs")),
        ("runbooks", Order("runbooks")),
        ("q", Order("quit")),
        ("pause", Order("do", "run.pause")),
        ("rollback", Order("do", "rollback.all")),
    ],
)
def test_a_line_means_a_place_or_an_action(typed: str, order: Order) -> None:
    assert read_order(typed) == order


@pytest.mark.parametrize("typed", ["", "rn", "delete everything", "²", "runs now"])
def test_what_means_nothing_says_what_would(typed: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        read_order(typed)
    assert "Try " in str(caught.value)


def test_tab_completes_as_far_as_it_is_clear() -> None:
    assert complete("pa") == "pause"
    assert complete("roll") == "rollback"
    assert complete("rollback-") == "rollback-to"
    assert complete("run") is None
    assert complete("zzz") is None
    assert complete("") is None
