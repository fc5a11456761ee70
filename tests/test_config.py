from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import config
from console.config import Home, find_home, prepare_home, prepare_socket, search_path, socket_path
from console.errors import ConfigError, RefusedError


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A short path: what pytest calls its own directories may leave no room for a socket's."""
    directory = Path(tempfile.mkdtemp(prefix="r-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


class TestFindingTheHome:
    def test_console_home_decides_alone(self) -> None:
        assert find_home({"CONSOLE_HOME": "/a/b", "XDG_DATA_HOME": "/x", "HOME": "/h"}).root == Path("/a/b")

    def test_then_the_users_data_directory(self) -> None:
        assert find_home({"XDG_DATA_HOME": "/x", "HOME": "/h"}).root == Path("/x/console")
        assert find_home({"CONSOLE_HOME": "", "HOME": "/h"}).root == Path("/h/.local/share/console")

    def test_a_relative_data_directory_is_ignored(self) -> None:
        assert find_home({"XDG_DATA_HOME": "x", "HOME": "/h"}).root == Path("/h/.local/share/console")

    def test_a_relative_home_is_made_absolute_and_links_are_followed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        monkeypatch.chdir(tmp_path)
        assert find_home({"CONSOLE_HOME": "link"}).root == (tmp_path / "real").resolve()

    def test_an_impossible_path_is_an_error_with_a_mend(self) -> None:
        with pytest.raises(ConfigError) as caught:
            find_home({"CONSOLE_HOME": "/a\0b"})
        assert caught.value.mend

    def test_finding_touches_nothing(self, tmp_path: Path) -> None:
        find_home({"CONSOLE_HOME": str(tmp_path / "home")})
        assert list(tmp_path.iterdir()) == []

    def test_its_files_lie_inside(self) -> None:
        home = Home(Path("/h"))
        names = [home.journal, home.output, home.spool, home.server_log, home.server_lock, home.config_file]
        assert [str(path) for path in names] == [
            "/h/journal.db",
            "/h/output.db",
            "/h/spool",
            "/h/server.log",
            "/h/server.lock",
            "/h/config.toml",
        ]


class TestPreparingTheHome:
    def test_it_is_created_for_its_owner_only(self, tmp_path: Path) -> None:
        home = prepare_home(Home(tmp_path / "deep" / "home"))
        assert home.root.stat().st_mode & 0o777 == 0o700

    def test_one_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "keep").write_text("kept")
        tmp_path.chmod(0o755)
        prepare_home(Home(tmp_path))
        assert (tmp_path / "keep").read_text() == "kept"

    @pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
    def test_one_that_others_can_write_to_is_refused(self, tmp_path: Path, mode: int) -> None:
        tmp_path.chmod(mode)
        with pytest.raises(RefusedError, match="others") as caught:
            prepare_home(Home(tmp_path))
        assert caught.value.mend == f"chmod go-w {tmp_path}"

    def test_a_file_in_its_place_is_refused_and_kept(self, tmp_path: Path) -> None:
        (tmp_path / "home").write_text("mine")
        with pytest.raises(RefusedError, match="not a directory"):
            prepare_home(Home(tmp_path / "home"))
        assert (tmp_path / "home").read_text() == "mine"

    def test_a_place_where_nothing_can_be_made_is_an_error_with_a_mend(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigError) as caught:
            prepare_home(Home(tmp_path / "file" / "home"))
        assert caught.value.mend

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
    def test_somebody_elses_is_refused(self, tmp_path: Path) -> None:
        os.chown(tmp_path, 12345, -1)
        with pytest.raises(RefusedError, match="uid 12345"):
            prepare_home(Home(tmp_path))


class TestTheSocket:
    def test_it_lies_in_the_runtime_directory_and_differs_for_each_home(self, runtime: Path) -> None:
        env = {"XDG_RUNTIME_DIR": str(runtime)}
        first, second = socket_path(Home(Path("/a")), env), socket_path(Home(Path("/b")), env)
        assert first.parent == second.parent == runtime / "console"
        assert first != second
        assert len(first.stem) == 12

    def test_two_ways_to_one_home_lead_to_one_socket(self, tmp_path: Path, runtime: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path)
        homes = [find_home({"CONSOLE_HOME": str(path)}) for path in (tmp_path, tmp_path / "link", f"{tmp_path}/.")]
        assert len({socket_path(home, {"XDG_RUNTIME_DIR": str(runtime)}) for home in homes}) == 1

    def test_a_long_runtime_directory_is_not_used(self, tmp_path: Path) -> None:
        deep = tmp_path / ("x" * 90)
        deep.mkdir(mode=0o700)
        path = socket_path(Home(Path("/a")), {"XDG_RUNTIME_DIR": str(deep)})
        assert deep not in path.parents
        assert len(os.fsencode(path)) < 100

    @pytest.mark.parametrize("value", ["", "relative", "/does/not/exist", "/a\0b"])
    def test_without_a_usable_runtime_directory_there_is_still_a_place(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setattr(config, "_is_ours", lambda _: False)
        path = socket_path(Home(Path("/a")), {"XDG_RUNTIME_DIR": value})
        assert path.parent == Path(f"/tmp/console-{os.geteuid()}")

    def test_a_runtime_directory_that_others_can_write_to_is_not_used(self, runtime: Path) -> None:
        runtime.chmod(0o777)
        path = socket_path(Home(Path("/a")), {"XDG_RUNTIME_DIR": str(runtime)})
        assert runtime not in path.parents

    def test_the_prepared_path_can_be_bound(self, console_home: Path) -> None:
        path = socket_path(Home(console_home))
        prepare_socket(path)
        assert path.parent.stat().st_mode & 0o777 == 0o700
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.fspath(path))

    def test_a_planted_link_is_refused(self, tmp_path: Path, runtime: Path) -> None:
        (tmp_path / "theirs").mkdir(mode=0o700)
        (runtime / "console").symlink_to(tmp_path / "theirs")
        with pytest.raises(RefusedError, match="not a directory"):
            prepare_socket(runtime / "console" / "x.sock")

    @pytest.mark.parametrize("mode", [0o755, 0o770])
    def test_a_directory_open_to_others_is_refused(self, runtime: Path, mode: int) -> None:
        (runtime / "console").mkdir()
        (runtime / "console").chmod(mode)
        with pytest.raises(RefusedError) as caught:
            prepare_socket(runtime / "console" / "x.sock")
        assert caught.value.mend
        assert "chmod" in caught.value.mend


class TestTheSearchPath:
    def test_the_shipped_directories_come_first_then_the_home(self, tmp_path: Path) -> None:
        shipped, home = search_path(Home(tmp_path))
        assert (shipped / "pyproject.toml").is_file()
        assert home == tmp_path

    def test_configured_directories_follow_in_their_order(self, tmp_path: Path) -> None:
        (tmp_path / "config.toml").write_text('search_path = ["/srv/ours", "beside", "~/mine", "/srv/ours"]')
        expected = (Path("/srv/ours"), tmp_path / "beside", Path.home() / "mine")
        assert search_path(Home(tmp_path))[2:] == expected

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (b"search_path = 3", "not a list"),
            (b'search_path = [""]', "not a list"),
            (b"search_path = [", "Invalid|Unclosed|array"),
            (b"\xff\xfe", "utf-8"),
            (b'serch_path = ["/a"]', "unknown setting serch_path"),
            (b"# " + b"x" * config.MAX_CONFIG_BYTES, "larger than"),
            (b"a = " + b"[" * 100_000, "nested|recursion"),
        ],
        ids=["number", "empty", "cut", "not-utf8", "misspelt", "huge", "deep"],
    )
    def test_a_configuration_that_cannot_be_used_is_an_error_that_names_the_file(
        self, tmp_path: Path, text: bytes, said: str
    ) -> None:
        (tmp_path / "config.toml").write_bytes(text)
        with pytest.raises(ConfigError, match=said) as caught:
            search_path(Home(tmp_path))
        assert caught.value.where == str(tmp_path / "config.toml")
        assert caught.value.mend


def test_who_could_change_a_directory(tmp_path: Path) -> None:
    assert not config.others_can_write(tmp_path)
    tmp_path.chmod(0o722)
    assert config.others_can_write(tmp_path)
