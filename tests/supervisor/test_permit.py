"""Starting once: the directory is the permit, and whoever comes second starts nothing."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from console.supervise import AttemptSpec, Standing, look, settle, spawn_blocking
from console.supervisor import layout
from tests.supervise.lab import Lab, alive, bare_supervisor, until

pytestmark = pytest.mark.crash


def counting(lab: Lab, ran: Path) -> AttemptSpec:
    """An attempt that leaves a mark each time its program runs."""
    return lab.spec(sh=f"echo ran >> {ran}")


class HeldUp:
    """A supervisor that waits between making the attempt's directory and locking it."""

    def __init__(self, spec: AttemptSpec, gate: Path) -> None:
        self._gate = gate
        Path(spec.directory).parent.mkdir(parents=True, exist_ok=True)
        self.process = bare_supervisor(
            "make = os.mkdir",
            "def slowly(path, mode):",
            f"    make(path, mode); open({str(gate)!r}, 'w').close()",
            f"    while os.path.exists({str(gate)!r}): time.sleep(0.002)",
            "os.mkdir = slowly",
        )
        assert self.process.stdin is not None
        self.process.stdin.write(spec.encoded())
        self.process.stdin.flush()
        self.process.stdin.close()
        self.process.stdin = None
        until(gate.exists, "the supervisor to have made the directory")

    def goes_on(self) -> None:
        self._gate.unlink()

    def says(self) -> bytes:
        return self.process.communicate(timeout=20)[0]


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
    late = bare_supervisor()
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
    supervisor = HeldUp(spec, tmp_path / "gate")
    assert look(spec.directory).state == "never_started"
    assert settle(spec.directory).state == "never_started"
    supervisor.goes_on()
    assert supervisor.says() == b"already\n"
    assert supervisor.process.returncode == layout.EXIT_ALREADY
    assert not (tmp_path / "ran").exists()


def test_somebody_who_only_looks_is_waited_for(lab: Lab, tmp_path: Path) -> None:
    spec = counting(lab, tmp_path / "ran")
    supervisor = HeldUp(spec, tmp_path / "gate")
    with (Path(spec.directory) / layout.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        supervisor.goes_on()
        time.sleep(0.1)  # so that it finds the lock taken
    assert supervisor.says() == b"started\n"
    assert lab.finish(spec).exit_code == 0


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
    late = bare_supervisor()
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
    late = bare_supervisor()
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
