from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from console import __version__

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(target.glob("*.whl"))


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository to know which files belong to it")
def test_the_wheel_carries_what_the_checkout_has_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"console/_shipped/{name}" for name in tracked("plugins", "runbooks") if "/tests/" not in name}
    assert (tracked("console") | shipped) - names == set()
    assert [name for name in names if "/tests/" in name or "/test_" in name or "__pycache__" in name] == []
    assert {name.partition("/")[0] for name in names} == {
        "console",
        f"operations_console-{__version__}.dist-info",
    }


def test_an_installed_console_finds_what_came_with_it(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([*command, str(wheel)], check=True)
    code = "import console.config as c; root = c.shipped_root(); print(root, (root / 'runbooks').is_dir())"
    found = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == [str(target / "console" / "_shipped"), "True"]
