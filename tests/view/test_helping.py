from __future__ import annotations

import pytest

from console.view.actions import actions_at
from console.view.cells import cell_width
from console.view.helping import help_rows, hint_line, menu_rows
from console.view.situation import Place, Situation, key_name
from console.view.spans import line_width, plain
from tests.view.samples import at_approval, provision

PLACES = [place for place in Place if place is not Place.EVERYWHERE]


@pytest.mark.parametrize("place", PLACES)
def test_help_names_every_action_and_every_key(place: Place) -> None:
    shown = "\n".join(row.text for row in help_rows(place, 80))
    for action in actions_at(place):
        assert action.label in shown, action.id
        for key in action.keys:
            assert key_name(key) in shown, (action.id, key)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_help_fits(place: Place, width: int) -> None:
    assert [row.text for row in help_rows(place, width) if cell_width(row.text) > width] == []


def test_help_begins_with_what_can_be_done_here() -> None:
    rows = [row.text for row in help_rows(Place.REVIEW, 80)]
    assert rows[0] == "What waits"
    assert rows.index("Moving") < rows.index("Everywhere")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_hints_fit_and_end_with_help(width: int) -> None:
    run = at_approval()
    line = hint_line(Situation(Place.RUN, run=run, step=run.steps[0]), width)
    assert line_width(line) <= width
    assert plain(line).rstrip().endswith("? Help")


def test_the_menu_says_why_not() -> None:
    run = provision()
    rows = {row.key: row.text for row in menu_rows(Situation(Place.RUN, run=run, step=run.steps[0]), 80)}
    assert "nothing waits for an answer" in rows["review"]
    assert "something of the run is still running" in rows["rollback.all"]
    assert "(typed)" in rows["step.stop"]
    assert list(rows)[-1] == "rollback.all"
