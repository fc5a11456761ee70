"""The two ways back: to what was applied before, and without what this run created."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.engine.words import Effect, Outcome, Purpose
from console.steps.kind import CannotPrepare, Ready
from tests.plugins.harness import Bench

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
Make = Callable[[dict[str, str]], Bench]

FILES = """
variable "names" { type = set(string) }
variable "root" { type = string }
variable "broken" { default = false }
resource "terraform_data" "file" {
  for_each = var.names
  input    = "${var.root}/${each.key}"
  provisioner "local-exec" {
    command     = "touch \\"$FILE\\""
    environment = { FILE = self.input }
  }
  provisioner "local-exec" {
    when        = destroy
    command     = "rm -f \\"$FILE\\""
    environment = { FILE = self.input }
  }
}
resource "terraform_data" "last" {
  depends_on       = [terraform_data.file]
  triggers_replace = [var.broken]
  provisioner "local-exec" {
    command = var.broken ? "exit 1" : "true"
  }
}
output "names" { value = join(",", var.names) }
"""


def body(tmp_path: Path, *names: str, broken: bool = False) -> dict[str, object]:
    (tmp_path / "made").mkdir(exist_ok=True)
    return {"directory": "it", "variables": {"names": list(names), "root": str(tmp_path / "made"), "broken": broken}}


def made(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "made").iterdir())


def forward(bench: Bench, raw: dict[str, object], undo: str = "previous") -> tuple[Outcome, Ready]:
    """Prepare both, as the console does when the step starts, then plan and apply."""
    ready = bench.prepare(raw)
    pinned = bench.prepare_undo(undo, raw, ready)
    return bench.apply(ready).reading.outcome, pinned


def test_a_first_apply_is_undone_by_destroying_everything(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    outcome, undo = forward(bench, body(tmp_path, "a", "b"))
    assert outcome is Outcome.SUCCEEDED
    assert "nothing was applied before" in undo.shown[0]
    shown, done = bench.rollback(undo)
    assert shown.preview.effect is Effect.DESTROYS
    assert (shown.preview.destroyed, shown.preview.added, shown.preview.changed) == (3, 0, 0)
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert made(tmp_path) == []
    _, next_undo = forward(bench.visit("visit-2"), body(tmp_path, "a"))
    assert "nothing was applied before" in next_undo.shown[0], "the rollback took back what it had recorded"


def test_previous_returns_to_the_configuration_and_variables_of_the_run_before(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    assert forward(bench, body(tmp_path, "a"))[0] is Outcome.SUCCEEDED
    # The file beside the runbook changes; the rollback must not care.
    (bench.place.files / "it" / "main.tf").write_text(FILES.replace('"names" { value', '"renamed" { value'))
    second = bench.visit("visit-2")
    outcome, undo = forward(second, body(tmp_path, "b", "c"))
    assert outcome is Outcome.SUCCEEDED
    assert made(tmp_path) == ["b", "c"]

    shown, done = second.rollback(undo)
    assert [(change.action, change.target) for change in shown.preview.changes] == [
        ("destroy", 'terraform_data.file["b"]'),
        ("destroy", 'terraform_data.file["c"]'),
        ("add", 'terraform_data.file["a"]'),
    ]
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert made(tmp_path) == ["a"]
    assert done.reading.outputs == {"names": "a"}

    third = bench.visit("visit-3")
    outcome, again = forward(third, body(tmp_path, "z"))
    third.rollback(again)
    assert made(tmp_path) == ["a"], "after a rollback, what it returned to is the previous again"


def test_a_failed_apply_is_undone_too(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    outcome, undo = forward(bench, body(tmp_path, "a", broken=True))
    assert outcome is Outcome.FAILED
    assert made(tmp_path) == ["a"]
    _, done = bench.rollback(undo)
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert made(tmp_path) == []


def test_destroy_created_spares_what_was_there_and_names_dependents(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    assert forward(bench, body(tmp_path, "a"))[0] is Outcome.SUCCEEDED
    second = bench.visit("visit-2")
    raw = body(tmp_path, "a", "b")
    ready = second.prepare(raw)
    undo = second.prepare_undo("destroy-created", raw, ready)
    assert second.apply(ready).reading.outcome is Outcome.SUCCEEDED
    assert made(tmp_path) == ["a", "b"]

    shown, done = second.rollback(undo)
    by_target = {change.target: change for change in shown.preview.changes}
    assert 'terraform_data.file["a"]' not in by_target
    assert by_target['terraform_data.file["b"]'].detail == ""
    assert "depends on" in by_target["terraform_data.last"].detail
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert made(tmp_path) == ["a"]


def test_destroy_created_destroys_nothing_when_nothing_was_created(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    assert forward(bench, body(tmp_path, "a"))[0] is Outcome.SUCCEEDED
    second = bench.visit("visit-2")
    outcome, undo = forward(second, body(tmp_path, "a"), "destroy-created")
    assert outcome is Outcome.SUCCEEDED
    shown, done = second.rollback(undo)
    assert shown.preview.summary == "nothing was created by this run"
    assert shown.preview.effect is Effect.READS
    assert done.reading.outcome is Outcome.SUCCEEDED
    assert made(tmp_path) == ["a"]


def test_destroy_created_covers_every_attempt_of_the_visit(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    raw = body(tmp_path, "a", broken=True)
    undo = bench.prepare_undo("destroy-created", raw, bench.prepare(raw))
    assert bench.apply(bench.prepare(raw)).reading.outcome is Outcome.FAILED
    assert bench.apply(bench.prepare(body(tmp_path, "a", "b"))).reading.outcome is Outcome.SUCCEEDED
    bench.rollback(undo)
    assert made(tmp_path) == []


def test_exactly_the_rollback_plan_that_was_shown_is_applied(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    _, undo = forward(bench, body(tmp_path, "a"))
    shown = bench.ask(Purpose.ROLLBACK_PREVIEW, undo)
    other = bench.visit("visit-2")
    assert other.apply(other.prepare(body(tmp_path, "a", "b"))).reading.outcome is Outcome.SUCCEEDED
    refused = bench.ask(Purpose.ROLLBACK, undo, preview=shown.preview.digest)
    assert refused.reading.outcome is Outcome.FAILED
    assert "stale" in refused.reading.summary
    assert made(tmp_path) == ["a", "b"]


def test_each_state_name_has_a_state_of_its_own(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FILES})
    one, two = ({**body(tmp_path, name), "state": name} for name in ("one", "two"))
    _, undo = forward(bench, one)
    assert forward(bench.visit("visit-2"), two)[0] is Outcome.SUCCEEDED
    assert made(tmp_path) == ["one", "two"]
    bench.rollback(undo)
    assert made(tmp_path) == ["two"]


def test_a_backend_of_its_own_is_left_alone(terraform: Make, tmp_path: Path) -> None:
    # The http backend is part of every binary; nobody listens there.
    own = 'terraform {\n  # backend "local" {}\n  backend "http" { address = "http://127.0.0.1:9/state" }\n}\n'
    bench = terraform({"it/main.tf": own})
    shown = bench.preview(bench.prepare("it"))
    assert shown.reading.outcome is Outcome.FAILED
    assert "127.0.0.1:9" in shown.reading.summary, "it asked the backend that the configuration names"
    assert not (bench.place.state / "default" / "terraform.tfstate").exists()


def test_a_local_backend_is_taken_to_the_state_directory(terraform: Make, tmp_path: Path) -> None:
    away = tmp_path / "elsewhere.tfstate"
    own = f'terraform {{\n  backend "local" {{ path = "{away}" }}\n}}\nresource "terraform_data" "x" {{}}\n'
    bench = terraform({"it/main.tf": own})
    assert bench.apply(bench.prepare("it")).reading.outcome is Outcome.SUCCEEDED
    assert (bench.place.state / "default" / "terraform.tfstate").exists()
    assert not away.exists()


def test_tofu_is_used_where_only_it_is(terraform: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("terraform") or shutil.which("tofu")
    assert real
    programs = tmp_path / "programs"
    programs.mkdir()
    # Stands for OpenTofu, which takes the same command lines; the PATH holds nothing else but a shell's needs.
    (programs / "tofu").symlink_to(real)
    for name in ("sh", "touch", "rm"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("CONSOLE_TERRAFORM", raising=False)
    bench = terraform({"it/main.tf": FILES})
    ready = bench.prepare(body(tmp_path, "a"))
    assert ready.spec["binary"] == str(programs / "tofu")
    assert bench.apply(ready).reading.outcome is Outcome.SUCCEEDED
    assert made(tmp_path) == ["a"]


def test_the_binary_can_be_named(terraform: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("terraform") or shutil.which("tofu")
    assert real
    bench = terraform({"it/main.tf": FILES})
    monkeypatch.setenv("CONSOLE_TERRAFORM", "/nowhere/terraform")
    with pytest.raises(CannotPrepare, match="/nowhere/terraform"):
        bench.prepare(body(tmp_path, "a"))
    assert bench.prepare({**body(tmp_path, "a"), "binary": real}).spec["binary"] == real
    monkeypatch.delenv("CONSOLE_TERRAFORM")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotPrepare, match="neither terraform nor tofu"):
        bench.prepare(body(tmp_path, "a"))
