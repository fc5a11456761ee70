"""What the program writes: complete, in order, masked, timed, and never holding the program up."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest

from console.supervise import CouldNotStart, look, read_pieces, settle, spawn_blocking
from console.supervisor.layout import STDERR, STDOUT, SUPERVISOR_WORDS, TERMINAL
from tests.supervise.lab import PYTHON, Lab, bare_supervisor, sha256, until

SECRET = "c0rrect-h0rse-battery"


def test_stdout_and_stderr_are_kept_apart_and_in_order(lab: Lab) -> None:
    spec = lab.start(sh="echo one; echo two >&2; sleep 0.05; echo three")
    ended = lab.finish(spec)
    pieces = read_pieces(spec.directory, 0, 1000)
    assert b"".join(piece.data for piece in pieces) == lab.output(spec)
    assert b"".join(piece.data for piece in pieces if piece.stream == STDOUT) == b"one\nthree\n"
    assert b"".join(piece.data for piece in pieces if piece.stream == STDERR) == b"two\n"
    assert ended.output_lines == 3


def test_each_piece_has_the_time_at_which_it_came(lab: Lab) -> None:
    before = int(time.time() * 1000)
    spec = lab.start(sh="echo early; sleep 0.3; echo late")
    lab.finish(spec)
    early, late = read_pieces(spec.directory, 0, 1000)
    assert before <= early.at <= late.at <= int(time.time() * 1000)
    assert late.at - early.at >= 250


def test_a_window_of_pieces_starts_and_stops_where_it_is_asked_to(lab: Lab) -> None:
    spec = lab.start(sh="printf abc; sleep 0.05; printf def >&2; sleep 0.05; printf ghi")
    lab.finish(spec)
    window = read_pieces(spec.directory, 2, 5)
    assert [(piece.offset, piece.stream, piece.data) for piece in window] == [
        (2, STDOUT, b"c"),
        (3, STDERR, b"def"),
        (6, STDOUT, b"g"),
    ]
    assert read_pieces(spec.directory, 9, 100) == []


def test_fifty_megabytes_arrive_whole_and_fast(lab: Lab) -> None:
    size = 50_000_000
    began = time.monotonic()
    spec = lab.start(python=f"import os\nblock = bytes(range(256)) * 4096\nleft = {size}\n" + _WRITE_ALL)
    ended = lab.finish(spec, 60)
    elapsed = time.monotonic() - began
    stored = lab.output(spec)
    assert ended.exit_code == 0
    assert ended.lost_bytes == 0
    assert len(stored) == ended.output_bytes == size
    assert sha256(stored) == ended.output_sha256
    assert stored == (bytes(range(256)) * (size // 256 + 1))[:size]
    assert ended.output_lines == stored.count(b"\n")
    assert elapsed < 50, f"20 MB/s are asked for on a quiet machine; this took {elapsed:.1f} s"


_WRITE_ALL = """
while left:
    left -= os.write(1, block[:left])
"""


def test_a_terminal_brings_everything_too(lab: Lab) -> None:
    count = 20_000
    ended, output = lab.run(sh=f"seq 1 {count}", pty=True)
    assert output == "".join(f"{number}\r\n" for number in range(1, count + 1)).encode()
    assert ended.output_lines == count


def test_hostile_bytes_pass_unharmed(lab: Lab) -> None:
    hostile = bytes(range(256)) + b"\x1b]0;owned\x07\x1b[2J\xff\xfe\x00\xc0\x80" + b"\x00" * 1000
    encoded = base64.b64encode(hostile).decode()
    ended, output = lab.run("/bin/sh", "-c", f"echo {encoded} | base64 -d", redact=(SECRET,))
    assert output == hostile
    assert ended.output_sha256 == sha256(hostile)


@pytest.mark.parametrize("pty", [False, True])
def test_a_secret_split_over_writes_never_reaches_the_disk(lab: Lab, pty: bool) -> None:
    program = f"""
import os, time
for index in range(len({SECRET!r})):
    os.write(1, {SECRET!r}[index].encode())
    time.sleep(0.01)
os.write(1, b" end\\n")
"""
    spec = lab.start(python=program, redact=(SECRET,), pty=pty)
    lab.finish(spec)
    assert lab.output(spec).rstrip() == b"[redacted] end"
    for path in Path(spec.directory).iterdir():
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), f"{path.name} holds the secret"


def test_a_secret_cut_off_by_the_end_is_masked(lab: Lab) -> None:
    _, output = lab.run("printf", "%s", f"key {SECRET[:-1]}", redact=(SECRET,))
    assert output == b"key [redacted]"


def test_a_secret_value_is_in_no_record_and_no_command_line(lab: Lab) -> None:
    spec = lab.start(sh=f"exec sleep 30 # {SECRET}", env={"TOKEN": SECRET, "PATH": "/usr/bin:/bin"}, redact=(SECRET,))
    supervisor = lab.supervisor(spec).supervisor.pid
    assert SECRET.encode() not in Path(f"/proc/{supervisor}/cmdline").read_bytes()
    if os.geteuid() == 0:  # nobody else may look
        assert SECRET.encode() not in Path(f"/proc/{supervisor}/environ").read_bytes()
    lab.ask(spec, "kill")
    lab.finish(spec)
    for path in Path(spec.directory).iterdir():
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), f"{path.name} holds the secret"


def test_a_failed_start_does_not_give_the_secret_in_its_name_away(lab: Lab) -> None:
    ended, output = lab.run(f"/no/such/{SECRET}", redact=(SECRET,))
    assert ended.exit_code == 127
    assert SECRET.encode() not in output
    assert SECRET not in (ended.error or "")


def test_a_prompt_is_seen_although_it_ends_as_a_secret_begins(lab: Lab) -> None:
    spec = lab.start(python="import os; os.write(1, b'Go on? c0'); os.read(0, 1)", pty=True, redact=(SECRET,))
    assert lab.wait_for_output(spec, b"Go on? c0")


def test_what_the_program_wrote_before_it_ended_is_there_even_if_a_daemon_holds_the_pipe(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60 & head -c 60000 /dev/zero | tr '\\0' x; exit 4", terminal=False)
    ended = lab.finish(spec)
    assert ended.exit_code == 4
    assert lab.output(spec) == b"x" * 60000


def test_the_limit_cuts_the_output_off_and_says_so(lab: Lab) -> None:
    spec = lab.start(sh="seq 1 100000; exit 6", output_limit=1000)
    ended = lab.finish(spec)
    total = len("".join(f"{number}\n" for number in range(1, 100001)))
    assert ended.exit_code == 6
    assert ended.lost_bytes == total - 1000
    pieces = read_pieces(spec.directory, 0, 10_000)
    assert sum(len(piece.data) for piece in pieces if piece.stream == STDOUT) == 1000
    assert b"bytes of output were lost here" in b"".join(p.data for p in pieces if p.stream == SUPERVISOR_WORDS)
    assert "limit" in (ended.error or "")


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a tiny tmpfs has to be mounted")
    place = tmp_path / "small"
    place.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m none {place} 2>/dev/null") != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    return place


def test_a_full_disk_neither_stalls_the_program_nor_costs_the_exit_record(lab: Lab, small_disk: Path) -> None:
    try:
        # It fills the disk, frees it, and has something to say afterwards.
        script = f"head -c 3000000 /dev/zero; rm {small_disk}/ballast; sleep 0.6; echo at last; exit 42"
        (small_disk / "ballast").write_bytes(b"x" * 100_000)
        spec = lab.start(sh=script, directory=str(small_disk / "attempt"))
        ended = lab.finish(spec)
        output = lab.output(spec)
        assert ended.exit_code == 42
        assert 0 < ended.lost_bytes < 3_000_000
        assert ended.output_sha256 == sha256(output)
        assert len(output) == ended.output_bytes
        assert f"{ended.lost_bytes} bytes of output were lost here: No space left".encode() in output
        assert output.endswith(b"]\nat last\n")
        assert "No space left" in (ended.error or "")
        assert look(spec.directory).problems == []
    finally:
        os.system(f"umount -l {small_disk}")


def test_a_quota_is_like_a_full_disk(lab: Lab) -> None:
    """As an ordinary user can have it: no file may grow beyond 50,000 bytes."""
    spec = lab.spec(sh="head -c 3000000 /dev/zero; exit 42")
    lab.spool.mkdir()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    assert bare_supervisor(limit).communicate(spec.encoded(), timeout=20)[0] == b"started\n"
    ended = lab.finish(spec)
    assert (ended.exit_code, ended.output_bytes, ended.lost_bytes) == (42, 50_000, 2_950_000)
    assert sha256(lab.output(spec)) == ended.output_sha256
    assert "File too large" in (ended.error or "")


def test_a_disk_that_is_full_at_the_start_starts_nothing(lab: Lab, small_disk: Path, tmp_path: Path) -> None:
    try:
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * 2_000_000)
        spec = lab.spec("touch", str(tmp_path / "ran"), directory=str(small_disk / "attempt"))
        with pytest.raises(CouldNotStart, match="No space left"):
            spawn_blocking(spec)
        assert settle(spec.directory).state == "never_started"
        assert not (tmp_path / "ran").exists()
    finally:
        os.system(f"umount -l {small_disk}")


def test_a_flood_from_a_leftover_does_not_keep_the_attempt_open(lab: Lab) -> None:
    spec = lab.start(sh=f"setsid {PYTHON} -c 'while True: print(\"x\" * 1000)' & sleep 0.2; exit 3", terminal=False)
    ended = lab.finish(spec, 10)
    assert ended.exit_code == 3
    assert sha256(lab.output(spec)) == ended.output_sha256
    # Nobody reads its pipe any more.
    until(lambda: not [one for one in ended.leftovers if Path(f"/proc/{one.pid}").exists()], "its end by SIGPIPE")


def test_the_terminal_of_a_program_at_pipes_is_recorded_apart(lab: Lab) -> None:
    spec = lab.start(sh="echo out; echo asked > /dev/tty; tty")
    lab.finish(spec)
    pieces = read_pieces(spec.directory, 0, 1000)
    assert b"".join(p.data for p in pieces if p.stream == TERMINAL) == b"asked\r\n"
    assert b"".join(p.data for p in pieces if p.stream == STDOUT) == b"out\nnot a tty\n"
