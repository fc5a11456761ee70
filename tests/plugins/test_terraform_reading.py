"""What the kind refuses, and how it reads plans, streams and backends: without the tool."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from console.engine.reports import Change, Finding, Preview
from console.engine.words import Effect, Ending, Outcome, Purpose
from console.steps.kind import CannotPrepare, Exit, Place
from tests.plugins.conftest import lay_out
from tests.plugins.harness import Bench, load_kind

KIND = load_kind("terraform", "kind", "Terraform")
PACKAGE = type(KIND).__module__.rpartition(".")[0]
backend = importlib.import_module(f"{PACKAGE}.backend")
discover = importlib.import_module(f"{PACKAGE}.discover")
plan = importlib.import_module(f"{PACKAGE}.plan")
state = importlib.import_module(f"{PACKAGE}.state")
stream = importlib.import_module(f"{PACKAGE}.stream")

BEFORE = state.Identity("lineage", 4)
AFTER = state.Identity("lineage", 6)
SETTLED = Preview(summary="no changes", digest="", effect=Effect.READS)
LEFT = Preview(summary="1 to add", digest="", added=1, changes=(Change(action="add", target="b"),))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    lay_out(tmp_path / "files", {"it/main.tf": "", "it/sub/x.tf": ""})
    return Bench(KIND, tmp_path, tmp_path / "files")


@pytest.mark.parametrize("name", ["/etc", "../it", "it/../../x", "~/it", "", "{{ params.name }}"])
def test_directories_that_cannot_be_pinned_are_refused(bench: Bench, name: str) -> None:
    problems = bench.problems({"directory": name})
    assert [problem.at for problem in problems] == [("directory",)]
    assert problems[0].mend
    with pytest.raises(CannotPrepare):
        bench.prepare({"directory": name})


def test_a_directory_that_is_not_there_is_refused(bench: Bench) -> None:
    assert bench.problems("nowhere") == []
    with pytest.raises(CannotPrepare, match="nowhere"):
        bench.prepare("nowhere")


@pytest.mark.parametrize("link", ["linked", "it/main-link.tf", "it/sub/deep"])
def test_links_are_refused_wherever_they_point(bench: Bench, tmp_path: Path, link: str) -> None:
    (tmp_path / "files" / link).symlink_to(tmp_path)
    directory = "linked" if link == "linked" else "it"
    with pytest.raises(CannotPrepare, match="symbolic link"):
        bench.prepare(directory)


def test_secrets_are_refused_for_now(bench: Bench) -> None:
    problems = bench.problems({"directory": "it", "secret_variables": {"password": "db"}})
    assert [problem.at for problem in problems] == [("secret_variables",)]


@pytest.mark.parametrize("name", ["a b", "../x", "", "-x", "x" * 65])
def test_names_of_states_are_plain(bench: Bench, name: str) -> None:
    assert bench.problems({"directory": "it", "state": name})
    with pytest.raises(CannotPrepare):
        bench.prepare({"directory": "it", "state": name})


def test_a_rollback_is_no_step(bench: Bench) -> None:
    with pytest.raises(CannotPrepare, match="rollback"):
        bench.prepare({"directory": "it", "undo": "previous"})


def test_a_rollback_takes_what_it_does_not_say_from_its_step(bench: Bench) -> None:
    forward = {"directory": "it", "variables": {"a": "{{ params.a }}"}}
    assert KIND.expand_undo("previous", forward) == {**forward, "undo": "previous"}
    assert KIND.expand_undo({"undo": "destroy-created"}, forward) == {**forward, "undo": "destroy-created"}


def test_the_pinned_digest_follows_contents_and_variables(bench: Bench, tmp_path: Path) -> None:
    def inputs(**variables: object) -> str:
        return str(bench.prepare({"directory": "it", "variables": variables}).spec["inputs"])

    first = inputs(a=1)
    assert inputs(a=1) == first
    assert inputs(a=2) != first
    (tmp_path / "files/it/.terraform").mkdir()
    (tmp_path / "files/it/terraform.tfstate").write_text("{}")
    assert inputs(a=1) == first, "what a checkout leaves behind does not count"
    (tmp_path / "files/it/sub/x.tf").write_text(" ")
    assert inputs(a=1) != first


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.tf", "", None),
        ("a.tf", 'terraform {\n  backend "local" {}\n}', None),
        ("a.tf", 'terraform {\n  backend "s3" {\n  }\n}', "s3"),
        ("a.tf", "terraform {\n  cloud {\n  }\n}", "cloud"),
        ("a.tofu", 'terraform {\n  backend "s3" {}\n}', "s3"),
        ("a.tf", '# backend "s3" {\n// backend "s3" {\n/*\n backend "s3" {}\n*/', None),
        ("a.tf", 'locals {\n  a = "# not a comment"\n}\nterraform {\n  backend "s3" {}\n}', "s3"),
        ("a.tf.json", '{"terraform": {"backend": {"s3": {}}}}', "s3"),
        ("a.tf.json", '{"terraform": [{"cloud": {}}]}', "cloud"),
        ("a.tf.json", "not json", None),
    ],
)
def test_a_backend_of_its_own_is_noticed(tmp_path: Path, name: str, text: str, found: str | None) -> None:
    (tmp_path / name).write_text(text)
    assert backend.own_backend(tmp_path) == found


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"address": address, "change": {"actions": list(actions), **more}}


def test_a_plan_is_read_without_values() -> None:
    secret = {"input": "planted-secret"}
    document = {
        "resource_changes": [
            change("a", "create", after=secret),
            change("b", "update", before={"input": "old-secret"}, after=secret),
            change("c", "create", "delete", replace_paths=[["triggers_replace"]], before=secret, after=secret),
            change("d", "no-op"),
            change("e", "read"),
            change("f", "forget"),
        ],
        "resource_drift": [change("g", "update")],
    }
    found = plan.read_plan(document, "digest")
    assert [(item.action, item.target) for item in found.changes] == [
        ("replace", "c"), ("change", "b"), ("add", "a"), ("forget", "f"), ("drift", "g"),
    ]  # fmt: skip
    assert (found.destroyed, found.changed, found.added) == (1, 2, 2)
    assert "secret" not in repr(found)
    assert "1 changed outside of Terraform" in found.summary


def tally(*events: tuple[str, str], planned: tuple[str, ...] = ("a", "b"), finished: bool = False) -> Any:
    found = stream.Tally()
    for address in planned:
        found.hear({"type": "planned_change", "change": {"resource": {"addr": address}, "action": "create"}})
    for kind, address in events:
        found.hear({"type": kind, "hook": {"resource": {"addr": address}, "action": "create"}})
    if finished:
        found.hear({"type": "change_summary", "changes": {"operation": "apply"}})
    return found


A = (("apply_start", "a"), ("apply_complete", "a"))
B = (("apply_start", "b"), ("apply_complete", "b"))


@pytest.mark.parametrize(
    ("heard", "now", "left", "saved", "finding"),
    [
        (tally(), BEFORE, LEFT, True, Finding.NOT_DONE),
        (tally(*A, *B, finished=True), AFTER, SETTLED, True, Finding.DONE),
        (tally(*A, *B), AFTER, SETTLED, True, Finding.DONE),
        (tally(planned=(), finished=True), BEFORE, SETTLED, True, Finding.DONE),
        (tally(*A), AFTER, LEFT, True, Finding.PARTLY),
        (tally(*A, *B), AFTER, LEFT, True, Finding.PARTLY),
        (tally(*A, *B), AFTER, SETTLED, False, Finding.PARTLY),
        (tally(*A, ("apply_start", "b"), ("apply_errored", "b")), AFTER, LEFT, True, Finding.PARTLY),
        # The state says that all is there, but the provisioner of b was never seen to end.
        (tally(*A, ("apply_start", "b")), AFTER, SETTLED, True, Finding.PARTLY),
        (tally(("apply_start", "b"), planned=("b",)), AFTER, SETTLED, True, Finding.CANNOT_TELL),
        (tally(*B, ("provision_start", "b"), planned=("b",)), AFTER, SETTLED, True, Finding.PARTLY),
        # Nothing recorded, yet the state moved: somebody else was there.
        (tally(planned=()), AFTER, SETTLED, True, Finding.CANNOT_TELL),
        (tally(*A, *B, finished=True), state.Identity("another", 6), SETTLED, True, Finding.CANNOT_TELL),
    ],
)
def test_the_verdict_is_never_better_than_what_was_seen(
    heard: Any, now: Any, left: Preview, saved: bool, finding: Finding
) -> None:
    assert discover.judge(heard, BEFORE, now, left, saved) is finding


def test_a_torn_record_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    record = tmp_path / "apply.jsonl"
    hook = {"resource": {"addr": "a"}, "action": "create"}
    whole = json.dumps({"type": "apply_start", "hook": hook}).encode()
    record.write_bytes(b"plain text\n[1]\n\xff\xfe\n" + whole + b"\n" + whole[:20])
    assert stream.replay(record).doubtful == ["a"]
    assert stream.replay(tmp_path / "missing").started == {}


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("left", [b"", b"{", b"[]", b"null", None])
def test_an_apply_without_a_result_is_in_doubt(tmp_path: Path, ending: Ending, left: bytes | None) -> None:
    if left is not None:
        (tmp_path / "result.json").write_bytes(left)
    place = Place(files=tmp_path, run=tmp_path, work=tmp_path, state=tmp_path, attempt=tmp_path)
    reading = KIND.read(Purpose.APPLY, {}, Exit(ending=ending, exit_code=0, signal=None, tail=b"said\n"), place)
    assert reading.outcome is not Outcome.SUCCEEDED
    assert reading.in_doubt
    assert "said" in reading.summary
