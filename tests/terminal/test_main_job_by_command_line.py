"""The main job through a real terminal by the command line's prompts: once approved, once rejected."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.conftest import Place

pytestmark = [pytest.mark.terminal, pytest.mark.real_tools, pytest.mark.timeout(300)]


def _name() -> str:
    """A name of its own: the port that an environment reserves follows from its name."""
    return f"t{uuid.uuid4().hex[:10]}"


def _asks(step: str) -> Callable[[Any], bool]:
    return lambda run: any(one["step"] == step for one in run["waiting"])


def _left(home: Path) -> list[str]:
    environments = home / "environments"
    return sorted(path.name for path in environments.rglob("*") if path.is_file()) if environments.exists() else []


def test_approved(place: Place) -> None:
    screen = place.screen()
    screen.line(f"console run provision-environment -p name={_name()}")
    screen.wait("Answer 1-2", 90)
    screen.line("1")
    screen.wait("Approve? y/N")
    screen.line("y")
    screen.wait("/qa +ASK|qa: QA looks/", 90)
    run = place.show()
    url = run["steps"][0]["outputs"]["url"]
    with urllib.request.urlopen(f"{url}healthz", timeout=5) as answer:
        assert answer.status == 200
    screen.line("")
    done = place.run("answer", "1", "qa", "done", "--set", "version=1.0.0", "--note", "looks right")
    assert done.returncode == 0, done.stderr
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "succeeded"
    assert [step["state"] for step in run["steps"]] == ["succeeded"] * 6
    assert run["steps"][4]["answers"] == {"version": "1.0.0"}
    undone = place.run("do", "1", "rollback", "--reason", "the test is over")
    assert undone.returncode == 0, undone.stderr
    for step in ("configure", "network"):
        place.until(_asks(step))
        assert place.run("answer", "1", step, "undo").returncode == 0
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "rolled_back"
    assert _left(place.home) == []


def test_rejected_is_rolled_back(place: Place) -> None:
    screen = place.screen()
    screen.line(f"console run provision-environment -p name={_name()}")
    screen.wait("Answer 1-2", 90)
    assert _left(place.home) != []
    done = place.run("answer", "1", "security-review", "reject", "--note", "wrong network", "--as", "eve")
    assert done.returncode == 0, done.stderr
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "rolled_back"
    steps = {step["id"]: step for step in run["steps"]}
    assert steps["network"]["state"] == "rolled_back"
    assert steps["security-review"]["outcome"] == "rejected"
    assert steps["configure"]["state"] == "pending"
    assert _left(place.home) == []
    assert place.json("verify")["ok"]
