"""Finding runbooks by id and by path; one that fails takes no other down."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from console.catalog import finding
from console.catalog.finding import Catalogue
from console.catalog.load import Loaded, load_file
from console.catalog.registry import Registry
from console.errors import InvalidRunbook, NotFoundError


def write(path: Path, runbook: str, title: str = "Title") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"runbook: {runbook}\ntitle: {title}\nowner: a\ncontact: b\nsteps: [{{id: a, shell: ls, effect: reads}}]\n"
    )
    return path


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    write(tmp_path / "one/runbooks/restart.yaml", "restart-web")
    write(tmp_path / "two/runbooks/drain.yml", "drain")
    (tmp_path / "two/runbooks/broken.yaml").write_text("runbook: [\n")
    (tmp_path / "two/runbooks/notes.txt").write_text("no runbook")
    write(tmp_path / "two/runbooks/files/playbook.yaml", "not-looked-at")
    return tmp_path / "one", tmp_path / "two"


@pytest.fixture
def catalogue(roots: tuple[Path, Path]) -> Catalogue:
    return Catalogue(roots, Registry())


def test_every_file_is_an_entry_usable_or_not(catalogue: Catalogue) -> None:
    entries = {entry.id: entry for entry in catalogue.entries()}
    assert sorted(entries) == ["broken", "drain", "restart-web"]
    assert not entries["broken"].usable
    assert entries["broken"].problems[0].code == "yaml-syntax"
    assert entries["drain"].usable
    assert catalogue.problems == ()


def test_a_runbook_is_found_by_id_and_by_path(catalogue: Catalogue, roots: tuple[Path, Path]) -> None:
    by_id = catalogue.find("restart-web")
    path = roots[0] / "runbooks" / "restart.yaml"
    assert by_id.path == path
    assert catalogue.find(str(path)).runbook == by_id.runbook
    assert catalogue.find(path).source == path.read_text()


def test_the_nearest_id_is_named(catalogue: Catalogue) -> None:
    with pytest.raises(NotFoundError, match="did you mean restart-web"):
        catalogue.find("restart-wbe")
    with pytest.raises(NotFoundError, match="no file"):
        catalogue.find("./nothing.yaml")


def test_a_broken_runbook_is_refused_with_its_problems(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidRunbook) as caught:
        catalogue.find("broken")
    assert caught.value.problems


def test_an_id_that_two_files_claim_belongs_to_neither(catalogue: Catalogue, roots: tuple[Path, Path]) -> None:
    second = write(roots[1] / "runbooks" / "again.yaml", "restart-web")
    catalogue.entries()
    assert [problem.code for problem in catalogue.problems] == ["duplicate-id"]
    with pytest.raises(InvalidRunbook, match="2 files claim") as caught:
        catalogue.find("restart-web")
    assert str(second) in caught.value.problems[0].message
    assert catalogue.find(second).runbook.id == "restart-web"


def test_unchanged_files_are_not_read_again(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def load(path: Path, registry: Registry) -> Loaded:
        read.append(path.name)
        return load_file(path, registry)

    monkeypatch.setattr(finding, "load_file", load)
    catalogue.entries()
    assert sorted(read) == ["broken.yaml", "drain.yml", "restart.yaml"]
    read.clear()
    catalogue.entries()
    assert read == []


def test_a_changed_file_is_read_again_even_with_its_old_time(catalogue: Catalogue, roots: tuple[Path, Path]) -> None:
    catalogue.entries()
    path = roots[0] / "runbooks" / "restart.yaml"
    before = path.stat()
    write(path, "restart-web", "Other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert {entry.title for entry in catalogue.entries() if entry.id == "restart-web"} == {"Other"}
    path.unlink()
    assert "restart-web" not in {entry.id for entry in catalogue.entries()}


def test_a_directory_that_others_can_write_to_is_refused_alone(catalogue: Catalogue, roots: tuple[Path, Path]) -> None:
    (roots[0] / "runbooks").chmod(0o777)
    assert {entry.id for entry in catalogue.entries()} == {"broken", "drain"}
    assert [problem.code for problem in catalogue.problems] == ["writable"]


def test_directories_that_do_not_exist_are_nothing(tmp_path: Path) -> None:
    assert Catalogue([tmp_path / "nowhere"], Registry()).entries() == ()


def test_odd_files_are_entries_with_a_problem(catalogue: Catalogue, roots: tuple[Path, Path]) -> None:
    directory = roots[0] / "runbooks"
    os.mkfifo(directory / "pipe.yaml")
    (directory / "dir.yaml").mkdir()
    (directory / "dangling.yaml").symlink_to("nowhere")
    entries = {entry.id: entry for entry in catalogue.entries()}
    assert [entries[name].problems[0].code for name in ("pipe", "dir", "dangling")] == [
        "not-a-file",
        "not-a-file",
        "unreadable",
    ]


def test_the_runbooks_of_a_plugin_are_found(tmp_path: Path, registry: Registry) -> None:
    plugin = registry.plugins[0].folder
    if not (plugin / "runbooks").is_dir():
        copy = tmp_path / "plugins" / plugin.name
        shutil.copytree(plugin, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        write(copy / "runbooks" / "from-plugin.yaml", "from-plugin")
        from console.catalog.registry import load_registry

        registry = load_registry([tmp_path])
    assert Catalogue([], registry).entries()
