"""What the kind refuses and pins, and how it reads events: without the tool."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.engine.reports import Finding
from console.engine.words import Ending, Outcome, Purpose
from console.steps.kind import CannotPrepare, Exit, Place
from tests.plugins.conftest import lay_out
from tests.plugins.harness import Bench, load_kind

KIND = load_kind("ansible", "kind", "Ansible")
PACKAGE = type(KIND).__module__.rpartition(".")[0]
discover = importlib.import_module(f"{PACKAGE}.discover")
events = importlib.import_module(f"{PACKAGE}.events")
tally_module = importlib.import_module(f"{PACKAGE}.tally")
variables = importlib.import_module(f"{PACKAGE}.variables")
verdict = importlib.import_module(f"{PACKAGE}.verdict")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    lay_out(
        tmp_path / "files", {"site.yml": "", "play/site.yml": "", "play/roles/x": "", "hosts.ini": "", "roles/y": ""}
    )
    return Bench(KIND, tmp_path, tmp_path / "files")


@pytest.mark.parametrize("name", ["/etc/site.yml", "../site.yml", "a/../../x", "~/x.yml", "", "{{ params.x }}.yml"])
@pytest.mark.parametrize("field", ["playbook", "inventory", "extra_files"])
def test_names_that_cannot_be_pinned_are_refused(bench: Bench, field: str, name: str) -> None:
    raw: dict[str, Any] = {"playbook": "site.yml", field: [name] if field == "extra_files" else name}
    problems = bench.problems(raw)
    assert [problem.at[0] for problem in problems] == [field]
    with pytest.raises(CannotPrepare):
        bench.prepare(raw)


@pytest.mark.parametrize("name", ["play/nowhere.yml", "nowhere.yml", "nowhere/site.yml"])
def test_a_playbook_that_is_not_there_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(CannotPrepare, match="nowhere"):
        bench.prepare(name)


@pytest.mark.parametrize("link", ["play/link.yml", "play/roles/deep", "roles/link"])
def test_links_are_refused(bench: Bench, tmp_path: Path, link: str) -> None:
    (tmp_path / "files" / link).symlink_to("/etc/hostname")
    with pytest.raises(CannotPrepare, match="symbolic link"):
        bench.prepare("play/site.yml" if link.startswith("play") else "site.yml")


def test_what_ansible_finds_by_itself_is_pinned(bench: Bench) -> None:
    beside = KIND.files(bench.body({"playbook": "site.yml", "inventory": "hosts.ini", "extra_files": ["data"]}))
    assert {"site.yml", "hosts.ini", "data", "roles?", "group_vars?", "ansible.cfg?"} <= set(beside)
    assert KIND.files(bench.body("play/site.yml")) == ("play/site.yml", "play")

    first = bench.prepare("site.yml").bound["playbook"]
    (bench.place.files / "roles" / "y").write_text("- debug:\n")
    assert bench.prepare("site.yml").bound["playbook"] != first
    assert bench.prepare("play/site.yml").bound["playbook"] not in (first, "")


def test_a_limit_cannot_be_read_from_a_file(bench: Bench) -> None:
    assert [problem.at for problem in bench.problems({"playbook": "site.yml", "limit": "@/etc/passwd"})] == [("limit",)]
    with pytest.raises(CannotPrepare):
        bench.prepare({"playbook": "site.yml", "limit": "@/etc/passwd"})


def test_what_is_agreed_to_covers_variables_and_choices(bench: Bench) -> None:
    def digest(**more: Any) -> str:
        return str(bench.prepare({"playbook": "site.yml", **more}).spec["inputs"])

    ways: list[dict[str, Any]] = [
        {},
        {"variables": {"a": 1}},
        {"variables": {"a": "1"}},
        {"limit": "x"},
        {"tags": ["x"]},
        {"skip_tags": ["x"]},
        {"inventory": "hosts.ini"},
    ]
    assert len({digest(**way) for way in ways}) == len(ways)
    assert digest() == digest()


def _construct_literal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> tuple[str, str]:
    return "literal", str(loader.construct_scalar(node))


class _Loader(yaml.SafeLoader):
    """Reads what Ansible reads."""


_Loader.add_constructor("!unsafe", _construct_literal)


@pytest.mark.parametrize(
    "text", ["", "no", "12", "{{ x }}", "a: b # c", "x\ny", "é😀\x00\x85\u2028\ufeff", "- ? |", "&a *a"]
)
def test_every_text_is_marked_as_literal(text: str) -> None:
    written = variables.dump_literally({"text": text, "deep": [{"in": text}], "number": 5, "flag": True, "none": None})
    read = yaml.load(written, Loader=_Loader)
    assert read == {
        "text": ("literal", text),
        "deep": [{"in": ("literal", text)}],
        "number": 5,
        "flag": True,
        "none": None,
    }


def note(what: str, host: str = "a", task: str = "T", **more: Any) -> Any:
    return events.Note(what=what, host=host, task=task, **more)


def stats(*hosts: str, failures: tuple[str, ...] = (), dark: tuple[str, ...] = ()) -> Any:
    found = {
        "processed": dict.fromkeys(hosts, 1),
        "ok": dict.fromkeys(hosts, 1),
        "failures": dict.fromkeys(failures, 1),
        "dark": dict.fromkeys(dark, 1),
    }
    return events.Note(what="stats", stats=found)


def tally(*notes: Any) -> Any:
    return tally_module.Tally(notes)


@pytest.mark.parametrize(
    ("notes", "code", "ok", "doubt"),
    [
        ([note("start"), note("ok"), stats("a")], 0, True, False),
        ([note("start"), note("ok"), stats("a")], 2, False, False),
        ([note("start"), note("ok"), stats("a")], None, False, False),
        ([note("start"), note("failed"), stats("a", failures=("a",))], 2, False, False),
        ([note("start"), note("unreachable"), stats("a", dark=("a",))], 4, False, False),
        ([stats()], 0, False, False),
        ([events.Note(what="text", text="[ERROR]: bad")], 4, False, False),
        ([], None, False, False),
        ([note("start")], None, False, True),
        ([note("start"), note("ok")], 0, False, True),
    ],
)
def test_only_a_recap_without_trouble_is_success(notes: list[Any], code: int | None, ok: bool, doubt: bool) -> None:
    result = verdict.verdict_of_run(tally(*notes), code, stopped=False)
    assert (result.ok, result.in_doubt) == (ok, doubt), result
    assert result.summary


@pytest.mark.parametrize(
    ("notes", "finding"),
    [
        ([], Finding.CANNOT_TELL),
        ([note("start")], Finding.CANNOT_TELL),
        ([note("start"), note("ok", changed=True)], Finding.CANNOT_TELL),
        ([note("start"), note("ok"), stats("a")], Finding.DONE),
        ([note("start"), note("failed"), stats("a", failures=("a",))], Finding.PARTLY),
        ([stats()], Finding.NOT_DONE),
    ],
)
def test_a_cut_play_is_never_guessed(tmp_path: Path, notes: list[Any], finding: Finding) -> None:
    record, launched = tmp_path / "events.jsonl", tmp_path / "launched"
    assert discover.discover(record, launched).finding is Finding.NOT_DONE
    launched.touch()
    encoded = importlib.import_module("msgspec").json.encode
    record.write_bytes(b"".join(encoded(each) + b"\n" for each in notes) + b'{"what": "stats", "stats": {"proc')
    result = discover.discover(record, launched)
    assert result.finding is finding, result


def test_many_changes_are_counted_and_failures_come_first() -> None:
    many = [note("ok", task=f"T{number}", changed=True) for number in range(600)]
    found = tally(*many, note("failed", task="bad", text="why\nmore")).kept_changes()
    assert (found[0].action, found[0].target, found[0].detail) == ("failed", "a: bad", "why")
    assert (found[-1].action, found[-1].target, len(found)) == ("more", "and 101 more", 501)


@pytest.mark.parametrize("ending", list(Ending))
def test_a_play_without_a_result_is_in_doubt(tmp_path: Path, ending: Ending) -> None:
    place = Place(files=tmp_path, run=tmp_path, work=tmp_path, state=tmp_path, attempt=tmp_path)
    reading = KIND.read(Purpose.APPLY, {}, Exit(ending=ending, exit_code=None, signal=9, tail=b""), place)
    assert reading.in_doubt
    assert reading.outcome is not Outcome.SUCCEEDED
