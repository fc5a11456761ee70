"""Starting once: the directory is the permit, and whoever comes second starts nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.supervise import AttemptSpec, Standing, look, settle, spawn_blocking
from console.supervisor import layout
from tests.supervise.lab import PYTHON, Lab, alive, until

pytestmark = pytest.mark.crash

MAIN = Path(layout.__file__).with_name("main.py")


def counting(lab: Lab, ran: Path) -> AttemptSpec:
    """An attempt that leaves a mark each time its program runs."""
    return lab.spec(sh=f"echo ran >> {ran}")


def late_supervisor(spec: AttemptSpec) -> subprocess.Popen[bytes]:
    """A supervisor that has been started and has not been told what to do yet."""
    return subprocess.Popen(
        [PYTHON, "-I", "-S", "-X", "utf8", str(MAIN)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def test_the_same_attempt_again_starts_nothing(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    assert spawn_blocking(spec) == "started"
    assert spawn_blocking(spec) == "already"
    lab.finish(spec)
    assert spawn_blocking(spec) == "already"
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_of_many_supervisors_at_once_one_starts_the_program(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(spawn_blocking, [spec] * 8))
    assert sorted(verdicts) == ["already"] * 7 + ["started"]
    lab.finish(spec)
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_recovery_first_then_a_late_supervisor(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    late = late_supervisor(spec)
    assert settle(spec.directory).state == "never_started"
    answer, _ = late.communicate(spec.encoded(), timeout=20)
    assert (answer, late.returncode) == (b"already\n", layout.EXIT_ALREADY)
    assert not (tmp_path / "ran").exists()
    assert settle(spec.directory).state == look(spec.directory).state == "never_started"


def test_a_supervisor_first_then_recovery(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    spawn_blocking(spec)
    assert settle(spec.directory).state in {"running", "finished"}
    assert lab.finish(spec).exit_code == 0
    assert settle(spec.directory).state == "finished"


def test_recovery_between_making_the_directory_and_locking_it(lab: Lab, tmp_path: Path) -> None:
    """The supervisor is held up right after it has made the directory, and recovery comes by."""
    spec = counting(lab, tmp_path / "ran")
    slow = (
        "import sys, os, time; sys.path.append(sys.argv[1]); import console.supervisor.permit as permit\n"
        "make = os.mkdir\n"
        "def slowly(path, mode):\n"
        "    make(path, mode); open(sys.argv[2], 'w').close()\n"
        "    while os.path.exists(sys.argv[2]): time.sleep(0.005)\n"
        "os.mkdir = slowly\n"
        "from console.supervisor.supervise import main; sys.exit(main())\n"
    )
    gate = tmp_path / "gate"
    supervisor = subprocess.Popen(
        [PYTHON, "-I", "-S", "-X", "utf8", "-c", slow, str(MAIN.parent.parent.parent), str(gate)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    lab.spool.mkdir()
    supervisor.stdin.write(spec.encoded())
    supervisor.stdin.close()
    until(gate.exists, "the supervisor to have made the directory")
    assert look(spec.directory).state == "never_started"
    assert settle(spec.directory).state == "never_started"
    gate.unlink()
    assert supervisor.wait(20) == layout.EXIT_ALREADY
    assert supervisor.stdout is not None
    assert supervisor.stdout.read() == b"already\n"
    supervisor.stdout.close()
    assert not (tmp_path / "ran").exists()


def test_looking_holds_nobody_up(lab: Lab, tmp_path: Path) -> None:
    """Somebody looks all the time while attempts start; each of them starts nevertheless."""
    specs = [counting(lab, tmp_path / "ran") for _ in range(8)]
    done = threading.Event()

    def keep_looking() -> list[Standing]:
        seen = []
        while not done.is_set():
            seen += [look(spec.directory) for spec in specs]
        return seen

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(keep_looking)
        try:
            assert [spawn_blocking(spec) for spec in specs] == ["started"] * 8
            for spec in specs:
                lab.finish(spec)
        finally:
            done.set()
        assert {one.state for one in looking.result()} <= {"never_started", "running", "finished"}
    assert (tmp_path / "ran").read_text() == "ran\n" * 8


def test_recovery_and_supervisors_at_once_agree(lab: Lab, tmp_path: Path) -> None:
    """However the race ends: what recovery calls never started has not run and will not."""
    for round_ in range(12):
        ran = tmp_path / f"ran-{round_}"
        spec = counting(lab, ran)
        with ThreadPoolExecutor(2) as pool:
            started = pool.submit(spawn_blocking, spec)
            time.sleep(0.002 * round_)  # a different moment in each round, not a wait for anything
            settled = settle(spec.directory)
            verdict = started.result()
        if settled.state == "never_started":
            assert verdict == "already"
            assert not ran.exists()
        else:
            assert verdict == "started"
            lab.finish(spec)
            assert ran.read_text() == "ran\n"


def test_a_truncated_spec_starts_nothing_and_takes_no_permit(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    lab.spool.mkdir()
    late = late_supervisor(spec)
    answer, _ = late.communicate(spec.encoded()[:-30], timeout=20)
    assert late.returncode == layout.EXIT_REFUSED
    assert answer.startswith(b"error the spec cannot be used")
    assert not Path(spec.directory).exists()
    assert spawn_blocking(spec) == "started"


@pytest.mark.parametrize(
    "change",
    [b'"version": 1|"version": 2', b'"argv": [|"argv": 7, "x": [', b'"grace_ms"|"grace"', b'"SIGINT"|"SIGNONSENSE"'],
)
def test_a_spec_that_is_not_one_starts_nothing(lab: Lab, tmp_path: Path, change: bytes) -> None:
    spec = counting(lab, tmp_path / "ran")
    old, new = change.split(b"|")
    late = late_supervisor(spec)
    assert old in spec.encoded()
    answer, _ = late.communicate(spec.encoded().replace(old, new), timeout=20)
    assert late.returncode == layout.EXIT_REFUSED
    assert answer.startswith(b"error the spec cannot be used")
    assert not Path(spec.directory).exists()


def test_the_program_does_not_hold_the_lock(lab: Lab) -> None:
    spec = lab.start(sh="setsid sleep 60 & exit 0")
    ended = lab.finish(spec)
    (left,) = ended.leftovers
    supervisor = lab.supervisor(spec).supervisor.pid
    until(lambda: not alive(supervisor), "the supervisor's end")
    assert alive(left.pid)
    with (Path(spec.directory) / layout.LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_lock_is_held_for_the_supervisors_whole_life(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    with (Path(spec.directory) / layout.LOCK).open("rb") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    supervisor = lab.supervisor(spec).supervisor.pid
    os.kill(supervisor, signal.SIGSTOP)
    assert look(spec.directory).state == "running"
    os.kill(supervisor, signal.SIGCONT)


def test_a_directory_with_a_very_long_path_can_still_be_controlled(lab: Lab) -> None:
    directory = lab.spool / ("long-" * 30) / ("longer-" * 20) / "attempt"
    spec = lab.start(sh="sleep 60", directory=str(directory))
    assert lab.ask(spec, "status")["attempt"] == spec.attempt
    lab.ask(spec, "kill")
    assert lab.finish(spec).ending == "cancelled"
