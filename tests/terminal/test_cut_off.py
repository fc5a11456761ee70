"""Closing the terminal, or killing the server, in the middle of terraform apply and of a play: nothing is cut off."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.conftest import Place

pytestmark = [pytest.mark.terminal, pytest.mark.real_tools, pytest.mark.timeout(300)]
RUNBOOK = Path(__file__).parent / "slow" / "slow.yaml"


def _running(step: str, purpose: str = "apply") -> Any:
    def satisfied(run: Any) -> bool:
        attempts = next(one for one in run["steps"] if one["id"] == step)["attempts"]
        return any(one["purpose"] == purpose and one["state"] == "running" for one in attempts)

    return satisfied


def _started(place: Place, tmp_path: Path) -> Path:
    directory = tmp_path / "made"
    screen = place.screen()
    screen.line(f"console run {RUNBOOK} -p directory={directory}")
    place_run = _wait_for_run(place)
    assert place_run["runbook"] == "slow"
    return directory


def _wait_for_run(place: Place) -> Any:
    place.screens[-1].wait("/lay +RUN/")
    return place.show()


def _check_whole(place: Place, directory: Path) -> None:
    """The run ended well, each effect happened once, and no line of the output is missing or doubled."""
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "succeeded", run
    assert (directory / "log").read_text().split() == ["laid", "played"]
    numbers = re.findall(r"line (\d+)$", place.output("lay"), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 31)]
    for step in run["steps"]:
        applies = [one for one in step["attempts"] if one["purpose"] == "apply"]
        assert [one["exit_code"] for one in applies] == [0], step
    assert place.json("verify")["ok"]


@pytest.mark.parametrize("step", ["lay", "play"])
def test_closing_the_terminal_cuts_nothing_off(place: Place, tmp_path: Path, step: str) -> None:
    directory = _started(place, tmp_path)
    place.until(_running(step))
    place.screens[-1].close()
    _check_whole(place, directory)


@pytest.mark.parametrize("step", ["lay", "play"])
def test_killing_the_client_cuts_nothing_off(place: Place, tmp_path: Path, step: str) -> None:
    directory = _started(place, tmp_path)
    place.until(_running(step))
    client = _child_of(place.screens[-1].pane_pid())
    os.kill(client, signal.SIGKILL)
    _check_whole(place, directory)


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1, children
    return int(children[0])


@pytest.mark.parametrize("step", ["lay", "play"])
def test_killing_the_server_cuts_nothing_off(place: Place, tmp_path: Path, step: str) -> None:
    directory = _started(place, tmp_path)
    place.until(_running(step))
    os.kill(place.server_pid(), signal.SIGKILL)
    _check_whole(place, directory)


def test_a_dead_supervisor_leaves_a_doubt_that_a_person_answers(place: Place, tmp_path: Path) -> None:
    directory = _started(place, tmp_path)
    place.until(_running("lay"))
    for supervisor in _supervisors(place.home):
        os.kill(supervisor, signal.SIGKILL)
    run = place.until(lambda run: run["state"] == "in_doubt")
    (asked,) = run["waiting"]
    assert asked["kind"] == "in_doubt"
    assert set(asked["answers"]) == {"look_again", "done", "not_done", "partly"}
    assert place.run("answer", "1", "lay", "look_again").returncode == 0
    run = place.until(lambda run: run["waiting"] and run["waiting"][0]["since"] != asked["since"])
    assert run["steps"][0]["state"] == "in_doubt"
    assert not (directory / "log").exists()
    assert place.run("answer", "1", "lay", "not_done").returncode == 0
    run = place.until(lambda run: run["waiting"] and run["waiting"][0]["kind"] == "failed")
    assert "retry" in run["waiting"][0]["answers"]


def _supervisors(home: Path) -> list[int]:
    records = [json.loads(file.read_text()) for file in home.glob("spool/*/*/supervisor.json")]
    return [one["supervisor"]["pid"] for one in records if Path(f"/proc/{one['supervisor']['pid']}").exists()]
