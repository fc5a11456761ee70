"""What became of an attempt, from a directory in any state."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from console.supervise import look, read_pieces, settle
from console.supervisor import layout
from console.supervisor.procs import boot_id
from tests.supervise.lab import Lab, alive, until

pytestmark = pytest.mark.crash

EXIT = {
    "version": 1,
    "exit_code": 0,
    "signal": None,
    "ending": "exited",
    "started_at": 1,
    "ended_at": 2,
    "elapsed_ms": 1,
    "output_bytes": 0,
    "output_lines": 0,
    "output_sha256": "0" * 64,
}


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """A directory as a supervisor leaves it that was killed at work."""
    directory = tmp_path / "dead"
    directory.mkdir(mode=0o700)
    for name in (layout.LOCK, layout.OUT, layout.TIMES):
        (directory / name).touch()
    return directory


def write_exit(directory: Path, **changes: Any) -> None:
    (directory / layout.EXIT).write_text(json.dumps({**EXIT, **changes}))


def write_supervisor(directory: Path, **changes: Any) -> None:
    who = {"pid": 1, "start": 1}
    record = {"version": 1, "attempt": "x", "supervisor": who, "child": who, "boot_id": boot_id(), "started_at": 1}
    (directory / layout.SUPERVISOR).write_text(json.dumps({**record, "command": "true", **changes}))


def test_running_then_finished(lab: Lab) -> None:
    spec = lab.start(sh="read _; exit 3", pty=True)
    standing = look(spec.directory)
    assert standing.state == settle(spec.directory).state == "running"
    assert standing.supervisor is not None
    assert (standing.supervisor.attempt, standing.supervisor.command) == (spec.attempt, "/bin/sh")
    assert alive(standing.supervisor.child.pid)
    lab.ask(spec, "input", data="Cg==")
    assert lab.finish(spec).exit_code == 3
    assert look(spec.directory).state == settle(spec.directory).state == "finished"


def test_no_directory_means_never_started_and_only_settling_makes_one(tmp_path: Path) -> None:
    directory = tmp_path / "spool" / "attempt"
    assert look(directory).state == "never_started"
    assert not directory.exists()
    assert settle(directory).state == "never_started"
    assert (directory / layout.CLAIM).exists()
    assert (directory.stat().st_mode & 0o777, directory.parent.stat().st_mode & 0o777) == (0o700, 0o700)


def test_a_killed_supervisor_is_a_lost_attempt_with_its_evidence(lab: Lab) -> None:
    spec = lab.start(sh="for i in $(seq 30); do echo line $i; done; trap '' TERM HUP; echo armed; sleep 60", pty=True)
    lab.wait_for_output(spec, b"armed")
    now = time.time() * 1000
    standing = lab.kill_supervisor(spec)
    assert (standing.state, standing.exit) == ("lost", None)
    evidence = standing.evidence
    assert evidence is not None
    assert evidence.boot == "same"
    assert evidence.last_lines == [f"line {i}" for i in range(12, 31)] + ["armed"]
    assert evidence.output_bytes == len(lab.output(spec))
    assert evidence.last_output_at is not None
    assert abs(evidence.last_output_at - now) < 10_000
    assert [one.found_by for one in evidence.survivors] == ["session"] * len(evidence.survivors)
    assert lab.supervisor(spec).child.pid in {one.pid for one in evidence.survivors}
    assert settle(spec.directory).state == "lost"


def test_another_boot_is_seen(dead: Path) -> None:
    write_supervisor(dead, boot_id="another")
    standing = settle(dead)
    assert standing.state == "lost"
    assert standing.evidence is not None
    assert (standing.evidence.boot, standing.evidence.survivors) == ("changed", [])


def test_without_any_record_the_boot_is_unknown(dead: Path) -> None:
    standing = look(dead, "some-attempt")
    assert standing.state == "lost"
    assert standing.evidence is not None
    assert (standing.evidence.boot, standing.evidence.output_bytes) == ("unknown", 0)
    assert (standing.evidence.last_output_at, standing.evidence.last_lines) == (None, [])


def test_what_the_supervisor_could_still_log_is_evidence(dead: Path) -> None:
    (dead / layout.LOG).write_text("Traceback …\nKeyError: 'x'\n")
    evidence = look(dead).evidence
    assert evidence is not None
    assert evidence.problems == ["the supervisor itself failed: KeyError: 'x'"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        json.dumps(EXIT).encode()[:-5],
        b"null",
        b"\xff\xfe\x00",
        b"[" * 10_000,
        b"x" * 1_000_000,
        json.dumps({**EXIT, "exit_code": 256}).encode(),
        json.dumps({**EXIT, "exit_code": "0"}).encode(),
        json.dumps({**EXIT, "ending": "splendid"}).encode(),
        json.dumps({**EXIT, "output_bytes": -1}).encode(),
        json.dumps({**EXIT, "exit_code": None}).encode(),
        json.dumps({**EXIT, "signal": 9}).encode(),
        json.dumps({**EXIT, "ending": "not_started"}).encode(),
        json.dumps({name: value for name, value in EXIT.items() if name != "ending"}).encode(),
    ],
    ids=lambda content: content[:200].decode("latin-1")[-60:],
)
def test_a_damaged_exit_record_is_lost_with_the_reason(dead: Path, content: bytes) -> None:
    (dead / layout.EXIT).write_bytes(content)
    for standing in (look(dead), settle(dead)):
        assert standing.state == "lost"
        assert standing.evidence is not None
        assert layout.EXIT in standing.evidence.problems[0]


def test_a_record_in_the_place_of_which_something_else_lies_is_not_followed(dead: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps(EXIT))
    (dead / layout.EXIT).symlink_to(elsewhere)
    assert look(dead).state == "lost"
    (dead / layout.EXIT).unlink()
    os.mkfifo(dead / layout.EXIT)
    assert look(dead).state == "lost"


def test_a_damaged_supervisor_record_does_not_hide_the_end(dead: Path) -> None:
    write_exit(dead)
    (dead / layout.SUPERVISOR).write_bytes(b"{")
    standing = look(dead)
    assert (standing.state, standing.supervisor) == ("finished", None)
    assert layout.SUPERVISOR in standing.problems[0]


def test_the_record_of_a_later_version_is_read_as_far_as_it_is_known(dead: Path) -> None:
    write_exit(dead, version=7, weather="fine")
    assert look(dead).state == "finished"


def test_output_that_is_shorter_than_recorded_is_told(dead: Path) -> None:
    write_exit(dead, output_bytes=5)
    standing = look(dead)
    assert standing.state == "finished"
    assert standing.problems == ["the output has 0 bytes and the exit record says 5"]


def test_damaged_times_give_the_output_all_the_same(lab: Lab) -> None:
    spec = lab.start(sh="printf one; sleep 0.05; printf two >&2; sleep 60")
    lab.wait_for_output(spec, b"onetwo")
    lab.kill_supervisor(spec)
    times = Path(spec.directory) / layout.TIMES
    whole = times.read_bytes()
    for damaged in (b"", whole[:20], b"\xff" * 100, whole[::-1]):
        times.write_bytes(damaged)
        assert b"".join(piece.data for piece in read_pieces(spec.directory, 0, 100)) == b"onetwo"
        assert look(spec.directory).state == "lost"


def test_a_file_in_the_place_of_the_directory_is_lost(tmp_path: Path) -> None:
    (tmp_path / "attempt").write_text("?")
    for standing in (look(tmp_path / "attempt"), settle(tmp_path / "attempt")):
        assert standing.state == "lost"
        assert "cannot be opened" in standing.problems[0]


def test_a_supervisor_that_fails_itself_leaves_its_reason(lab: Lab) -> None:
    """Its exit record cannot be published, because a directory lies in its place."""
    spec = lab.start(sh="read _; exit 0", pty=True)
    (Path(spec.directory) / layout.EXIT / "x").mkdir(parents=True)
    lab.ask(spec, "input", data="Cg==")
    standing = until(lambda: (now := look(spec.directory)).state == "lost" and now, "the supervisor's failure")
    assert standing
    assert standing.evidence is not None
    assert any("the supervisor itself failed: IsADirectoryError" in line for line in standing.evidence.problems)


def test_somebody_else_who_looks_is_not_taken_for_a_supervisor(dead: Path) -> None:
    with (dead / layout.LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert look(dead).state == settle(dead).state == "lost"
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert look(dead).state == settle(dead).state == "running"


def test_a_stopped_supervisor_is_still_running(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    supervisor = lab.supervisor(spec).supervisor.pid
    os.kill(supervisor, signal.SIGSTOP)
    try:
        assert settle(spec.directory).state == "running"
    finally:
        os.kill(supervisor, signal.SIGCONT)
