"""Starting a supervisor: what the caller is told, and that its death changes nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from console.supervise import CouldNotStart, StartUnclear, look, settle, spawn, spawn_blocking
from tests.supervise.lab import PYTHON, Lab, alive, needs_root, sha256, until

pytestmark = pytest.mark.crash

ROOT = Path(__file__).parents[2]


def test_it_returns_while_the_program_still_runs(lab: Lab) -> None:
    spec = lab.spec(sh="sleep 60")
    assert asyncio.run(spawn(spec)) == "started"
    standing = look(spec.directory)
    assert standing.state == "running"
    assert standing.supervisor is not None
    assert b"sleep" in Path(f"/proc/{standing.supervisor.child.pid}/cmdline").read_bytes()


def test_the_event_loop_goes_on_meanwhile(lab: Lab) -> None:
    async def start_and_count() -> tuple[list[str], float]:
        worst, last = 0.0, time.monotonic()

        async def tick() -> None:
            nonlocal worst, last
            while True:
                await asyncio.sleep(0.001)
                now = time.monotonic()
                worst, last = max(worst, now - last), now

        ticking = asyncio.create_task(tick())
        verdicts = await asyncio.gather(*(spawn(lab.spec("true")) for _ in range(6)))
        ticking.cancel()
        return [*verdicts], worst

    verdicts, worst = asyncio.run(start_and_count())
    assert verdicts == ["started"] * 6
    assert worst < 0.5, f"the loop was held up for {worst:.3f} s"


def test_a_directory_that_cannot_be_made_is_a_known_failure(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CouldNotStart) as caught:
        spawn_blocking(lab.spec("true", directory=str(tmp_path / "file" / "attempt")))
    assert caught.value.mend
    assert caught.value.where


def test_a_supervisor_that_says_nothing_leaves_the_start_unclear(lab: Lab) -> None:
    spec = lab.spec("true")
    with pytest.raises(StartUnclear):
        spawn_blocking(spec, patience_seconds=0.0)
    # Whatever became of it, settling makes it certain.
    standing = settle(spec.directory)
    if standing.state == "never_started":
        assert spawn_blocking(spec) == "already"
    else:
        assert lab.finish(spec).exit_code == 0


def test_a_large_spec_arrives(lab: Lab) -> None:
    big = {f"NAME_{number}": "x" * 1000 for number in range(500)}
    ended, output = lab.run(sh='echo "${#NAME_499}"', env={"PATH": "/usr/bin:/bin", **big})
    assert (ended.exit_code, output) == (0, b"1000\n")


def test_no_zombies_are_left_behind(lab: Lab) -> None:
    spec = lab.start("true")
    lab.finish(spec)
    supervisor = lab.supervisor(spec).supervisor
    until(lambda: Path(f"/proc/{supervisor.pid}/stat").read_text().split()[2] == "Z", "the end of the last one")
    lab.start("true")
    assert not Path(f"/proc/{supervisor.pid}").exists()


def start_in_another_process(lab: Lab, then: str, **given: object) -> tuple[str, subprocess.Popen[bytes]]:
    """A process of its own, as a server is one, that starts an attempt and then does something."""
    spec = lab.spec(**given)  # type: ignore[arg-type]
    fields = {name: getattr(spec, name) for name in spec.__struct_fields__}
    program = (
        f"import sys, json; sys.path.insert(0, {str(ROOT)!r})\n"
        "from console.supervise import AttemptSpec, spawn_blocking\n"
        f"spec = AttemptSpec(**json.loads({json.dumps(fields)!r}))\n{then}"
    )
    return spec.directory, subprocess.Popen([PYTHON, "-c", program], stdout=subprocess.PIPE, start_new_session=True)


def test_an_attempt_outlives_the_server_that_started_it_without_a_gap(lab: Lab) -> None:
    script = "for i in $(seq 1 40); do echo line $i; sleep 0.02; done; exit 42"
    directory, server = start_in_another_process(
        lab, "spawn_blocking(spec); print('up', flush=True); input()", sh=script
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"up\n"
    # The server and everything in its session and group, as a lost terminal takes them.
    os.killpg(server.pid, signal.SIGHUP)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    spec = lab.made[-1]
    assert look(directory).state == "running"
    ended = lab.finish(spec)
    output = lab.output(spec)
    assert ended.exit_code == 42
    assert output == b"".join(b"line %d\n" % number for number in range(1, 41))
    assert ended.output_sha256 == sha256(output)


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.01, 0.015, 0.02, 0.03])
def test_a_server_killed_while_it_starts_an_attempt_leaves_a_clear_case(
    lab: Lab, tmp_path: Path, moment: float
) -> None:
    ran = tmp_path / "ran"
    directory, server = start_in_another_process(
        lab, "print('now', flush=True); spawn_blocking(spec)", sh=f"echo >> {ran}"
    )
    assert server.stdout is not None
    server.stdout.readline()
    time.sleep(moment)  # the moment at which it is killed, not a wait for anything
    server.kill()
    server.wait()
    server.stdout.close()
    standing = settle(directory)
    if standing.state == "never_started":
        time.sleep(0.1)  # a late supervisor would have its chance
        assert not ran.exists()
    else:
        assert lab.finish(lab.made[-1]).exit_code == 0
        assert ran.read_text() == "\n"


@needs_root
def test_a_supervisor_has_no_terminal_and_no_descriptor_of_its_server(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60")
    supervisor = lab.supervisor(spec).supervisor.pid

    def held_now() -> list[str]:
        return [str(handle.readlink()) for handle in Path(f"/proc/{supervisor}/fd").iterdir()]

    until(lambda: held_now().count("/dev/null") == 3, "it to let go of what it was started with")
    held = held_now()
    inherited = [name for name in held if name.startswith("/") and not name.startswith((spec.directory, "/dev/"))]
    assert inherited == []
    assert os.getsid(supervisor) == supervisor
    assert alive(supervisor)
    assert sys.executable.encode() in Path(f"/proc/{supervisor}/cmdline").read_bytes()
    assert spec.attempt.encode() in Path(f"/proc/{supervisor}/cmdline").read_bytes()
