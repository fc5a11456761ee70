"""The import contracts hold, and each of them notices when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "console", tmp_path / "console", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(directory: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True)


def test_the_contracts_hold(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("package", "imported"),
    [
        ("view", "console.client"),
        ("client", "console.cli"),
        ("engine", "console.protocol"),
        ("journal", "console.protocol"),
        ("catalog", "console.server"),
        ("protocol", "console.journal"),
        ("cli", "console.server"),
        ("client", "console.journal"),
        ("supervisor", "console.errors"),
        ("supervisor", "console.supervise"),
        ("cli", "rich"),
        ("server", "textual"),
        ("engine", "sqlite3"),
        ("engine", "time"),
        ("view", "pathlib"),
        ("view", "asyncio"),
        ("protocol", "subprocess"),
    ],
)
def test_an_import_that_points_the_wrong_way_is_noticed(copy: Path, package: str, imported: str) -> None:
    place = copy / "console" / package
    file = place / "wrong.py" if place.is_dir() else place.with_suffix(".py")
    with file.open("a") as out:
        out.write(f"\nimport {imported}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
    assert imported in done.stdout
