"""The shipped main job with the real terraform and ansible-playbook, its server killed at a sample of moments."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.client.connection import Client
from tests.crash.job import Place
from tests.server.lab import Lab, View, step_of, told, until

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.real_tools]
BOOK = "provision-environment"


@pytest.fixture
def place() -> Iterator[tuple[Path, Path]]:
    if not (shutil.which("terraform") or shutil.which("tofu")):
        pytest.skip("neither terraform nor tofu is on the PATH")
    with Place() as (root, runtime):
        yield root, runtime


def running(step: str, purpose: str) -> Callable[[View], bool]:
    """Whether a process of a step runs for a purpose."""
    return lambda view: any(one.purpose == purpose and one.state == "running" for one in step_of(view, step).attempts)


def through(lab: Lab, client: Client, run: int) -> View:
    """From the approval to the end, by people who answer at once."""
    lab.wait_task(client, run, "security-review", seconds=90)
    lab.answer(client, run, "security-review", "approve")
    lab.wait_task(client, run, "qa", seconds=90)
    lab.answer(client, run, "qa", "done", values={"version": "1.0.0"})
    return lab.wait_end(client, run)


def check(lab: Lab, client: Client, run: int, view: View) -> None:
    """It ended well, nothing ran twice, the service is up, and all of it can be proved."""
    assert view.state == "succeeded", told(view)
    for step, purposes in (("network", 2), ("configure", 2)):
        ran = [one for one in step_of(view, step).attempts if one.state != "never_started"]
        assert [one.exit_code for one in ran] == [0] * purposes, told(view)
        for one in ran:
            assert one.output_bytes > 0
            assert one.output_sha256
    with urllib.request.urlopen(f"{step_of(view, 'network').outputs['url']}healthz", timeout=5) as reply:
        assert reply.status == 200
    events = lab.events(client, run)
    assert [event["seq"] for event in events] == list(range(1, view.seq + 1))
    lab.check_whole()


@pytest.mark.parametrize(("step", "name"), [("network", "midapply"), ("configure", "midplay")])
def test_a_server_killed_while_a_tool_works_cuts_nothing_off(place: tuple[Path, Path], step: str, name: str) -> None:
    lab = Lab(*place_of(place))
    try:
        client = lab.client()
        run = lab.start(client, BOOK, name=name)
        if step == "configure":
            lab.wait_task(client, run, "security-review", seconds=90)
            lab.answer(client, run, "security-review", "approve")
        lab.wait(client, run, running(step, "apply"), 90, f"{step} to run")
        lab.kill_server()
        if step == "configure":
            lab.wait_task(client, run, "qa", seconds=90)
            lab.answer(client, run, "qa", "done", values={"version": "1.0.0"})
            view = lab.wait_end(client, run)
        else:
            view = through(lab, client, run)
        check(lab, client, run, view)
    finally:
        lab.close()


@pytest.mark.parametrize(("fault", "name"), [("before_spawn:2", "permitted"), ("before_seal:2", "unsealed")])
def test_a_server_killed_around_an_apply_starts_nothing_twice(place: tuple[Path, Path], fault: str, name: str) -> None:
    root, runtime = place_of(place)
    log = root.parent / "faults.log"
    lab = Lab(root, runtime, {"CONSOLE_FAULT_AT": fault, "CONSOLE_FAULT_LOG": str(log)})
    try:
        client = lab.client()
        run = lab.start(client, BOOK, name=name)
        view = through(lab, client, run)
        assert "killed" in log.read_text().split()
        check(lab, client, run, view)
    finally:
        lab.close()


def test_a_rejected_environment_is_gone_though_the_server_died_in_the_rollback(place: tuple[Path, Path]) -> None:
    lab = Lab(*place_of(place))
    try:
        client = lab.client()
        run = lab.start(client, BOOK, name="rejected")
        lab.wait_task(client, run, "security-review", seconds=90)
        environment = lab.home.root / "environments" / "rejected"
        assert environment.is_dir()
        lab.answer(client, run, "security-review", "reject")
        lab.wait(client, run, running("network", "rollback"), 90, "the rollback to run")
        lab.kill_server()
        view = lab.wait_end(client, run, 90)
        assert view.state == "rolled_back", told(view)
        until(lambda: not environment.exists(), saying="the environment is gone")
        lab.check_whole()
    finally:
        lab.close()


def place_of(place: tuple[Path, Path]) -> tuple[Path, Path]:
    """The home and the directory for its socket."""
    return place[0] / "home", place[1]
