"""Attempts that cannot be started: a known failure that a person may have tried again, and no storm of starts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from console import protocol as p
from tests.server.lab import Lab, shell, step_of, told, until

CHECKOUT = Path(__file__).resolve().parents[2]


def test_a_spool_that_cannot_be_written_fails_the_step_until_it_can(lab: Lab) -> None:
    ana = lab.client()
    ana.welcome  # noqa: B018  (it starts the server, which makes the directory)
    (lab.home.spool / "1").write_text("in the way")
    run = lab.start(ana, lab.runbook("t", shell("one", "echo there", effect="reads"), {"id": "m", "manual": "x"}))
    for tries in (1, 2):
        lab.wait_task(ana, run, "one", "failed")
        view = ana.ask(p.ShowRun(run=run))
        one = step_of(view, "one")
        assert (one.state, len(one.attempts)) == ("failed", tries), told(view)
        assert one.attempts[-1].state == "never_started"
        assert "not started" in one.summary
        if tries == 2:
            (lab.home.spool / "1").unlink()
        lab.answer(ana, run, "one", "retry")
    lab.wait_task(ana, run, "m")
    assert lab.output(ana, run, "one") == "there"
    lab.check_whole()


def test_no_room_for_the_spool_is_a_known_failure(lab: Lab, tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(mount)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        lab.root.mkdir(mode=0o700)
        lab.home.spool.symlink_to(mount)
        ballast = mount / "ballast"
        with ballast.open("wb") as file, pytest.raises(OSError, match="No space"):
            file.write(bytes(2_000_000))
        ana = lab.client()
        book = lab.runbook("t", shell("one", "echo there"), {"id": "m", "manual": "x"})
        run = lab.start(ana, book)
        lab.wait_task(ana, run, "one", "failed")
        one = step_of(ana.ask(p.ShowRun(run=run)), "one")
        assert one.attempts[-1].state == "never_started"
        assert "No space left" in one.summary
        lab.kill_server()
        ballast.unlink()
        lab.answer(ana, run, "one", "retry")
        lab.wait_task(ana, run, "m")
        assert lab.output(ana, run, "one") == "there"
    finally:
        lab.close()
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_supervisor_that_says_nothing_is_tried_a_few_times_and_then_a_person_is_asked(lab: Lab) -> None:
    """An installation that loses a file under the running server: no supervisor can confirm its start."""
    copy = lab.root.parent / "installed"
    for name in ("console", "plugins", "runbooks"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    environ = {**lab.environ, "PYTHONPATH": str(copy)}
    lab.root.mkdir(mode=0o700)
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "console", "server", "run"], env=environ, stderr=subprocess.DEVNULL
    )
    until(lab.socket.exists, saying="the server listens")
    ana = lab.client(start=False)
    book = lab.runbook("t", {"id": "m", "manual": "x"}, shell("one", "echo there"), {"id": "n", "manual": "x"})
    run = lab.start(ana, book)
    lab.wait_task(ana, run, "m")
    main = copy / "console" / "supervisor" / "main.py"
    main.rename(main.with_suffix(".gone"))
    lab.answer(ana, run, "m", "done")
    lab.wait_task(ana, run, "one", "failed")
    view = ana.ask(p.ShowRun(run=run))
    one = step_of(view, "one")
    assert [attempt.state for attempt in one.attempts] == ["never_started"] * 3, told(view)
    assert "never came into being" in one.summary
    main.with_suffix(".gone").rename(main)
    lab.answer(ana, run, "one", "retry")
    lab.wait_task(ana, run, "n")
    assert lab.output(ana, run, "one") == "there"
    lab.stop_server()
    assert server.wait(10) == 0
    lab.check_whole()


def test_a_program_that_does_not_exist_is_a_failure_of_the_step(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(
        ana, lab.runbook("t", {"id": "one", "shell": {"argv": ["/nowhere/program"]}, "rollback": "nothing"})
    )
    lab.wait_task(ana, run, "one", "failed")
    one = step_of(ana.ask(p.ShowRun(run=run)), "one")
    assert one.attempts[0].exit_code == 127, one.summary
