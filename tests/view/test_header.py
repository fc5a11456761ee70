from __future__ import annotations

from msgspec.structs import replace

from console.engine.words import RunState
from console.view.canvas import Canvas
from console.view.cells import cell_width
from console.view.header import need_line, run_header
from console.view.spans import plain
from tests.view.samples import NOW, at_approval, at_failure, provision

CANVAS = Canvas(80, NOW)


def test_the_environment_comes_first_and_stands_out() -> None:
    line, _ = run_header(provision(), CANVAS)
    assert line[0].text == " STAGING "
    assert line[0].role == "env"
    assert plain(line) == " STAGING  #42 provision-environment | ► RUN 1m12s | step 1/6 | ana"


def test_a_run_without_an_environment_says_so() -> None:
    assert plain(run_header(provision(environment=None), CANVAS)[0]).startswith(" NO ENVIRONMENT ")


def test_the_ticking_cells_are_those_of_the_time() -> None:
    line, (first, count) = run_header(provision(), CANVAS)
    assert plain(line)[first : first + count] == "1m12s"


def test_the_header_fits_whatever_the_names() -> None:
    run = provision(runbook="x" * 300, environment="y" * 100, started_by="z" * 100)
    for width in (40, 60, 80, 200):
        assert cell_width(plain(run_header(run, replace_width(width))[0])) <= width


def replace_width(width: int) -> Canvas:
    return Canvas(width, NOW)


def test_what_stands_in_the_way_is_named() -> None:
    assert "| ending |" in plain(run_header(provision(cancelling=True), CANVAS)[0])
    assert "| late |" in plain(run_header(provision(late=True), CANVAS)[0])


def test_row_two_names_the_thing_that_needs_a_person_and_its_key() -> None:
    line = plain(need_line(at_approval(), CANVAS))
    assert line == '? NEEDS YOU  "Security review" wants approval (0 of 1)  [a] review'
    assert "did not succeed" in plain(need_line(at_failure(), CANVAS))


def test_a_long_title_gives_way_to_what_is_asked() -> None:
    run = at_approval()
    task = replace(run.waiting[0], title="A very long title of a step that nobody can read to its end")
    line = plain(need_line(replace(run, waiting=(task,)), CANVAS))
    assert line.endswith("wants approval (0 of 1)  [a] review")
    assert cell_width(line) <= 80


def test_more_than_one_thing_is_counted() -> None:
    run = at_approval()
    line = plain(need_line(replace(run, waiting=run.waiting * 3), CANVAS))
    assert line.startswith("? NEEDS YOU 1 of 3 ")


def test_a_deadline_is_named_when_it_is_near() -> None:
    run = at_approval()
    soon = replace(run.waiting[0], due="2026-05-01T03:20:12Z")
    late = replace(run.waiting[0], due="2026-05-02T03:20:12Z")
    assert ", due in 7m00s" in plain(need_line(replace(run, waiting=(soon,)), CANVAS))
    assert "due" not in plain(need_line(replace(run, waiting=(late,)), CANVAS))


def test_every_end_of_a_run_says_what_is_left_to_do() -> None:
    for state in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK):
        assert plain(need_line(provision(state), CANVAS))


def test_a_pause_says_how_to_go_on() -> None:
    assert "[x] resume" in plain(need_line(provision(RunState.PAUSED, paused=True), CANVAS))


def test_a_queued_run_says_what_it_waits_for() -> None:
    assert "Waits for run 7" in plain(need_line(provision(RunState.QUEUED, queued_behind=7), CANVAS))
