"""Finding what outlived its attempt, and ending it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec
import pytest

from console.supervise import Identity, Survivor, end_survivors, find_survivors
from console.supervisor.layout import MARKER
from console.supervisor.procs import process
from tests.supervise.lab import PYTHON, Lab, alive, until

pytestmark = pytest.mark.crash


def pids(output: bytes, word: bytes = b"pid") -> list[int]:
    return [int(line.split()[1]) for line in output.splitlines() if line.startswith(word)]


def test_nothing_is_left_of_an_attempt_that_cleaned_up(lab: Lab) -> None:
    spec = lab.start("true")
    lab.finish(spec)
    assert find_survivors(spec.attempt, lab.supervisor(spec)) == []


def test_a_process_in_another_session_is_found_by_its_marker(lab: Lab) -> None:
    spec = lab.start(sh="setsid sleep 60 > /dev/null 2>&1 & sleep 0.1; echo pid $!")
    lab.finish(spec)
    (left,) = pids(lab.output(spec))
    (found,) = find_survivors(spec.attempt, lab.supervisor(spec))
    assert (found.pid, found.command, found.found_by) == (left, "sleep 60", "marker")
    assert 0 <= found.age_seconds < 20
    assert find_survivors("another-attempt") == []


def test_a_process_that_hides_its_environment_is_found_by_its_session(lab: Lab) -> None:
    spec = lab.start(sh="env -i /bin/sleep 60 > /dev/null 2>&1 & sleep 0.1; echo pid $!", terminal=False)
    lab.finish(spec)
    (left,) = pids(lab.output(spec))
    record = lab.supervisor(spec)
    until(lambda: not alive(record.supervisor.pid), "the supervisor's end")
    assert find_survivors(spec.attempt) == []
    (found,) = find_survivors(spec.attempt, record)
    assert (found.pid, found.found_by) == (left, "session")


def test_a_marker_is_compared_whole(lab: Lab) -> None:
    spec = lab.start("sleep", "60")
    assert find_survivors(spec.attempt[:-1]) == find_survivors(f"{spec.attempt}0") == []
    assert [one.command for one in find_survivors(spec.attempt)] == ["sleep 60"]


def test_another_boots_record_names_no_strangers(lab: Lab) -> None:
    spec = lab.start(sh="env -i /bin/sleep 60 > /dev/null 2>&1 & sleep 0.1", terminal=False)
    lab.finish(spec)
    record = msgspec.structs.replace(lab.supervisor(spec), boot_id="another")
    assert find_survivors(spec.attempt, record) == []
    for one in find_survivors(spec.attempt, lab.supervisor(spec)):
        os.kill(one.pid, signal.SIGKILL)


def test_a_session_whose_number_was_given_away_names_no_strangers(lab: Lab) -> None:
    spec = lab.start("true")
    lab.finish(spec)
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        now = process(stranger.pid)
        assert now is not None
        was = Identity(stranger.pid, now.start - 1)
        record = msgspec.structs.replace(lab.supervisor(spec), supervisor=was)
        assert find_survivors(spec.attempt, record) == []
    finally:
        stranger.kill()
        stranger.wait()


def test_a_command_line_is_shown_as_plain_text(lab: Lab) -> None:
    spec = lab.start(sh="setsid sh -c 'sleep 60; exit' '\x1b[31mevil\n' > /dev/null 2>&1 & sleep 0.1")
    lab.finish(spec)
    found = find_survivors(spec.attempt)
    assert "sh -c sleep 60; exit ?[31mevil?" in {one.command for one in found}


def test_ending_asks_first_and_kills_what_stays(lab: Lab, tmp_path: Path) -> None:
    polite = f"trap 'echo asked > {tmp_path}/polite; exit' TERM; while :; do sleep 0.02; done"
    stubborn = "trap '' TERM; while :; do sleep 0.02; done"
    script = "".join(f'setsid sh -c "{survivor}" > /dev/null 2>&1 &\n' for survivor in (polite, stubborn))
    spec = lab.start(sh=f"{script} sleep 0.2")
    lab.finish(spec)
    survivors = [one for one in find_survivors(spec.attempt) if "while" in one.command]
    assert len(survivors) == 2
    assert end_survivors(survivors, grace_seconds=0.3) == []
    assert (tmp_path / "polite").read_text() == "asked\n"
    assert not [one for one in survivors if alive(one.pid)]


def test_a_stranger_with_the_same_pid_is_not_touched() -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        now = process(stranger.pid)
        assert now is not None
        outdated = Survivor(stranger.pid, now.start - 1, "sleep 60", 1.0, "marker")
        assert end_survivors([outdated], grace_seconds=0.1) == []
        with pytest.raises(subprocess.TimeoutExpired):
            stranger.wait(0.2)
    finally:
        stranger.kill()
        stranger.wait()


def test_a_stopped_survivor_is_ended_too(lab: Lab) -> None:
    spec = lab.start(sh="setsid sleep 60 > /dev/null 2>&1 & sleep 0.1")
    lab.finish(spec)
    survivors = find_survivors(spec.attempt)
    os.kill(survivors[0].pid, signal.SIGSTOP)
    began = time.monotonic()
    assert end_survivors(survivors, grace_seconds=10) == []
    assert time.monotonic() - began < 8


def test_whoever_looks_is_not_a_survivor() -> None:
    root = str(Path(__file__).parents[2])
    program = (
        f"import sys; sys.path.insert(0, {root!r})\nimport console.supervise as it; print(it.find_survivors('mine'))"
    )
    done = subprocess.run([PYTHON, "-c", program], env={**os.environ, MARKER: "mine"}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
