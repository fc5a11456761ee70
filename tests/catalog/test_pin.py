"""Pinning what a run will use, and laying it out again."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from console.catalog import pin as pinning
from console.catalog.load import Loaded, load_file
from console.catalog.pin import Pinned, PinnedFile, lay_out, pin
from console.catalog.registry import Registry
from console.errors import InvalidRunbook, RefusedError

TEXT = """\
runbook: pinned
title: Pinned
owner: me
contact: me
steps:
  - id: network
    terraform: {directory: ./tree}
    rollback: {terraform: previous}
"""


@pytest.fixture
def runbook(tmp_path: Path) -> Path:
    """A runbook file beside the directory that it pins."""
    tree = tmp_path / "book" / "tree"
    (tree / "modules").mkdir(parents=True)
    (tree / "main.tf").write_text("# main\n")
    (tree / "modules" / "a.tf").write_text("# module\n")
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    (tree / ".terraform.lock.hcl").write_text("# lock\n")
    path = tmp_path / "book" / "pinned.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def pinned(registry: Registry) -> Callable[[Path], Pinned]:
    return lambda path: pin(load_file(path, registry), registry)


def test_files_are_pinned_with_content_digest_and_mode(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    files = pinned(runbook).files
    assert list(files) == ["tree/.terraform.lock.hcl", "tree/main.tf", "tree/modules/a.tf", "tree/run.sh"]
    assert files["tree/main.tf"].data == b"# main\n"
    assert files["tree/run.sh"].executable
    assert not files["tree/main.tf"].executable


def test_what_a_tool_keeps_for_itself_is_left_out(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    before = pinned(runbook)
    tree = runbook.parent / "tree"
    for name in (".terraform/providers/x", "terraform.tfstate", "terraform.tfstate.backup", ".git/config"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("{}")
    assert pinned(runbook) == before


def test_the_definition_covers_text_files_modes_and_plugins(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    seen = {pinned(runbook).definition}
    assert pinned(runbook).definition in seen
    tree = runbook.parent / "tree"
    (tree / "main.tf").write_text("# other\n")
    seen.add(pinned(runbook).definition)
    (tree / "main.tf").chmod(0o755)
    seen.add(pinned(runbook).definition)
    (tree / "main.tf").rename(tree / "mine.tf")
    seen.add(pinned(runbook).definition)
    runbook.write_text(TEXT + "# a comment\n")
    seen.add(pinned(runbook).definition)
    assert len(seen) == 5
    assert list(pinned(runbook).plugins) == ["terraform"]


def refused(runbook: Path, pinned: Callable[[Path], Pinned]) -> str:
    with pytest.raises(InvalidRunbook) as caught:
        pinned(runbook)
    (problem,) = caught.value.problems
    assert problem.code == "pinned-file"
    assert (problem.file, problem.line > 0) == (str(runbook), True)
    return str(problem.message)


@pytest.mark.parametrize("target", ["/etc/passwd", "main.tf", "nowhere"])
def test_links_are_refused_wherever_they_lead(runbook: Path, pinned: Callable[[Path], Pinned], target: str) -> None:
    (runbook.parent / "tree" / "link").symlink_to(target)
    assert "symbolic link" in refused(runbook, pinned)


def test_a_pipe_is_refused_and_does_not_block(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    os.mkfifo(runbook.parent / "tree" / "pipe")
    assert "neither a file nor a directory" in refused(runbook, pinned)


def test_a_directory_reached_through_a_link_is_refused(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    tree = runbook.parent / "tree"
    tree.rename(runbook.parent / "real")
    tree.symlink_to("real")
    assert "symbolic link" in refused(runbook, pinned)


def test_too_many_files_and_too_many_bytes_are_refused(
    runbook: Path, pinned: Callable[[Path], Pinned], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinning, "MOST_FILES", 3)
    assert "more than 3 files" in refused(runbook, pinned)
    monkeypatch.undo()
    with (runbook.parent / "tree" / "huge").open("wb") as file:
        file.truncate(pinning.MOST_BYTES + 1)
    assert "16 MiB" in refused(runbook, pinned)


def test_files_that_others_can_write_to_are_refused(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    (runbook.parent / "tree" / "main.tf").chmod(0o666)
    assert "everybody can write" in refused(runbook, pinned)


def test_a_name_that_cannot_be_shown_is_refused(runbook: Path, pinned: Callable[[Path], Pinned]) -> None:
    (runbook.parent / "tree" / "a\x1b[31m").write_text("x")
    assert "cannot be shown" in refused(runbook, pinned)


def one(data: bytes = b"x", *, executable: bool = False) -> PinnedFile:
    import hashlib

    return PinnedFile(hashlib.sha256(data).hexdigest(), data, executable)


def test_pinned_files_are_laid_out_read_only(runbook: Path, pinned: Callable[[Path], Pinned], tmp_path: Path) -> None:
    files = pinned(runbook).files
    target = tmp_path / "runs" / "7" / "files"
    lay_out(files, target)
    assert (target / "tree/modules/a.tf").read_bytes() == b"# module\n"
    assert stat.S_IMODE((target / "tree/main.tf").stat().st_mode) == 0o400
    assert stat.S_IMODE((target / "tree/run.sh").stat().st_mode) == 0o500
    assert [path.name for path in target.parent.iterdir()] == ["files"]


def test_laying_out_again_keeps_what_is_right_and_replaces_what_is_not(tmp_path: Path) -> None:
    target = tmp_path / "files"
    lay_out({"a": one()}, target)
    inode = (target / "a").stat().st_ino
    lay_out({"a": one()}, target)
    assert (target / "a").stat().st_ino == inode
    (target / "b").write_text("planted")
    lay_out({"a": one()}, target)
    assert [path.name for path in target.iterdir()] == ["a"]
    (target / "a").chmod(0o600)
    (target / "a").write_bytes(b"y")
    lay_out({"a": one()}, target)
    assert (target / "a").read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_damaged_content_is_not_laid_out(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="does not have the digest"):
        lay_out({"good": one(), "bad": PinnedFile("0" * 64, b"x")}, tmp_path / "files")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "/etc/cron.d/x", "a/../../b", "~root", "", "."])
def test_a_name_that_leaves_the_directory_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        lay_out({name: one()}, tmp_path / "files")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_set_of_files_is_an_empty_directory(tmp_path: Path) -> None:
    lay_out({}, tmp_path / "files")
    assert list((tmp_path / "files").iterdir()) == []


def test_a_loaded_text_without_files_is_pinned_alone(load: Callable[[str], Loaded], registry: Registry) -> None:
    found = pin(load("steps: [{id: a, shell: ls, effect: reads}]"), registry)
    assert found.files == {}
    assert found.plugins == {}
    assert len(found.definition) == 64
