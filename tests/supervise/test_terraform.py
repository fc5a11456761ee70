"""The tool for which it matters most: terraform, when its supervisor is killed or it is cancelled."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from console.supervise import AttemptSpec, find_survivors
from tests.supervise.lab import ENVIRONMENT, Lab, until

pytestmark = [
    pytest.mark.real_tools,
    pytest.mark.crash,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed"),
]

CONFIGURATION = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "trap '' INT; echo working; sleep 2"
  }
}
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A root module whose apply takes a while in the middle of creating a resource."""
    place = tmp_path / "module"
    place.mkdir()
    (place / "main.tf").write_text(CONFIGURATION)
    return place


def apply(lab: Lab, module: Path, **given: Any) -> AttemptSpec:
    environment = {**ENVIRONMENT, "HOME": str(module), "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    argv = ["terraform", "apply", "-auto-approve", "-input=false", "-no-color"]
    spec = lab.start(*argv, cwd=str(module), env=environment, grace_ms=20_000, **given)
    lab.wait_for_output(spec, b"(local-exec): working", 60)
    return spec


def resources(module: Path) -> dict[str, str]:
    """The status of each resource in the state, "complete" where terraform says none."""
    state = module / "terraform.tfstate"
    if not state.exists():
        return {}
    listed = json.loads(state.read_text() or "{}").get("resources", [])
    return {one["name"]: one["instances"][0].get("status", "complete") for one in listed}


def test_a_half_made_resource_is_in_the_state_although_the_supervisor_was_killed(lab: Lab, module: Path) -> None:
    spec = apply(lab, module, hold_pipes=True, ignore_signals=("SIGHUP",))
    record = lab.supervisor(spec)
    assert lab.kill_supervisor(spec).state == "lost"
    until(lambda: not find_survivors(spec.attempt, record), "terraform and what it started to end")
    assert resources(module) == {"slow": "tainted"}


def test_a_cancel_lets_terraform_finish_its_books(lab: Lab, module: Path) -> None:
    spec = apply(lab, module)
    lab.ask(spec, "cancel")
    ended = lab.finish(spec, 30)
    assert (ended.ending, ended.exit_code, ended.stopped_by) == ("cancelled", 1, ["SIGINT"])
    assert ended.leftovers == []
    assert resources(module) == {"slow": "tainted"}
