"""The main job in the console's screens, by keyboard alone at 80x24: once approved, once rejected."""

from __future__ import annotations

import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.terminal.conftest import Place
from tests.terminal.screen import Screen

pytestmark = [pytest.mark.terminal, pytest.mark.real_tools, pytest.mark.timeout(300)]


def _asks(step: str) -> Callable[[Any], bool]:
    return lambda run: any(one["step"] == step for one in run["waiting"])


def _left(home: Path) -> list[str]:
    environments = home / "environments"
    return sorted(path.name for path in environments.rglob("*") if path.is_file()) if environments.exists() else []


def _start(place: Place) -> tuple[Screen, str]:
    """From nothing to the approval that waits: the form, what will run, the start, and the review."""
    screen = place.screen()
    screen.line("console open provision-environment")
    name = _fill_name(screen)
    screen.wait("complete")
    screen.press_until("Enter", "[S] start")
    screen.press("S")
    screen.wait("y start")
    _confirm(screen, "NEEDS YOU")
    screen.wait("wants approval", 90)
    screen.press("a")
    screen.wait("Reject")
    return screen, name


def _fill_name(screen: Screen) -> str:
    """Type a name of its own into the first field, once the field is there and has the cursor."""
    screen.wait("Name of the environment;")
    name = f"k{uuid.uuid4().hex[:10]}"
    screen.type(name)
    screen.wait(f"name            {name}")
    return name


def _type_target(screen: Screen, name: str) -> None:
    """Type what a dangerous action asks for, and see it in the field before going on."""
    screen.wait(f"Type {name}")
    screen.type(name)
    screen.wait(lambda shown: any(line.strip() == name for line in shown.splitlines()), 10)


def _confirm(screen: Screen, shown_after: str) -> None:
    """Press y until it counts: keys in the first moments of a question are ignored on purpose."""

    def answered(shown: str) -> bool:
        if "Sure?" in shown:
            screen.press("y")
            return False
        return True

    screen.wait(answered, 20)


def test_approved_and_done(place: Place) -> None:
    screen, name = _start(place)
    assert "terraform_data" in screen.text()
    screen.press("A")
    screen.wait("y approve")
    _confirm(screen, "RUN")
    screen.wait("is to be done by hand", 90)
    url = place.show()["steps"][0]["outputs"]["url"]
    with urllib.request.urlopen(f"{url}healthz", timeout=5) as answer:
        assert answer.status == 200
    screen.press("a")
    screen.wait("0 of 2 ticked")
    screen.press("Space")
    screen.wait("1 of 2 ticked")
    screen.press("Space")
    screen.wait("2 of 2 ticked")
    screen.press_until("Tab", "-- Checklist")
    screen.type("1.0.0")
    screen.wait("+ version")
    screen.press_until("Enter", "y done")
    _confirm(screen, "OK")
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "succeeded"
    assert run["steps"][4]["answers"] == {"version": "1.0.0"}
    screen.wait("every step is done")
    screen.press("x")
    screen.wait("Roll back all")
    screen.press_until("Down", "Undo everything that started, newest first.", every=0.2)
    screen.press("Enter")
    _type_target(screen, name)
    screen.press("Enter")
    for step in ("configure", "network"):
        place.until(_asks(step), 90)
        assert place.run("answer", "1", step, "undo").returncode == 0
    screen.wait("/rolled back|UNDO/", 60)
    assert place.until(lambda run: run["ended_at"] is not None)["state"] == "rolled_back"
    assert _left(place.home) == []
    screen.press("q")
    screen.wait("/[$#] *$/")


def test_rejected_is_undone_without_asking(place: Place) -> None:
    screen, _name = _start(place)
    assert _left(place.home) != []
    assert "without asking" in screen.text()
    screen.press("X")
    screen.wait("y reject")
    _confirm(screen, "UNDOING")
    run = place.until(lambda run: run["ended_at"] is not None)
    assert run["state"] == "rolled_back"
    assert _left(place.home) == []


def test_leaving_the_console_leaves_the_run(place: Place) -> None:
    screen, _name = _start(place)
    screen.press("Escape")
    screen.wait("== Steps")
    screen.press("q")
    screen.wait("/[$#] *$/")
    assert place.show()["state"] == "waiting"
    other = place.screen()
    other.line("console")
    other.wait("Needs you")
    other.press("Enter")
    other.wait("wants approval")
    assert place.run("answer", "1", "security-review", "reject").returncode == 0
    other.wait("/rolled back|UNDO/", 60)
    place.until(lambda run: run["ended_at"] is not None)
    assert _left(place.home) == []
