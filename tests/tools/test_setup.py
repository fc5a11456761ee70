"""The shell scripts, run in a copy of the checkout whose interpreter is a stand-in that notes what it is asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = ["requirements-build.lock", "requirements.lock", "requirements-dev.lock"]
NEEDED_BY_SH = ["sh", "cat", "cmp", "cp", "cut", "dirname", "id", "mkdir", "rm", "sort", "tr"]


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    copy = tmp_path / "checkout"
    (copy / "tools").mkdir(parents=True)
    for name in ["tools/setup.sh", "tools/system_tools.sh", "pyproject.toml", *LOCKS]:
        shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture
def empty_path(tmp_path: Path) -> str:
    """A PATH on which there is nothing but what the scripts themselves call."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in NEEDED_BY_SH:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return str(folder)


def run(checkout: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, timeout=60)


class TestSetup:
    @pytest.fixture
    def calls(self, checkout: Path, empty_path: str) -> Path:
        """An environment that is complete; the file has a line for each use of its interpreter."""
        log = checkout / "calls"
        executable(checkout / ".venv/bin/python", f'#!/bin/sh\necho "$@" >>{log}\n')
        executable(checkout / ".venv/bin/console", "")
        done = run(checkout, "tools/setup.sh", "dev", PATH=empty_path)
        assert done.returncode == 0, done.stderr
        log.unlink()
        return log

    def test_nothing_is_installed_again_when_nothing_changed(
        self, checkout: Path, calls: Path, empty_path: str
    ) -> None:
        done = run(checkout, "tools/setup.sh", "dev", PATH=empty_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert "pip" not in calls.read_text()

    @pytest.mark.parametrize("lock", LOCKS)
    def test_a_changed_lock_file_alone_is_installed_again_with_its_hashes(
        self, checkout: Path, calls: Path, empty_path: str, lock: str
    ) -> None:
        with (checkout / lock).open("a") as out:
            out.write("# changed\n")
        run(checkout, "tools/setup.sh", "dev", PATH=empty_path)
        installs = [line for line in calls.read_text().splitlines() if "pip" in line]
        assert len(installs) == 1
        assert installs[0].endswith(f"--requirement {lock}")
        assert "--require-hashes" in installs[0]

    def test_what_only_tests_need_is_left_out_of_a_run(self, checkout: Path, calls: Path, empty_path: str) -> None:
        with (checkout / "requirements-dev.lock").open("a") as out:
            out.write("# changed\n")
        run(checkout, "tools/setup.sh", "run", PATH=empty_path)
        assert "pip" not in calls.read_text()

    def test_a_failed_installation_is_tried_again_the_next_time(self, checkout: Path, empty_path: str) -> None:
        broken = '#!/bin/sh\ncase "$*" in *pip*) echo no network >&2; exit 1 ;; esac\n'
        executable(checkout / ".venv/bin/python", broken)
        for _ in range(2):
            done = run(checkout, "tools/setup.sh", "dev", PATH=empty_path)
            assert done.returncode == 1
            assert "requirements-build.lock could not be installed" in done.stderr

    def test_a_python_that_is_too_old_is_named_with_what_to_do(self, checkout: Path, empty_path: str) -> None:
        old = executable(checkout / "old", '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
        done = run(checkout, "tools/setup.sh", "dev", PATH=empty_path, PYTHON=str(old))
        assert done.returncode == 1
        assert "3.11 or later is needed; there is Python 3.9.2" in done.stderr
        assert not (checkout / ".venv").exists()

    def test_a_python_that_is_not_there_is_named(self, checkout: Path, empty_path: str) -> None:
        done = run(checkout, "tools/setup.sh", "dev", PATH=empty_path, PYTHON="/no/python")
        assert done.returncode == 1
        assert "there is no working /no/python" in done.stderr


class TestSystemTools:
    def missing(self, checkout: Path, profile: str, path: str) -> dict[str, str]:
        done = run(checkout, "tools/system_tools.sh", profile, PATH=path, CONSOLE_NO_INSTALL="1")
        assert done.returncode == 0, done.stderr
        lines = dict(line.split(" Without it: ") for line in done.stderr.splitlines())
        return {said.removeprefix("Missing: ").split()[0].rstrip("."): loss for said, loss in lines.items()}

    def test_each_missing_tool_has_one_line_with_what_does_not_work(self, checkout: Path, empty_path: str) -> None:
        found = self.missing(checkout, "dev", empty_path)
        assert {"ssh", "tmux", "dbus-run-session", "gnome-keyring-daemon", "terraform"} <= found.keys()
        assert "kind terraform" in found["terraform"]

    def test_the_tools_of_the_tests_are_not_missed_in_a_run(self, checkout: Path, empty_path: str) -> None:
        assert "tmux" not in self.missing(checkout, "run", empty_path)

    @pytest.mark.parametrize("name", ["terraform", "tofu"])
    def test_either_terraform_or_tofu_is_enough(self, checkout: Path, empty_path: str, name: str) -> None:
        executable(Path(empty_path) / name, "#!/bin/sh\n")
        assert "terraform" not in self.missing(checkout, "dev", empty_path)

    def test_a_tofu_in_the_environment_counts(self, checkout: Path, empty_path: str) -> None:
        executable(checkout / ".venv/bin/tofu", "#!/bin/sh\n")
        assert "terraform" not in self.missing(checkout, "dev", empty_path)

    def test_without_permission_to_install_apt_is_not_asked(self, checkout: Path, empty_path: str) -> None:
        executable(Path(empty_path) / "apt-get", f"#!/bin/sh\necho called >{checkout}/apt\n")
        self.missing(checkout, "dev", empty_path)
        assert not (checkout / "apt").exists()
