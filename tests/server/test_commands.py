"""What clients ask of runs: each command counts once, whoever repeats it, whenever."""

from __future__ import annotations

from tests.server.lab import Lab, shell


def test_a_run_goes_from_start_to_end(lab: Lab) -> None:
    book = lab.runbook(
        "t",
        shell("one", "echo hello; echo x=5 >> $CONSOLE_OUTPUT"),
        {"id": "ok", "approval": "Fine?"},
        {"id": "n", "notify": "done"},
    )
    ana = lab.client("ana")
    run = lab.start(ana, book)
    lab.wait_task(ana, run, "ok")
    assert lab.output(ana, run, "one") == "hello"
    lab.answer(ana, run, "ok", "approve")
    view = lab.wait_end(ana, run)
    assert view.state == "succeeded"
    lab.check_whole()
