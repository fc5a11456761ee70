"""Stopped, killed, or lost: nothing is left running, and what is said afterwards is never better than the truth."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.engine.reports import Finding
from console.engine.words import Outcome, Purpose
from tests.plugins.harness import Bench, eventually, running

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
Make = Callable[[dict[str, str]], Bench]

SLOW = """
variable "command" { type = string }
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  provisioner "local-exec" { command = var.command }
}
output "port" { value = 7 }
"""


def body(command: str) -> dict[str, Any]:
    return {"directory": "it", "variables": {"command": command}}


def slow_started(text: str) -> bool:
    return "terraform_data.slow: (local-exec): Executing" in text


def at_once(text: str) -> bool:
    return True


def previewed(bench: Bench, command: str) -> tuple[Any, str]:
    ready = bench.prepare(body(command))
    return ready, bench.preview(ready).preview.digest


def kill_terraform(word: str) -> None:
    """SIGKILL to the whole group of the terraform whose plan lies under `word`."""
    for line in running(word):
        if " apply " in line:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(os.getpgid(int(line.partition(":")[0])), signal.SIGKILL)


@pytest.mark.parametrize(
    "command",
    ["sleep 47.{0}", "trap '' INT TERM; sleep 47.{0} & sleep 47.{0}", "sh -c 'trap \"\" INT; sleep 47.{0}; true'"],
    ids=["polite", "deaf, with a child in the background", "deaf child"],
)
def test_a_cancel_leaves_no_process_and_can_be_retried(terraform: Make, tmp_path: Path, command: str) -> None:
    mark = str(abs(hash(str(tmp_path))))
    bench = terraform({"it/main.tf": SLOW})
    ready, digest = previewed(bench, command.format(mark))
    cancelled = bench.ask(Purpose.APPLY, ready, stop_when=slow_started, preview=digest)
    assert cancelled.reading.outcome is Outcome.CANCELLED, cancelled
    assert "stopped on request" in cancelled.reading.summary
    assert running(f"47.{mark}") == []
    assert running(str(bench.place.work)) == []

    ready, digest = previewed(bench, "true")
    assert bench.ask(Purpose.APPLY, ready, preview=digest).reading.outcome is Outcome.SUCCEEDED, (
        "lock free, state sound"
    )


def test_a_cancel_before_the_apply_changes_nothing(terraform: Make, tmp_path: Path) -> None:
    bench = terraform(
        {"it/main.tf": 'data "terraform_remote_state" "x" {\n  backend = "local"\n  config = { path = "x" }\n}'}
    )
    ready = bench.prepare("it")
    ran = bench.ask(Purpose.PREVIEW, ready, stop_when=at_once)
    assert ran.reading.outcome in (Outcome.CANCELLED, Outcome.FAILED)
    assert ran.reading.preview is None
    assert running(str(bench.place.work)) == []


def test_terraform_survives_its_driver_and_is_found_done(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": SLOW})
    go_on = tmp_path / "go-on"
    ready, digest = previewed(bench, f"until test -e {go_on}; do sleep 0.05; done")
    lost = bench.ask(Purpose.APPLY, ready, stop_when=slow_started, number=signal.SIGKILL, preview=digest)
    assert lost.reading.in_doubt, lost
    assert lost.reading.outcome is not Outcome.SUCCEEDED

    during = bench.ask(Purpose.DISCOVER, ready)
    assert during.reading.finding is Finding.CANNOT_TELL
    assert any("locked" in fact for fact in during.reading.facts), during

    go_on.touch()
    eventually(lambda: not running(str(bench.place.work)), saying="terraform goes on to its end")
    after = bench.ask(Purpose.DISCOVER, ready)
    assert after.reading.finding is Finding.DONE, after
    assert after.reading.outputs == {"port": 7}, "later steps need them"
    later = bench.visit("visit-2")
    undo = later.prepare_undo("previous", body("true"), later.prepare(body("true")))
    assert "return to the configuration applied before" in undo.shown[0], "what was found done counts as applied"


def test_killed_with_everything_it_is_never_found_done(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": SLOW})
    ready, digest = previewed(bench, "sleep 0.3")

    def killed(text: str) -> bool:
        if slow_started(text):
            kill_terraform(str(bench.place.work))
            return True
        return False

    lost = bench.ask(Purpose.APPLY, ready, stop_when=killed, number=signal.SIGKILL, preview=digest)
    assert lost.reading.outcome is not Outcome.SUCCEEDED
    eventually(lambda: not running(str(bench.place.work)))
    found = bench.ask(Purpose.DISCOVER, ready)
    assert found.reading.finding in (Finding.PARTLY, Finding.CANNOT_TELL), found
    assert any("not seen to end: terraform_data.slow" in fact for fact in found.reading.facts), found
    assert any("serial" in fact for fact in found.reading.facts)

    again = bench.preview(ready)
    retried = bench.ask(Purpose.APPLY, ready, preview=again.preview.digest)
    assert retried.reading.outcome is Outcome.SUCCEEDED, retried


def test_terraform_killed_alone_leaves_the_step_in_doubt(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": SLOW})
    ready, digest = previewed(bench, "sleep 0.3")

    def killed(text: str) -> bool:
        if slow_started(text):
            kill_terraform(str(bench.place.work))
            return True
        return False

    failed = bench.ask(Purpose.APPLY, ready, stop_when=killed, number=0, preview=digest)
    assert failed.reading.outcome is Outcome.FAILED, failed
    assert failed.reading.in_doubt
    assert "signal 9" in failed.reading.summary
    assert "not seen to end: terraform_data.slow" in failed.reading.summary


def test_what_never_began_is_not_done(terraform: Make) -> None:
    bench = terraform({"it/main.tf": SLOW})
    ready, _ = previewed(bench, "true")
    found = bench.ask(Purpose.DISCOVER, ready)
    assert found.reading.finding is Finding.NOT_DONE
    assert found.reading.facts == ("terraform apply was never started",)


def test_a_run_that_was_lost_is_still_undone(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": SLOW})
    raw = body("sleep 0.3")
    ready = bench.prepare(raw)
    undo = bench.prepare_undo("destroy-created", raw, ready)
    digest = bench.preview(ready).preview.digest
    bench.ask(Purpose.APPLY, ready, stop_when=slow_started, number=signal.SIGKILL, preview=digest)
    eventually(lambda: not running(str(bench.place.work)))
    shown, done = bench.rollback(undo)
    assert {change.target for change in shown.preview.changes} == {"terraform_data.quick", "terraform_data.slow"}
    assert done.reading.outcome is Outcome.SUCCEEDED, done
