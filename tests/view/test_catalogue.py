from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.words import Effect, RunState
from console.protocol import ProblemView, RunbookList, RunbookSummary
from console.view.canvas import Canvas
from console.view.catalogue import about_rows, catalogue_rows, matches, plan_rows, typed_parameters
from console.view.cells import cell_width
from tests.view.samples import NOW, plans, runbook

CANVAS = Canvas(80, NOW)
ONE = runbook().summary
OTHER = RunbookSummary(
    id="drop", title="Drop it", source="x", risk=Effect.DESTROYS, last_run=7, last_state=RunState.FAILED,
    last_at="2026-05-01T02:00:00Z",
)  # fmt: skip


def test_each_runbook_says_its_risk_and_its_last_run() -> None:
    rows = catalogue_rows(RunbookList(runbooks=(ONE, OTHER)), CANVAS)
    assert [row.key for row in rows] == ["drop", "provision-environment"]
    assert "destroys" in rows[0].text
    assert rows[0].text.endswith("02:00Z ✗ FAIL")
    assert rows[1].text.endswith("never run")


def test_a_search_looks_at_everything_that_is_known() -> None:
    for words in ("provision", "NETWORK", "platform-team", "terraform", "staging ansible"):
        assert matches(ONE, words), words
    assert not matches(ONE, "drop")


def test_what_could_not_be_loaded_is_shown_with_its_mend() -> None:
    problems = (ProblemView(what="tabs are not allowed", where="runbooks/x.yaml:3:1", mend="use spaces"),)
    shown = "\n".join(row.text for row in catalogue_rows(RunbookList(runbooks=(ONE,), problems=problems), CANVAS))
    for part in ("Could not be loaded", "tabs are not allowed", "runbooks/x.yaml:3:1", "use spaces"):
        assert part in shown


def test_an_empty_catalogue_says_where_runbooks_go() -> None:
    assert "runbooks/" in catalogue_rows(RunbookList(runbooks=()), CANVAS)[-1].text
    found = catalogue_rows(RunbookList(runbooks=(ONE,)), CANVAS, search="zzz")
    assert "esc shows all 1" in found[-1].text


def test_a_plan_shows_commands_effects_undo_and_approvals() -> None:
    shown = "\n".join(row.text for row in plan_rows(runbook(), plans(), CANVAS))
    assert "| terraform apply plan" in shown
    assert "undo: terraform: previous" in shown
    assert "asks for approval by security" in shown
    assert '| curl -fsS "http://127.0.0.1:$PORT/healthz"' in shown
    assert "terraform  changes" in shown


def test_a_plan_says_when_it_may_roll_back_by_itself() -> None:
    shown = "\n".join(row.text for row in plan_rows(runbook(), plans(), CANVAS))
    assert "may roll back by itself" in shown
    calm = replace(runbook(), unattended_rollback=False)
    assert "by itself" not in "\n".join(row.text for row in plan_rows(calm, plans(), CANVAS))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_every_row_fits(width: int) -> None:
    canvas = Canvas(width, NOW)
    rows = [*plan_rows(runbook(), plans(), canvas), *about_rows(runbook(), width)]
    rows += typed_parameters({"name": "x" * 300, "ok": True}, width)
    rows += catalogue_rows(RunbookList(runbooks=(ONE, OTHER)), canvas)
    assert [row.text for row in rows if cell_width(row.text) > width] == []
