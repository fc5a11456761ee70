"""Fixtures for the kinds that come as plugins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.harness import Bench, load_kind

Files = dict[str, str]


def lay_out(root: Path, files: Files) -> None:
    """Write files below a directory; a name that starts with `!` becomes executable."""
    for name, text in files.items():
        path = root / name.lstrip("!")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if name.startswith("!"):
            path.chmod(0o755)


@pytest.fixture
def terraform(tmp_path: Path) -> Callable[[Files], Bench]:
    """A bench for the kind terraform, its files laid out as beside the runbook."""
    if not (shutil.which("terraform") or shutil.which("tofu")):
        pytest.skip("neither terraform nor tofu is on the PATH")

    def make(files: Files) -> Bench:
        lay_out(tmp_path / "files", files)
        return Bench(load_kind("terraform", "kind", "Terraform"), tmp_path, tmp_path / "files")

    return make


@pytest.fixture
def ansible(tmp_path: Path) -> Callable[[Files], Bench]:
    """A bench for the kind ansible, its files laid out as beside the runbook."""
    pytest.importorskip("ansible_runner", reason="ansible-runner is not installed")

    def make(files: Files) -> Bench:
        lay_out(tmp_path / "files", files)
        return Bench(load_kind("ansible", "kind", "Ansible"), tmp_path, tmp_path / "files")

    return make
