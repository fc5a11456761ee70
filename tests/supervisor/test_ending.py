"""How an attempt ends: by itself, by its timeout, by a cancel, or by somebody's SIGKILL."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from console.supervise.address import control_address
from tests.supervise.lab import PYTHON, Lab, alive, until

pytestmark = pytest.mark.crash


def test_the_exit_code_is_the_programs(lab: Lab) -> None:
    ended, _ = lab.run(sh="exit 42")
    assert (ended.exit_code, ended.signal, ended.ending) == (42, None, "exited")
    assert ended.leftovers == []
    assert ended.started_at <= ended.ended_at


def test_a_program_killed_by_a_signal_says_which(lab: Lab) -> None:
    ended, _ = lab.run(sh="kill -SEGV $$")
    assert (ended.exit_code, ended.signal, ended.ending) == (None, signal.SIGSEGV, "exited")


@pytest.mark.parametrize(
    ("argv", "code", "reason"),
    [
        (["no-such-program"], 127, "cannot start 'no-such-program': No such file or directory"),
        (["/etc/passwd"], 126, "cannot start '/etc/passwd': Permission denied"),
        (["bad\0name"], 126, "character that no program can be given"),
    ],
)
def test_a_program_that_cannot_be_executed_says_so(lab: Lab, argv: list[str], code: int, reason: str) -> None:
    ended, output = lab.run(*argv)
    assert (ended.exit_code, ended.signal, ended.ending) == (code, None, "exited")
    assert reason in (ended.error or "")
    assert reason.encode() in output


def test_a_working_directory_that_is_not_there_says_so(lab: Lab) -> None:
    ended, output = lab.run("true", cwd="/no/such/place")
    assert ended.exit_code == 126
    assert b"cannot start in the directory '/no/such/place': No such file or directory" in output


def test_the_timeout_is_kept_by_the_supervisor(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60", timeout_ms=200)
    ended = lab.finish(spec, 5)
    assert (ended.ending, ended.exit_code, ended.signal) == ("timed_out", None, signal.SIGINT)
    assert ended.stopped_by == ["SIGINT"]
    assert 200 <= ended.elapsed_ms < 3000


def test_a_program_in_time_is_left_alone(lab: Lab) -> None:
    ended, _ = lab.run(sh="sleep 0.2; exit 5", timeout_ms=60_000)
    assert (ended.ending, ended.exit_code) == ("exited", 5)


@pytest.mark.parametrize("pty", [False, True])
def test_a_polite_program_keeps_its_last_words_and_its_exit_code(lab: Lab, pty: bool) -> None:
    spec = lab.start(sh="trap 'echo saving; exit 9' INT; echo ready; while :; do sleep 0.05; done", pty=pty)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "cancel")
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code, ended.stopped_by) == ("cancelled", 9, ["SIGINT"])
    assert b"saving" in lab.output(spec)


def test_the_signals_come_in_the_given_order(lab: Lab) -> None:
    script = "trap 'echo usr' USR1; trap 'echo hup; exit 7' HUP; echo ready; while :; do sleep 0.02; done"
    spec = lab.start(sh=script, stop_signals=("SIGUSR1", "SIGHUP"), grace_ms=200)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "cancel")
    ended = lab.finish(spec)
    assert ended.stopped_by == ["SIGUSR1", "SIGHUP"]
    assert ended.exit_code == 7
    words = [line for line in lab.output(spec).splitlines() if line in {b"usr", b"hup"}]
    assert words == [b"usr", b"hup"]


STUBBORN = f"""
trap '' INT TERM
setsid {PYTHON} -c "
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
print('grandchild', __import__('os').getpid(), flush=True)
time.sleep(60)" &
echo ready $$
while :; do sleep 0.1; done
"""


def _numbers_after(output: bytes, word: bytes) -> list[int]:
    return [int(line.split()[1]) for line in output.splitlines() if line.startswith(word)]


@pytest.mark.parametrize("pty", [False, True])
def test_who_ignores_every_signal_is_killed_with_everything_below(lab: Lab, pty: bool) -> None:
    spec = lab.start(sh=STUBBORN, grace_ms=150, pty=pty)
    lab.wait_for_output(spec, b"ready")
    output = lab.wait_for_output(spec, b"grandchild")
    pids = _numbers_after(output, b"ready") + _numbers_after(output, b"grandchild")
    assert all(map(alive, pids))
    lab.ask(spec, "cancel")
    ended = lab.finish(spec)
    assert (ended.ending, ended.signal) == ("cancelled", signal.SIGKILL)
    assert ended.stopped_by == ["SIGINT", "SIGTERM", "SIGKILL"]
    assert not any(map(alive, pids))
    assert ended.leftovers == []


def test_what_a_polite_program_leaves_behind_is_swept_after_a_cancel(lab: Lab) -> None:
    script = "trap 'exit 0' INT; setsid sleep 60 & echo left $!; echo ready; while :; do sleep 0.05; done"
    spec = lab.start(sh=script)
    output = lab.wait_for_output(spec, b"ready")
    (left,) = _numbers_after(output, b"left")
    lab.ask(spec, "cancel")
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code) == ("cancelled", 0)
    assert not alive(left)
    assert ended.leftovers == []


def test_kill_wastes_no_time_on_politeness(lab: Lab) -> None:
    spec = lab.start(sh=STUBBORN, grace_ms=60_000)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "cancel")
    lab.ask(spec, "kill")
    ended = lab.finish(spec, 5)
    assert ended.stopped_by[-1] == "SIGKILL"


def test_a_stopped_program_is_continued_so_that_it_can_be_cancelled(lab: Lab) -> None:
    spec = lab.start(sh="trap 'exit 8' INT; echo ready; while :; do sleep 0.05; done", grace_ms=5000)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "signal", name="SIGSTOP")
    lab.ask(spec, "cancel")
    ended = lab.finish(spec, 4)
    assert (ended.exit_code, ended.stopped_by) == (8, ["SIGINT"])


def test_sigterm_to_the_supervisor_is_a_cancel_and_sighup_is_nothing(lab: Lab) -> None:
    spec = lab.start(sh="trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done")
    lab.wait_for_output(spec, b"ready")
    supervisor = lab.supervisor(spec).supervisor.pid
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
        os.kill(supervisor, number)
    assert lab.ask(spec, "status")["stopping"] is None
    os.kill(supervisor, signal.SIGTERM)
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code) == ("cancelled", 9)


@pytest.mark.parametrize("pty", [False, True])
def test_a_service_that_the_step_started_lives_on_and_is_listed(lab: Lab, pty: bool, tmp_path: Path) -> None:
    # In the same session and group, as `service &` in a script leaves it: nothing may hang up on it.
    script = f"sleep 60 < /dev/null > {tmp_path}/log 2>&1 & echo service $!; exit 0"
    spec = lab.start(sh=script, pty=pty)
    ended = lab.finish(spec)
    (service,) = _numbers_after(lab.output(spec), b"service")
    supervisor = lab.supervisor(spec).supervisor.pid
    until(lambda: not alive(supervisor), "the supervisor's end")
    assert [(one.pid, one.command) for one in ended.leftovers] == [(service, "sleep")]
    assert (ended.ending, ended.exit_code) == ("exited", 0)
    assert alive(service)
    assert ended.elapsed_ms < 5000


def test_a_leftover_with_a_hostile_name_is_listed_in_plain_text(lab: Lab) -> None:
    program = """
import os, time
renamed, tell = os.pipe()
if os.fork() == 0:
    open("/proc/self/comm", "w").write("\\x1b[31mred\\n")
    os.write(tell, b"x")
    time.sleep(60)
os.read(renamed, 1)
"""
    ended, _ = lab.run(python=program)
    assert [one.command for one in ended.leftovers] == ["?[31mred?"]


def test_a_cancel_that_comes_too_late_changes_nothing(lab: Lab) -> None:
    spec = lab.start(sh="setsid sleep 5 & exit 3", drain_ms=1000, terminal=False)
    until(lambda: lab.ask(spec, "status")["ended"], "the program's end")
    lab.ask(spec, "cancel")
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code, ended.stopped_by) == ("exited", 3, [])
    assert len(ended.leftovers) == 1


def test_a_program_that_ends_by_itself_while_it_is_cancelled_has_ended_by_itself(lab: Lab) -> None:
    spec = lab.start(sh="echo ready; read _ < /dev/tty; exit 3")
    lab.wait_for_output(spec, b"ready")
    record = lab.supervisor(spec)
    with socket.socket(socket.AF_UNIX) as connection, control_address(spec.directory) as address:
        connection.connect(address)
        assert connection.recv(9) == b'{"event":'
        # Both reach the supervisor at the same moment: it is stopped until both are there.
        os.kill(record.supervisor.pid, signal.SIGSTOP)
        connection.sendall(b'{"do": "cancel"}\n')
        os.kill(record.child.pid, signal.SIGKILL)
        until(lambda: not alive(record.child.pid), "the program's end")
        os.kill(record.supervisor.pid, signal.SIGCONT)
        ended = lab.finish(spec)
    assert (ended.ending, ended.signal, ended.stopped_by) == ("exited", signal.SIGKILL, [])


def test_when_the_supervisor_is_killed_the_program_is_told_by_sigterm(lab: Lab) -> None:
    place = Path(lab.spool.parent / "told")
    spec = lab.start(
        sh=f"trap 'echo told > {place}; exit' TERM; echo ready; while :; do sleep 0.05; done", terminal=False
    )
    lab.wait_for_output(spec, b"ready")
    child = lab.supervisor(spec).child.pid
    assert lab.kill_supervisor(spec).state == "lost"
    until(lambda: not alive(child), "the program's end")
    assert place.read_text() == "told\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_program_can_be_enabled_to_save_its_state_when_its_supervisor_is_killed(lab: Lab, terminal: bool) -> None:
    # Otherwise the loss of its terminal or of its pipes would kill it before it has saved anything.
    place = Path(lab.spool.parent / "saved")
    script = f"trap 'echo stopping; echo state > {place}; exit' TERM; echo ready; while :; do sleep 0.05; done"
    spec = lab.start(sh=script, terminal=terminal, hold_pipes=True, ignore_signals=("SIGHUP",))
    lab.wait_for_output(spec, b"ready")
    lab.kill_supervisor(spec)
    until(lambda: place.exists() and place.read_text() == "state\n", "the saved state")


def test_pipes_that_are_held_end_all_the_same(lab: Lab) -> None:
    ended, output = lab.run(sh="echo out; echo err >&2; exit 3", hold_pipes=True)
    assert (ended.exit_code, ended.leftovers) == (3, [])
    assert sorted(output.split()) == [b"err", b"out"]
    assert ended.elapsed_ms < 250, "it waited for the drain to pass instead of for the pipes to end"


def test_the_elapsed_time_is_the_programs(lab: Lab) -> None:
    began = time.monotonic()
    ended, _ = lab.run(sh="sleep 0.3")
    assert 300 <= ended.elapsed_ms <= (time.monotonic() - began) * 1000 + 1
