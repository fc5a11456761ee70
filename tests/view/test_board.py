from __future__ import annotations

from console.engine.words import RunState
from console.protocol import RunSummary
from console.view.board import board_rows, matches
from console.view.canvas import Canvas
from console.view.cells import cell_width
from tests.view.samples import NOW, at_approval, provision, summary

CANVAS = Canvas(80, NOW, "ana")
ENDED = provision(RunState.SUCCEEDED, run=40, ended_at="2026-05-01T03:12:40.000Z", cursor=None)


def texts(*runs: RunSummary, search: str = "", runbooks: int = 14) -> list[str]:
    return [row.text for row in board_rows(runs, CANVAS, search=search, runbooks=runbooks)]


def test_what_needs_a_person_comes_first() -> None:
    rows = board_rows((summary(ENDED), summary(provision(run=41)), summary(at_approval())), CANVAS)
    assert [row.key for row in rows if row.key] == ["42", "41", "40"]
    assert "Needs you" in rows[0].text
    assert "Security review: approve?" in rows[1].text


def test_what_waits_for_me_comes_before_what_waits_for_others() -> None:
    from msgspec.structs import replace

    mine = replace(at_approval(), id=7)
    task = replace(mine.waiting[0], for_=("ana",))
    rows = board_rows((summary(at_approval()), summary(replace(mine, waiting=(task,)))), CANVAS)
    assert [row.key for row in rows if row.key] == ["7", "42"]


def test_an_empty_board_says_what_to_press() -> None:
    assert texts(runbooks=14)[-1] == "No runs yet. Press n to start one from 14 runbooks."
    assert "Press n for the runbooks" in texts(runbooks=0)[-1]


def test_a_filter_that_finds_nothing_says_how_to_see_all() -> None:
    assert texts(summary(ENDED), search="nothing like it")[-1] == "No run matches 'nothing like it'. esc shows all 1."


def test_a_run_is_found_by_number_runbook_person_state_and_parameter() -> None:
    for words in ("42", "provision", "ANA", "running", "demo", "staging demo"):
        assert matches(summary(provision()), words), words
    assert not matches(summary(provision()), "demo prod")


def test_a_quiet_board_says_how_to_start() -> None:
    assert texts(summary(ENDED))[-1] == "Nothing runs and nothing waits. n starts a run."


def test_every_row_says_state_in_glyph_and_word_and_fits() -> None:
    rows = board_rows((summary(provision()), summary(ENDED)), CANVAS)
    assert "► RUN" in rows[1].text
    assert "✓ OK" in rows[3].text
    assert all(cell_width(row.text) <= 80 for row in rows)


def test_glyphs_can_be_ascii() -> None:
    rows = board_rows((summary(provision()), summary(ENDED)), Canvas(80, NOW, ascii=True))
    assert all(row.text.isascii() for row in rows)
