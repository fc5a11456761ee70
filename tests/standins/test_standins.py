"""The stand-ins say and do what the real tools do, as far as our drivers look: both get the same questions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.engine.words import Outcome, Purpose
from tests.plugins.conftest import lay_out
from tests.plugins.harness import Bench, Ran, load_kind
from tests.standins.install import StandIns

CONFIGURATION = {
    "variable": {"name": {"type": "string"}},
    "resource": {"terraform_data": {"directory": {"input": "${var.name}"}, "port": {"input": "18080"}}},
    "output": {"port": {"value": "18080"}, "name": {"value": "${var.name}"}},
}
WRITE = {"name": "Write it", "ansible.builtin.copy": {"dest": "{{ place }}/app.conf", "content": "{{ word }}"}}
REMOVE = {"name": "Remove it", "ansible.builtin.file": {"path": "{{ place }}/app.conf", "state": "absent"}}
BAD = {"name": "Cannot", "ansible.builtin.copy": {"dest": "/nowhere/at/all", "content": "x"}}


def playbook(*tasks: dict[str, Any]) -> str:
    return json.dumps([{"name": "Configure", "hosts": "all", "gather_facts": False, "tasks": tasks}])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bool], Bench]:
    """A bench for a plugin, with the real tool or with its stand-in."""
    standins = StandIns(tmp_path / "bin")

    def make(plugin: str, real: bool) -> Bench:
        if plugin == "terraform" and real and not shutil.which("terraform"):
            pytest.skip("terraform is not on the PATH")
        root = tmp_path / ("real" if real else "standin")
        lay_out(
            root / "files",
            {
                "environment/main.tf.json": json.dumps(CONFIGURATION),
                "play/site.yml": playbook(WRITE),
                "play/unsite.yml": playbook(REMOVE),
                "play/bad.yml": playbook(WRITE, BAD),
            },
        )
        for name, path in (
            ("CONSOLE_TERRAFORM", standins.terraform),
            ("CONSOLE_ANSIBLE_PLAYBOOK", standins.ansible_playbook),
        ):
            monkeypatch.delenv(name, raising=False)
            if not real:
                monkeypatch.setenv(name, str(path))
        return Bench(load_kind(plugin, "kind", plugin.capitalize()), root, root / "files")

    return make


def told(ran: Ran) -> dict[str, Any]:
    """What the console takes from an attempt, without what differs from one time to the next."""
    reading = ran.reading
    preview = reading.preview
    return {
        "outcome": reading.outcome,
        "summary": reading.summary,
        "outputs": reading.outputs,
        "changes": sorted((one.action, one.target) for one in reading.changes),  # the real one works in parallel
        "finding": reading.finding,
        "preview": preview and (preview.summary, preview.effect, preview.added, preview.changed, preview.destroyed),
        "exit": ran.ended.exit_code,
    }


@pytest.mark.real_tools
def test_terraform_is_told_alike(bench: Callable[[str, bool], Bench]) -> None:
    stories = []
    for real in (True, False):
        found = []
        one = bench("terraform", real)
        for name in ("first", "first", "second"):
            body = {"directory": "environment", "variables": {"name": name}}
            ready = one.prepare(body)
            undo = one.prepare_undo("previous", body, ready)
            shown = one.preview(ready)
            found += [shown, one.ask(Purpose.APPLY, ready, preview=shown.preview.digest)]
            found.append(one.ask(Purpose.DISCOVER, ready))
            found.append(one.ask(Purpose.APPLY, ready, preview=shown.preview.digest))
            if name == "second":
                found += one.rollback(undo)
        stories.append([told(ran) for ran in found])
    for step, (real_one, ours) in enumerate(zip(*stories, strict=True)):
        assert real_one == ours, f"step {step}"


@pytest.mark.real_tools
def test_a_stale_plan_is_told_alike(bench: Callable[[str, bool], Bench]) -> None:
    stories = []
    for real in (True, False):
        one = bench("terraform", real)
        other = one.visit("visit-2")
        ready = [bench.prepare({"directory": "environment", "variables": {"name": "x"}}) for bench in (one, other)]
        shown = one.preview(ready[0])
        other.apply(ready[1])
        late = one.ask(Purpose.APPLY, ready[0], preview=shown.preview.digest)
        assert late.reading.outcome is Outcome.FAILED
        stories.append(told(late))
    assert stories[0] == stories[1]


@pytest.mark.real_tools
def test_ansible_is_told_alike(bench: Callable[[str, bool], Bench], tmp_path: Path) -> None:
    stories = []
    for real in (True, False):
        one = bench("ansible", real)
        place = tmp_path / f"place-{real}"
        place.mkdir()
        found = []
        for book in ("site", "site", "unsite", "bad"):
            word = "hostile: {{ 7 * 7 }} \"'$(x)"
            body = {"playbook": f"play/{book}.yml", "variables": {"place": str(place), "word": word}}
            ready = one.prepare(body)
            shown = one.preview(ready)
            found += [shown, one.ask(Purpose.APPLY, ready, preview=shown.preview.digest)]
            found.append(one.ask(Purpose.DISCOVER, ready))
            if book == "site":
                assert (place / "app.conf").read_text() == word
        stories.append([told(ran) for ran in found])
    for step, (real_one, ours) in enumerate(zip(*stories, strict=True)):
        if real_one["outcome"] is Outcome.FAILED or (real_one["preview"] and "cannot" in real_one["preview"][0]):
            # Why a task failed is said in each tool's own words.
            real_one, ours = ({**story, "summary": ""} for story in (real_one, ours))
        assert real_one == ours, f"step {step}"


def test_every_effect_is_logged_once_and_can_be_held(tmp_path: Path, bench: Callable[[str, bool], Bench]) -> None:
    one = bench("terraform", False)
    standins = StandIns(tmp_path / "bin")
    one.apply(one.prepare({"directory": "environment", "variables": {"name": "x"}}))
    assert standins.effects() == [
        "terraform create terraform_data.directory begin",
        "terraform create terraform_data.directory end",
        "terraform create terraform_data.port begin",
        "terraform create terraform_data.port end",
    ]
    assert standins.repeated() == {}
