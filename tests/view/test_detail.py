from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.reports import Process
from console.engine.words import RunState, StepState
from console.protocol import Line
from console.view.canvas import Canvas
from console.view.cells import cell_width
from console.view.detail import detail_rows, output_key, read_output_key
from console.view.output import plain_line, shown_runs, shown_text
from console.view.quiet import quiet_rows
from tests.view.samples import DIGEST, NOW, at_approval, at_failure, attempt, provision, step


def text(run_step: int = 0) -> str:
    run = at_approval()
    return "\n".join(row.text for row in detail_rows(run.steps[run_step], run, Canvas(80, NOW)))


def test_a_step_shows_what_ran_its_digest_attempts_outputs_and_undo() -> None:
    shown = text()
    assert "What ran\n  | terraform plan -out plan" in shown
    assert DIGEST in shown
    assert "1.2 ✓ OK" in shown
    assert "exit 0" in shown
    assert "port = 18080" in shown
    assert "Undo\n  | terraform: previous" in shown


def test_a_step_that_did_not_run_says_so() -> None:
    assert "nothing was started" in text(2)


def test_what_was_left_behind_and_why_it_failed_is_shown() -> None:
    bad = replace(
        attempt(exit_code=2), error="permission denied", leftovers=(Process(pid=7, started=1, command="srv"),)
    )
    one = step("x", 1, StepState.FAILED, attempts=(bad,))
    shown = "\n".join(row.text for row in detail_rows(one, provision(steps=(one,)), Canvas(80, NOW)))
    assert "permission denied" in shown
    assert "left behind: pid 7  srv" in shown


@pytest.mark.parametrize("width", [40, 60, 80])
def test_every_row_fits(width: int) -> None:
    run = at_approval()
    rows = detail_rows(run.steps[0], run, Canvas(width, NOW))
    assert [row.text for row in rows if cell_width(row.text) > width and DIGEST not in row.text] == []


def test_keys_of_outputs_are_read_back() -> None:
    assert read_output_key(output_key("hosts/a", 2, 3)) == ("hosts/a", 2, 3)
    assert read_output_key("") is None
    assert read_output_key("other\tthing") is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("a\tb", "a       b"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("done\r\n", "done"),
        ("clear\x1b[2J\x1b[Hscreen", "clearscreen"),
        ("\x1b]52;c;cm0=\x07copy", "copy"),
        ("two\nlines", "two\u2424lines"),
    ],
)
def test_output_keeps_to_its_line(given: str, shown: str) -> None:
    assert plain_line(Line(number=0, at=None, text=given)) == shown


def test_colours_of_output_stay() -> None:
    runs = shown_runs(Line(number=0, at=None, text="\x1b[31mred\x1b[0m"))
    assert [(run.text, run.ink.front) for run in runs] == [("red", 1)]


def test_a_cut_line_says_how_much_is_missing() -> None:
    assert shown_text(Line(number=0, at=None, text="begin", cut=12_345)).endswith("[+12,345 characters]")


def test_where_nothing_was_printed_the_reason_is_said() -> None:
    run = at_failure()
    rows = [row.text for row in quiet_rows(run.steps[2], run, Canvas(80, NOW))]
    assert rows[0] == "Configure: failed. How to go on?"
    assert "Not started yet" in quiet_rows(run.steps[4], run, Canvas(80, NOW))[0].text
    told = step("tell", 6, StepState.SUCCEEDED, "notify", summary="Environment demo is ready.")
    assert quiet_rows(told, provision(RunState.SUCCEEDED), Canvas(80, NOW))[0].text == "Environment demo is ready."
