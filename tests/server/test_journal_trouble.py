"""A journal that is full, damaged, held by another server or written by another version: said once, nothing lost."""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from console import protocol as p
from console.errors import ConsoleError, JournalCorrupt, JournalFull, JournalLocked
from console.journal import Event, Turn, open_reader, open_writer
from tests.server.lab import Lab, alive, fresh, refused, shell, step_of, until


@pytest.fixture
def small(tmp_path: Path, runtime: Path) -> Iterator[Lab]:
    """A home on a file system of 16 MiB; what attempts print is spooled elsewhere."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", str(mount)]
    if os.geteuid() != 0 or (done := subprocess.run(command, capture_output=True, text=True)).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    assert done.returncode == 0
    lab = Lab(mount / "home", runtime)
    lab.root.mkdir(mode=0o700)
    (tmp_path / "spool").mkdir(mode=0o700)
    lab.home.spool.symlink_to(tmp_path / "spool")
    yield lab
    lab.close()
    subprocess.run(["umount", "-l", str(mount)], check=True)


def fill(lab: Lab) -> Path:
    """Leave no room on the home's file system, whoever else writes to it meanwhile."""
    ballast = lab.root.parent / "ballast"
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with pytest.raises(OSError, match="No space"):
        write_for_ever(handle)
    os.close(handle)
    return ballast


def write_for_ever(handle: int) -> None:
    while os.write(handle, bytes(65_536)):
        pass


def test_a_full_disk_stops_commands_and_nothing_else(small: Lab) -> None:
    lab = small
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", *({"id": f"s{number}", "manual": "x"} for number in range(400))))
    lab.wait_task(ana, run, "s0")
    ballast = fill(lab)
    taken = 0
    error: ConsoleError | None = None
    while error is None and taken < 400:
        try:
            lab.answer(ana, run, f"s{taken}", "done", note="n" * 30_000)
            taken += 1
        except ConsoleError as caught:
            error = caught
    assert isinstance(error, JournalFull), error
    assert error.where
    assert "journal.db" in error.where
    assert error.mend
    assert "Free space" in error.mend
    assert ana.ask(p.ShowRun(run=run)).waiting[0].step == f"s{taken}", "it goes on showing"
    assert ana.ask(p.ListRuns())[0].id == run
    again = refused(lambda: lab.answer(ana, run, f"s{taken}", "done"))
    assert "Nothing more is recorded" in again.message
    assert again.mend
    assert "make room" in again.mend
    assert "Nothing more is recorded" in refused(lambda: lab.start(ana, "hello")).message
    [problem] = [one for one in ana.ask(p.ServerStatus()).problems if "Nothing more" in one.what]
    assert "No space" in problem.what
    ballast.unlink()
    lab.stop_server()
    view = ana.ask(p.ShowRun(run=run))
    assert [step.state for step in view.steps[:taken]] == ["succeeded"] * taken, "what was acknowledged is there"
    lab.answer(ana, run, f"s{taken}", "done")
    lab.check_whole()


def test_the_end_of_an_attempt_that_could_not_be_recorded_is_found_again(small: Lab) -> None:
    lab = small
    gate = lab.root.parent / "gate"
    text = f"echo up; while [ ! -e {gate} ]; do sleep 0.02; done; seq 1 400000; echo x=7 >> $CONSOLE_OUTPUT"
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", text), {"id": "two", "manual": "x"}))
    until(lambda: lab.home.spool.exists() and any(lab.home.spool.glob("*/*/out")), saying="it runs")
    lab.wait_state(ana, run, "one", "running")
    gate.touch()
    ballast = fill(lab)
    until(lambda: ana.ask(p.ServerStatus()).problems, saying="the journal is full")
    until(lambda: all(one.stat().st_size for one in lab.home.spool.glob("*/*/exit.json")), saying="it has ended")
    assert step_of(ana.ask(p.ShowRun(run=run)), "one").state == "running", "what is not recorded is not claimed"
    until(lambda: not lab.processes(text=str(lab.home.spool)), saying="the supervisor has gone")
    ballast.unlink()
    lab.stop_server()
    lab.wait_task(ana, run, "two")
    one = step_of(ana.ask(p.ShowRun(run=run)), "one")
    assert (one.state, one.outputs, len(one.attempts)) == ("succeeded", {"x": "7"}, 1)
    expected = b"up\r\n" + "".join(f"{number}\r\n" for number in range(1, 400_001)).encode()
    assert one.attempts[0].output_sha256 == hashlib.sha256(expected).hexdigest()
    lab.check_whole()


def test_a_write_that_the_system_refuses_stops_commands_too(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", *({"id": f"s{number}", "manual": "x"} for number in range(100))))
    lab.wait_task(ana, run, "s0")
    pid = lab.server_pid()
    assert pid is not None
    largest = max(file.stat().st_size for file in lab.root.glob("journal.db*")) + 20_000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest, largest))
    taken, stopped = 0, False
    while not stopped:
        try:
            lab.answer(ana, run, f"s{taken}", "done", note="n" * 10_000)
            taken += 1
        except ConsoleError:
            stopped = True
    error = refused(lambda: lab.answer(ana, run, f"s{taken}", "done"))
    assert "Nothing more is recorded" in error.message
    lab.stop_server()
    view = ana.ask(p.ShowRun(run=run))
    assert sum(step.state == "succeeded" for step in view.steps) == taken
    lab.answer(ana, run, f"s{taken}", "done")
    lab.check_whole()


def test_what_somebody_kept_from_being_recorded_is_recorded_later(lab: Lab) -> None:
    """Another program holds the journal's file for a while: an end, a timer and the turn of the next run all wait."""
    gate = lab.root.parent / "gate"
    ends = shell("one", f"while [ ! -e {gate} ]; do sleep 0.02; done; echo over")
    ana = lab.client()
    first = lab.start(ana, lab.runbook("t", ends, one_at_a_time="key"))
    behind = p.StartRun(
        runbook=lab.runbook("t", ends, one_at_a_time="key"), parameters={}, command="b", wait_for_lock=True
    )
    second = ana.ask(behind).id
    third = lab.start(ana, lab.runbook("w", {"id": "w", "wait": "1s"}))
    lab.wait_state(ana, first, "one", "running")
    lab.wait_state(ana, third, "w", "waiting")
    other = sqlite3.connect(lab.home.journal, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    gate.touch()
    until(lambda: lab.log().count("keeps journal.db locked") >= 2, saying="both were kept from being recorded")
    assert ana.ask(p.ShowRun(run=first)).state == "running"
    other.execute("ROLLBACK")
    other.close()
    for run in (first, second, third):
        assert lab.wait_end(ana, run).state == "succeeded"
    assert [len(step_of(ana.ask(p.ShowRun(run=run)), "one").attempts) for run in (first, second)] == [1, 1]
    lab.check_whole()


def test_a_second_server_is_refused_and_the_first_goes_on(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", "sleep 0.5; echo done"), {"id": "m", "manual": "x"}))
    first = lab.server_pid()
    command = [sys.executable, "-m", "console", "server", "run"]
    environ = {**lab.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)
    assert done.returncode == JournalLocked.exit_code
    assert "Another server works on this home already." in done.stderr
    assert str(first) in done.stderr
    assert "console server status" in done.stderr
    assert "Traceback" not in done.stderr
    assert first is not None
    assert alive(first)
    lab.wait_task(ana, run, "m")
    assert lab.server_pid() == first
    lab.check_whole()


@pytest.mark.parametrize("where", ["header", "middle"])
def test_a_damaged_journal_is_refused_and_not_touched(lab: Lab, where: str) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", *({"id": f"s{number}", "manual": "x"} for number in range(30))))
    for number in range(30):
        lab.wait_task(ana, run, f"s{number}")
        lab.answer(ana, run, f"s{number}", "done", note="n" * 3_000)
    lab.stop_server()
    with lab.home.journal.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0 if where == "header" else 4_096)
        file.write(os.urandom(64 if where == "header" else min(size - 8_192, 60_000)))
    before = lab.home.journal.read_bytes()
    error = refused(lambda: ana.ask(p.ListRuns()))
    assert isinstance(error, JournalCorrupt), error
    assert error.where
    assert "journal.db" in error.where
    assert error.mend
    assert lab.home.journal.read_bytes() == before, "nothing was overwritten"
    assert "Traceback" not in lab.log()
    again = refused(lambda: ana.ask(p.ListRuns()))
    assert again.message == error.message


@pytest.mark.parametrize("what", ["an unknown type", "an event that does not fit"])
def test_a_run_that_another_version_wrote_is_left_alone(lab: Lab, what: str) -> None:
    ana = lab.client()
    book = lab.runbook("t", {"id": "one", "manual": "x"}, one_at_a_time="always")
    other = lab.runbook("other", {"id": "one", "manual": "x"})
    foreign, ours = lab.start(ana, book), lab.start(ana, other)
    lab.wait_task(ana, foreign, "one")
    lab.stop_server()
    seq = append_foreign(lab, f"run/{foreign}", what)
    listed = ana.ask(p.ListRuns())
    assert [one.id for one in listed] == [ours, foreign]
    error = refused(lambda: ana.ask(p.ShowRun(run=foreign)))
    assert isinstance(error, JournalCorrupt)
    assert f"Run {foreign} holds an event that this version cannot read" in error.message
    assert error.mend
    assert "version" in error.mend
    problems = ana.ask(p.ServerStatus()).problems
    assert any(f"Run {foreign}" in one.what for one in problems), problems
    assert "holds" in refused(lambda: lab.start(ana, book)).message, "its key is still taken"
    assert isinstance(refused(lambda: lab.do(ana, foreign, "pause")), JournalCorrupt)
    assert len(ana.ask(p.ReadEvents(run=foreign)).events) == seq, "its events can be exported"
    lab.answer(ana, ours, "one", "done")
    assert lab.wait_end(ana, ours).state == "succeeded"
    lab.stop_server()
    reader = open_reader(lab.home.root)
    assert reader.head(f"run/{foreign}").seq == seq
    reader.close()


def append_foreign(lab: Lab, stream: str, what: str) -> int:
    """Add an event as another version might have; returns its number."""
    writer = open_writer(lab.home.root)
    try:
        seq = writer.head(stream).seq + 1
        who = {"kind": "server", "name": "server"}
        type_, data = "brewed", dict[str, Any](strength=3)
        if what != "an unknown type":
            type_ = "task_answered"
            data = {"path": "one", "visit": 9, "task": 77, "answer": "done", "by": "x", "closes": True}
        writer.append(Turn(events=[Event(stream, seq, type_, 1, who, fresh(), data)]))
    finally:
        writer.close()
    return seq


def test_a_list_row_of_another_version_is_shown_as_far_as_it_goes(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", "true")))
    lab.wait_end(ana, run)
    lab.stop_server()
    writer = open_writer(lab.home.root)
    reader = open_reader(lab.home.root)
    row = reader.run(run)
    reader.close()
    assert row is not None
    writer.append(Turn(runs=[msgspec.structs.replace(row, body=b'{"summary": 5}')]))
    writer.close()
    [found] = ana.ask(p.ListRuns())
    assert (found.id, found.runbook, found.state) == (run, "t", "succeeded")
