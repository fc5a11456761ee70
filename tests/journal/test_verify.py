"""Verifying while a server writes, after it was killed, and what cannot be opened at all."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest

from console.journal import NoteClaim, OutputClaim, OutputStore, Piece, Turn, Writer, open_writer, verify
from tests.journal.samples import event, turn

NOTHING = hashlib.sha256(b"").hexdigest()


def test_it_can_be_done_while_somebody_writes(writer: Writer, store: OutputStore, home: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        seq = 0
        while not stop.is_set():
            seq += 1
            writer.append(Turn(events=[event("run/1", seq), event("run/2", seq)]))
            store.append(Piece("1/a", (seq - 1) * 5, b"line\n", seq))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        events: list[int] = []
        while len(events) < 5 or events[-1] == events[0]:
            report = verify(home)
            assert report.ok, report.problems
            events.append(report.events)
    finally:
        stop.set()
        thread.join()
    assert events == sorted(events)
    assert writer.failed is None


def test_it_reads_the_log_that_a_killed_server_left(home: Path) -> None:
    code = """
    import os, pathlib, signal, sys
    from console.journal import *
    writer = open_writer(pathlib.Path(sys.argv[1]))
    for seq in range(1, 101):
        writer.append(Turn(events=[Event("run/1", seq, "T", seq, None, None, {})]))
    os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(home)], cwd=Path(__file__).parents[2])
    log = home / "journal.db-wal"
    before = log.read_bytes()
    assert before
    report = verify(home)
    assert (report.ok, report.events) == (True, 100)
    assert log.read_bytes() == before, "verify wrote to the log"


def test_it_changes_nothing(home: Path) -> None:
    writer = open_writer(home)
    writer.append(turn("run/1", 1, 50))
    writer.close()
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert verify(home).ok
    after = {path.name: path.read_bytes() for path in home.iterdir()}
    assert {name: after[name] for name in before} == before
    # What SQLite needs for reading beside a writer may stay behind, empty.
    left_behind = {name: len(after[name]) for name in after.keys() - before.keys() if not name.endswith("-shm")}
    assert not any(left_behind.values()), left_behind


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give the home to another user")
def test_the_owner_of_a_read_only_copy_can_verify_it(home: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        copy = Path(directory, "home")
        writer = open_writer(copy)
        writer.append(turn("run/1", 1, 50))
        writer.close()
        for path in copy.iterdir():
            os.chown(path, 65534, 65534)
            path.chmod(stat.S_IRUSR)
        os.chown(copy, 65534, 65534)
        copy.chmod(0o500)
        code = """
        import os, pathlib, sys
        from console.journal import verify
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        print(verify(pathlib.Path(sys.argv[1])))
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), str(copy)],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        copy.chmod(0o700)
    assert done.stderr == ""
    assert "ok=True" in done.stdout
    assert "events=50" in done.stdout


@pytest.mark.parametrize("owner", [12345])
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give the home to another user")
def test_somebody_elses_home_is_left_alone(home: Path, owner: int) -> None:
    open_writer(home).close()
    os.chown(home, owner, owner)
    report = verify(home)
    assert [problem.code for problem in report.problems] == ["journal"]
    assert "another user" in report.problems[0].message


def test_a_home_without_a_journal_is_a_problem_not_a_crash(home: Path) -> None:
    assert [problem.code for problem in verify(home).problems] == ["journal"]
    home.mkdir(mode=0o700)
    report = verify(home)
    assert not report.ok
    assert "no journal.db" in report.problems[0].message
    assert list(home.iterdir()) == []


def test_claims_about_output_are_compared(writer: Writer, store: OutputStore, home: Path) -> None:
    writer.append(Turn(events=[event("run/1", 1), event("run/1", 2)]))
    store.append(Piece("1/a", 0, b"text", 1))
    end = store.seal("1/a")
    assert end.sha256 is not None
    cases = [
        (OutputClaim("1/a", 4, end.sha256), None),
        (OutputClaim("1/never", 0, NOTHING), None),
        (OutputClaim("1/a", 5, end.sha256), "altered-output"),
        (OutputClaim("1/a", 4, NOTHING), "altered-output"),
        (OutputClaim("1/b", 4, end.sha256), "missing-output"),
        (NoteClaim("0" * 64), "missing-note"),
    ]
    for claim, code in cases:
        problems = verify(home, lambda *_, claim=claim: [claim]).problems
        assert {problem.code for problem in problems} == ({code} if code else set()), claim
        assert {(problem.stream, problem.seq) for problem in problems} <= {("run/1", 1), ("run/1", 2)}


def test_output_that_is_still_growing_is_no_problem(store: OutputStore, home: Path) -> None:
    store.append(Piece("1/a", 0, b"text", 1))
    report = verify(home)
    assert (report.ok, report.outputs, report.output_bytes) == (True, 1, 4)
