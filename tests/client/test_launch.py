"""A server that is started by its first client, for real."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.client.connection import Client
from console.client.environment import server_environment
from console.client.launch import StartFailed
from console.config import Home, find_home, socket_path
from console.errors import ConfigError, ConsoleError, RefusedError
from console.protocol import ListRuns, ServerStatus, ServerView
from tests.cli.process import stop_server

pytestmark = pytest.mark.slow


@pytest.fixture
def home(console_home: Path) -> Iterator[Home]:
    home = find_home()
    yield home
    stop_server(home)


def status(home: Home) -> ServerView:
    client = Client(home)
    try:
        return client.ask(ServerStatus())
    finally:
        client.close()


def test_the_first_client_starts_the_server_and_the_next_finds_it(home: Home) -> None:
    first, second = status(home), status(home)

    assert first.home == str(home.root)
    assert second.pid == first.pid
    assert home.server_log.stat().st_mode & 0o777 == 0o600


def test_clients_that_start_at_once_end_up_with_one_server(home: Home) -> None:
    found: list[int] = []
    problems: list[ConsoleError] = []

    def ask() -> None:
        try:
            found.append(status(home).pid)
        except ConsoleError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not problems
    assert len(found) == 6
    assert len(set(found)) == 1


def test_processes_that_start_at_once_end_up_with_one_server(home: Home) -> None:
    command = [sys.executable, "-m", "console", "server", "start", "--json"]
    clients = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [client.communicate(timeout=60) for client in clients]

    assert [client.returncode for client in clients] == [0] * 4, answers
    pids = {out.split('"pid":')[1].split(",")[0] for out, _ in answers}
    assert len(pids) == 1


def test_after_kill_9_the_next_client_starts_another_server(home: Home) -> None:
    first = status(home)
    os.kill(first.pid, signal.SIGKILL)
    second = status(home)

    assert second.pid != first.pid
    assert second.journal_events >= first.journal_events


def test_a_client_that_had_a_connection_goes_on_after_kill_9(home: Home) -> None:
    client = Client(home)
    first = client.ask(ServerStatus())
    os.kill(first.pid, signal.SIGKILL)

    assert client.ask(ListRuns()) == ()
    assert client.ask(ServerStatus()).pid != first.pid
    client.close()


def test_a_socket_file_that_nobody_listens_on_is_replaced(home: Home) -> None:
    path = socket_path(home)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    assert status(home).home == str(home.root)


def test_the_server_has_no_surroundings_of_its_client(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    monkeypatch.setenv("CONSOLE_ATTEMPT", "planted")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    pid = status(home).pid
    seen = dict(entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry)

    assert "planted" not in seen.values()
    assert seen["CONSOLE_HOME"] == str(home.root)
    assert seen["LC_ALL"] == "C.UTF-8"
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    assert os.getsid(pid) == pid


def test_a_home_that_others_can_write_to_is_refused_and_nothing_is_started(home: Home) -> None:
    home.root.chmod(0o777)
    with pytest.raises(RefusedError, match="written to by others"):
        status(home)
    home.root.chmod(0o700)
    assert not home.server_log.exists()


def test_a_home_that_is_a_file_is_one_clear_error(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises((RefusedError, ConfigError)):
        status(Home(file))
    with pytest.raises(ConfigError):
        status(Home(file / "below"))


def test_why_a_server_could_not_start_is_said_by_its_own_error(home: Home) -> None:
    home.journal.write_bytes(b"this is no journal" * 100)
    with pytest.raises(ConsoleError) as caught:
        status(home)
    assert caught.value.code == "journal-corrupt"
    assert "journal" in caught.value.message


def test_a_server_that_dies_without_a_word_is_reported_with_its_log(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", "import sys; print('\\x1b]0;x\\x07no room', file=sys.stderr); sys.exit(41)"]
    monkeypatch.setattr("console.client.launch.server_command", lambda *_: command)
    with pytest.raises(StartFailed, match="exit code 41") as caught:
        status(home)
    assert any("no room" in line for line in caught.value.lines())
    assert caught.value.where == str(home.server_log)


def test_a_checkout_that_is_not_installed_tells_its_server_where_it_is(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = str(Path(__file__).resolve().parents[2])
    monkeypatch.setattr(sys, "path", [package, "/usr/lib/python3"])
    assert server_environment(home, {})["PYTHONPATH"] == package

    monkeypatch.setattr(sys, "path", ["", "/usr/lib/python3", package])
    assert "PYTHONPATH" not in server_environment(home, {})
    assert server_environment(home, {"PYTHONPATH": package})["PYTHONPATH"] == package


def test_a_client_with_another_runtime_directory_finds_the_same_server(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = status(home)
    other = tmp_path / "runtime"
    other.mkdir(mode=0o700)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_RUNTIME_DIR", str(other))
        assert socket_path(home) != Path(first.socket)
        assert status(home).pid == first.pid


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"socket": 7}', b'{"socket": "relative"}', b"\xff" * 9_000])
def test_a_lock_file_that_says_nothing_useful_is_passed_over(home: Home, said: bytes) -> None:
    home.server_lock.write_bytes(said)
    assert status(home).home == str(home.root)


def test_a_log_that_has_grown_large_is_put_aside_when_the_next_server_starts(home: Home) -> None:
    with home.server_log.open("wb") as log:
        log.truncate(9 * 1024 * 1024)
    status(home)

    assert home.root.joinpath("server.log.old").stat().st_size == 9 * 1024 * 1024
    assert home.server_log.stat().st_size < 100_000
