"""What a program inherits: what it was given, and nothing else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from console.supervisor.layout import MARKER
from tests.supervise.lab import Lab, bare_supervisor

# The C library keeps 32 and 33 to itself: no program can change what it inherits for them.
LIBC_OWN = 1 << 31 | 1 << 32


def signal_masks(output: bytes) -> dict[str, int]:
    """SigBlk, SigIgn and SigCgt as /proc shows them: one bit for each signal."""
    fields = (line.split(b":") for line in output.splitlines() if line.startswith(b"Sig"))
    return {name.decode(): int(value, 16) & ~LIBC_OWN for name, value in fields if name != b"SigQ"}


STATUS = ("cat", "/proc/self/status")


@pytest.mark.parametrize("pty", [False, True])
def test_every_signal_is_at_its_default_and_none_is_blocked(lab: Lab, pty: bool) -> None:
    _, output = lab.run(*STATUS, pty=pty)
    assert signal_masks(output) == {"SigPnd": 0, "SigBlk": 0, "SigIgn": 0, "SigCgt": 0}


def test_even_if_the_server_blocks_and_ignores_some(lab: Lab) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGUSR1})
    ignored = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        _, output = lab.run(*STATUS)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGUSR2, ignored)
    assert signal_masks(output) == {"SigPnd": 0, "SigBlk": 0, "SigIgn": 0, "SigCgt": 0}


def test_the_signals_that_are_to_be_ignored_are(lab: Lab) -> None:
    _, output = lab.run(*STATUS, ignore_signals=("SIGHUP", "SIGPIPE"))
    assert signal_masks(output)["SigIgn"] == 1 << (signal.SIGHUP - 1) | 1 << (signal.SIGPIPE - 1)


@pytest.mark.parametrize("pty", [False, True])
def test_only_the_standard_descriptors_are_open(lab: Lab, pty: bool) -> None:
    leaked = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        _, output = lab.run(python="import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))", pty=pty)
    finally:
        os.close(leaked)
    # The fourth is the one that lists them.
    assert output.strip() == b"[0, 1, 2, 3]"


def test_not_even_one_that_the_supervisor_itself_was_given(lab: Lab) -> None:
    spec = lab.spec(python="import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))")
    lab.spool.mkdir()
    with Path("/etc/passwd").open() as leaked:
        supervisor = bare_supervisor(pass_fds=[leaked.fileno()])
        assert supervisor.communicate(spec.encoded(), timeout=20)[0] == b"started\n"
    lab.finish(spec)
    assert lab.output(spec).strip() == b"[0, 1, 2, 3]"


def test_the_environment_is_the_given_one_with_the_marker(lab: Lab) -> None:
    spec = lab.start("env", env={"PATH": "/usr/bin:/bin", "NAME": "caf\udce9 \u2603"})
    lab.finish(spec)
    lines = set(lab.output(spec).splitlines())
    assert lines == {
        b"PATH=/usr/bin:/bin",
        b"NAME=caf\xe9 " + "\u2603".encode(),
        f"{MARKER}={spec.attempt}".encode(),
    }


def test_arguments_arrive_byte_for_byte(lab: Lab) -> None:
    _, output = lab.run("printf", "%s|", "a b", "", "caf\udce9", "$(id)", "new\nline")
    assert output == b"a b||caf\xe9|$(id)|new\nline|"


def test_the_working_directory_and_the_umask_are_the_given_ones(lab: Lab, tmp_path: Path) -> None:
    _, output = lab.run(sh="pwd; umask; touch made", cwd=str(tmp_path))
    assert output.splitlines() == [str(tmp_path).encode(), b"0022"]
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644
    _, output = lab.run(sh="umask", umask=0o077)
    assert output == b"0077\n"


def test_the_program_is_found_on_its_own_path(lab: Lab, tmp_path: Path) -> None:
    for name, mode in (("first", 0o644), ("second", 0o755)):
        (tmp_path / name).mkdir()
        tool = tmp_path / name / "the-tool"
        tool.write_text(f"#!/bin/sh\necho {name}\n")
        tool.chmod(mode)
    # As with a shell, one that cannot be executed is passed over.
    path = f"{tmp_path}/none:{tmp_path}/first:{tmp_path}/second"
    _, output = lab.run("the-tool", env={"PATH": path})
    assert output == b"second\n"
    ended, _ = lab.run("the-tool", env={"PATH": f"{tmp_path}/none:{tmp_path}/first:{tmp_path}/none"})
    assert ended.exit_code == 126


def test_the_files_of_an_attempt_are_the_owners_alone(lab: Lab) -> None:
    spec = lab.start("true")
    lab.finish(spec)
    directory = Path(spec.directory)
    assert directory.stat().st_mode & 0o777 == 0o700
    for path in directory.iterdir():
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} is open to others"
    assert not [path.name for path in directory.iterdir() if path.name.endswith(".tmp")]


def test_the_memory_of_a_supervisor_is_closed_to_its_user(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    supervisor = lab.supervisor(spec).supervisor.pid
    # A process that is not dumpable belongs to root, whoever runs it.
    if os.geteuid() == 0:
        pytest.skip("run by root, everything belongs to root anyway")
    with pytest.raises(PermissionError):
        Path(f"/proc/{supervisor}/environ").read_bytes()
