"""Plan, show, apply exactly that: with the real tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.engine.words import Effect, Outcome, Purpose
from tests.plugins.harness import Bench

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
Make = Callable[[dict[str, str]], Bench]

NOTE = """
variable "text" { type = string }
variable "list" {
  type    = list(string)
  default = []
}
variable "file" { type = string }
resource "terraform_data" "note" {
  input            = var.text
  triggers_replace = [var.text]
  provisioner "local-exec" {
    command     = "printf '%s' \\"$TEXT\\" > \\"$FILE\\""
    environment = { TEXT = var.text, FILE = var.file }
  }
}
output "text" { value = var.text }
output "list" { value = var.list }
output "port" { value = 8080 }
output "password" {
  value     = "hunter2-is-secret"
  sensitive = true
}
"""

HOSTILE = [
    "a\"b'c\\d",
    "two\nlines\r\n\ttab",
    "$(touch PWNED) `touch PWNED` ; touch PWNED",
    '${file("/etc/hosts")} %{if true}x%{endif} $${x}',
    "é 😀 \x01 \u2028",
    "-destroy",
]


def note(tmp_path: Path, text: str, **more: object) -> dict[str, object]:
    return {"directory": "./note", "variables": {"text": text, "file": str(tmp_path / "note.txt"), **more}}


def test_what_was_planned_is_applied_and_its_outputs_are_known(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, "hello", list=["a"]))
    assert any('text = "hello"' in line for line in ready.shown)

    shown = bench.preview(ready)
    assert (shown.preview.added, shown.preview.changed, shown.preview.destroyed) == (1, 0, 0), shown
    assert shown.preview.effect is Effect.CHANGES
    assert [(change.action, change.target) for change in shown.preview.changes] == [("add", "terraform_data.note")]
    assert not (tmp_path / "note.txt").exists()

    applied = bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest)
    assert applied.reading.outcome is Outcome.SUCCEEDED, applied
    assert (tmp_path / "note.txt").read_text() == "hello"
    assert applied.reading.outputs == {"text": "hello", "list": '["a"]', "port": 8080}
    assert "password" in applied.reading.summary
    assert "hunter2" not in repr(applied)
    assert "terraform_data.note: Creating..." in applied.text


def test_a_plan_without_changes_only_reads(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, "hello"))
    assert bench.apply(ready).reading.outcome is Outcome.SUCCEEDED

    again = bench.preview(ready)
    assert again.preview.summary == "no changes"
    assert again.preview.effect is Effect.READS
    assert bench.ask(Purpose.APPLY, ready, preview=again.preview.digest).reading.outputs["port"] == 8080


@pytest.mark.parametrize("text", HOSTILE)
def test_values_arrive_literally(terraform: Make, tmp_path: Path, text: str) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, text, list=[text]))
    applied = bench.apply(ready)
    assert applied.reading.outcome is Outcome.SUCCEEDED, applied
    assert applied.reading.outputs["text"] == text
    assert json.loads(str(applied.reading.outputs["list"])) == [text]
    # newline="" keeps a carriage return as it is.
    with (tmp_path / "note.txt").open(newline="", encoding="utf-8") as file:
        assert file.read() == text
    assert not list(tmp_path.rglob("PWNED"))


def test_the_runbook_wins_over_a_tfvars_file_beside_the_configuration(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE, "note/terraform.tfvars": 'text = "from the file"\n'})
    assert bench.apply(bench.prepare(note(tmp_path, "from the runbook"))).reading.outputs["text"] == "from the runbook"


def test_a_stale_plan_is_refused_and_planning_again_helps(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, "first"))
    shown = bench.preview(ready)
    other = bench.visit("visit-2")
    assert other.apply(other.prepare(note(tmp_path, "second"))).reading.outcome is Outcome.SUCCEEDED

    refused = bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest)
    assert refused.reading.outcome is Outcome.FAILED
    assert "the plan is stale" in refused.reading.summary
    assert "retry plans again" in refused.reading.summary
    assert (tmp_path / "note.txt").read_text() == "second"

    again = bench.preview(ready)
    assert again.preview.destroyed == 1, "the note is replaced"
    assert bench.ask(Purpose.APPLY, ready, preview=again.preview.digest).reading.outcome is Outcome.SUCCEEDED
    assert (tmp_path / "note.txt").read_text() == "first"


def test_a_plan_is_applied_once(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, "hello"))
    shown = bench.preview(ready)
    assert bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest).reading.outcome is Outcome.SUCCEEDED
    twice = bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest)
    assert twice.reading.outcome is Outcome.FAILED
    assert "no plan is waiting" in twice.reading.summary


@pytest.mark.parametrize("spoil", ["plan.tfplan", "module/main.tf", "agreement"])
def test_nothing_but_what_was_shown_is_applied(terraform: Make, tmp_path: Path, spoil: str) -> None:
    bench = terraform({"note/main.tf": NOTE})
    ready = bench.prepare(note(tmp_path, "hello"))
    digest = bench.preview(ready).preview.digest
    if spoil == "agreement":
        digest = "0" * 64
    else:
        with (bench.place.work / "terraform-forward" / spoil).open("ab") as file:
            file.write(b"\n")
    refused = bench.ask(Purpose.APPLY, ready, preview=digest)
    assert refused.reading.outcome is Outcome.FAILED
    assert "nothing was changed" in refused.reading.summary
    assert not (tmp_path / "note.txt").exists()


def test_destroys_and_replacements_come_first_and_say_why(terraform: Make, tmp_path: Path) -> None:
    before = """
resource "terraform_data" "gone" {}
resource "terraform_data" "kept" { input = var.x }
resource "terraform_data" "again" { triggers_replace = var.x }
variable "x" {}
"""
    after = before.replace('resource "terraform_data" "gone" {}', 'resource "terraform_data" "added" {}')
    bench = terraform({"a/main.tf": before, "b/main.tf": after})
    assert bench.apply(bench.prepare({"directory": "a", "variables": {"x": 1}})).reading.outcome is Outcome.SUCCEEDED
    shown = bench.preview(bench.prepare({"directory": "b", "variables": {"x": 2}}))
    assert [(change.action, change.target) for change in shown.preview.changes] == [
        ("destroy", "terraform_data.gone"),
        ("replace", "terraform_data.again"),
        ("change", "terraform_data.kept"),
        ("add", "terraform_data.added"),
    ]
    gone, again, kept, _ = shown.preview.changes
    assert "no longer in the configuration" in gone.detail
    assert "triggers_replace" in again.detail
    assert "input" in kept.detail
    assert (shown.preview.destroyed, shown.preview.changed, shown.preview.added) == (2, 1, 2)
    assert shown.preview.effect is Effect.DESTROYS
    assert shown.preview.summary.startswith("2 to destroy")


def test_a_failed_provisioner_fails_the_step_and_a_retry_plans_again(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"it/main.tf": FLAKY})
    ready = bench.prepare({"directory": "it", "variables": {"flag": str(tmp_path / "flag")}})
    failed = bench.apply(ready)
    assert failed.reading.outcome is Outcome.FAILED
    assert "terraform_data.flaky" in failed.reading.summary
    assert "1 added" in failed.reading.summary, "what was done before is said"
    assert ("failed", "terraform_data.flaky") in [(change.action, change.target) for change in failed.reading.changes]
    assert failed.reading.outputs == {}

    (tmp_path / "flag").touch()
    again = bench.preview(ready)
    assert [(change.action, change.target) for change in again.preview.changes] == [("replace", "terraform_data.flaky")]
    assert "did not finish" in again.preview.changes[0].detail
    done = bench.ask(Purpose.APPLY, ready, preview=again.preview.digest)
    assert done.reading.outcome is Outcome.SUCCEEDED, done


FLAKY = """
variable "flag" {}
resource "terraform_data" "first" {}
resource "terraform_data" "flaky" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command     = "test -e \\"$FLAG\\" || { echo the flag is missing >&2; exit 3; }"
    environment = { FLAG = var.flag }
  }
}
output "port" { value = 1 }
"""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('resource "terraform_data" "x" {', "main.tf"),
        ('resource "terraform_data" "x" { input = var.nowhere }', "nowhere"),
        ('resource "no_such_thing" "x" {}', "init failed"),
        ('variable "needed" {}', "needed"),
    ],
)
def test_a_configuration_that_cannot_be_planned_is_explained(terraform: Make, text: str, says: str) -> None:
    bench = terraform({"it/main.tf": text})
    shown = bench.preview(bench.prepare("it"))
    assert shown.reading.outcome is Outcome.FAILED
    assert shown.reading.preview is None
    assert says in shown.reading.summary
    assert "Traceback" not in shown.text


def test_nothing_is_left_that_others_can_read(terraform: Make, tmp_path: Path) -> None:
    bench = terraform({"note/main.tf": NOTE})
    bench.apply(bench.prepare(note(tmp_path, "planted-value-1")))
    bench.preview(bench.prepare(note(tmp_path, "planted-value-2")))
    private = [bench.place.work, bench.place.state]
    loose = [
        path for root in private for path in root.rglob("*") if path.stat().st_mode & 0o077 and not path.is_symlink()
    ]
    assert loose == []
    for root in (Path("/tmp"), Path("/dev/shm"), tmp_path / "home"):
        left = [path for path in root.glob("*.tfvars*") if b"planted-value" in path.read_bytes()]
        assert left == [], "python-terraform would leave variables there"
