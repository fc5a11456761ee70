"""The runbook that provisions an environment, on its real parts: what it makes, and that nothing of it remains."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.engine.words import Effect, Outcome, Purpose
from tests.plugins.harness import ROOT, Ran, eventually, running
from tests.runbooks.rehearsal import Rehearsal

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
SERVICE = ROOT / "runbooks/provision-environment/service/files/service.py"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Rehearsal]:
    if not (shutil.which("terraform") or shutil.which("tofu")):
        pytest.skip("neither terraform nor tofu is on the PATH")
    name = f"t{uuid.uuid4().hex[:12]}"
    yield Rehearsal("provision-environment", tmp_path, {"name": name, "version": "2.7.1"})
    for program in tmp_path.rglob("service.py"):
        if (program.parent / "service.pid").exists():
            subprocess.run([sys.executable, str(program), "stop"], check=True)


def environments(run: Rehearsal) -> list[str]:
    """Whatever lies below the directory of all environments."""
    return sorted(str(path.relative_to(run.home)) for path in run.home.rglob("*"))


def page(run: Rehearsal, path: str = "") -> str:
    with urllib.request.urlopen(str(run.outputs["network"]["url"]) + path, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def healthy(run: Rehearsal) -> bool:
    """The step `healthy`, once: its own shell text."""
    step = run.step("healthy")
    env = {"PATH": "/usr/bin:/bin", **run.render(step["env"])}
    return subprocess.run(["sh", "-euc", step["shell"]], env=env, capture_output=True, check=False).returncode == 0


def play_again(run: Rehearsal) -> Ran:
    """The play of the step `configure`, without a preview."""
    bench, raw, _ = run.bench("configure")
    return bench.ask(Purpose.APPLY, bench.prepare(raw))


def test_a_rejected_network_leaves_nothing_behind(run: Rehearsal) -> None:
    bench, undo = run.forward("network")
    name = run.params["name"]
    assert f"environments/{name}/.environment" in environments(run)
    shown, done = bench.rollback(undo)
    assert shown.preview.effect is Effect.DESTROYS
    assert shown.preview.destroyed == 4
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert environments(run) == []


@pytest.mark.timeout(300)
def test_from_the_network_to_a_service_that_answers_and_back(run: Rehearsal) -> None:
    network, undo_network = run.forward("network")
    configure, undo_configure = run.forward("configure")
    eventually(lambda: healthy(run), saying="the service answers")
    assert "Version 2.7.1" in page(run)
    assert str(run.params["name"]) in page(run)
    service = json.loads((Path(str(run.outputs["network"]["directory"])) / "service.pid").read_text())["pid"]

    # A second look changes nothing, and the service is the same one.
    again = play_again(run)
    assert "0 changed" in again.reading.summary, again
    assert json.loads((Path(str(run.outputs["network"]["directory"])) / "service.pid").read_text())["pid"] == service

    # Another version is another service.
    run.params["version"] = "2.8.0"
    assert play_again(run).reading.outcome is Outcome.SUCCEEDED
    eventually(lambda: healthy(run), saying="the service answers")
    assert "Version 2.8.0" in page(run)
    assert len(running(str(run.home))) == 1

    # QA says no, and the operator rolls back, the latest step first.
    _, undone = configure.rollback(undo_configure)
    assert undone.reading.outcome is Outcome.SUCCEEDED, undone
    assert running(str(run.home)) == []
    with pytest.raises(urllib.error.URLError):
        page(run)
    _, undone = network.rollback(undo_network)
    assert undone.reading.outcome is Outcome.SUCCEEDED, undone
    assert environments(run) == []
    assert running(str(run.home)) == []


def test_the_check_says_what_it_cannot_predict(run: Rehearsal) -> None:
    run.forward("network")
    bench, raw, _ = run.bench("configure")
    shown = bench.preview(bench.prepare(raw))
    assert shown.preview.changed == 2, "the configuration and the program"
    assert shown.preview.unpredicted == ("Start the service, or restart it with what changed",)
    assert not (Path(str(run.outputs["network"]["directory"])) / "service.json").exists()


def test_a_port_of_another_environment_is_refused_and_kept(run: Rehearsal) -> None:
    bench, raw, undo_raw = run.bench("network")
    ready = bench.prepare(raw)
    undo = bench.prepare_undo(undo_raw, raw, ready)
    port = 20000 + int(hashlib.sha256(str(run.params["name"]).encode()).hexdigest()[:6], 16) % 10000
    reservation = run.home / "environments" / ".ports" / str(port)
    reservation.parent.mkdir(parents=True)
    reservation.write_text("somebody-else\n")

    refused = bench.apply(ready)
    assert refused.reading.outcome is Outcome.FAILED
    assert f"port {port} is reserved by the environment somebody-else" in refused.text
    bench.rollback(undo)
    assert environments(run) == ["environments", "environments/.ports", f"environments/.ports/{port}"]
    assert reservation.read_text() == "somebody-else\n"


def test_a_directory_that_somebody_else_made_is_left_alone(run: Rehearsal) -> None:
    bench, raw, undo_raw = run.bench("network")
    ready = bench.prepare(raw)
    undo = bench.prepare_undo(undo_raw, raw, ready)
    theirs = run.home / "environments" / str(run.params["name"]) / "precious.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("precious")
    refused = bench.apply(ready)
    assert refused.reading.outcome is Outcome.FAILED
    assert "did not make" in refused.text
    bench.rollback(undo)
    assert theirs.read_text() == "precious"


@pytest.mark.parametrize("resource", ["directory", "laid_out", "port", "reserved"])
def test_what_a_cut_left_is_cleaned_up(run: Rehearsal, resource: str) -> None:
    bench, raw, undo_raw = run.bench("network")
    ready = bench.prepare(raw)
    undo = bench.prepare_undo(undo_raw, raw, ready)
    digest = bench.preview(ready).preview.digest
    begun = f"terraform_data.{resource}: Creating"
    bench.ask(Purpose.APPLY, ready, preview=digest, stop_when=lambda text: begun in text)
    bench.rollback(undo)
    assert environments(run) == []


def test_two_environments_do_not_disturb_each_other(run: Rehearsal, tmp_path: Path) -> None:
    other = Rehearsal("provision-environment", tmp_path / "other", {"name": f"o{uuid.uuid4().hex[:10]}"})
    other.home = run.home
    run.forward("network")
    bench, undo = other.forward("network")
    before = environments(run)
    bench.rollback(undo)
    assert [name for name in before if name not in environments(run)] != []
    assert f"environments/{run.params['name']}/.environment" in environments(run)


def test_stopping_never_ends_a_stranger(tmp_path: Path) -> None:
    program = tmp_path / "service.py"
    shutil.copy(SERVICE, program)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "service.pid").write_text(json.dumps({"pid": stranger.pid, "born": 1, "digest": "x"}))
        stopped = subprocess.run([sys.executable, str(program), "stop"], capture_output=True, text=True, check=True)
        assert "did not run" in stopped.stdout
        assert stranger.poll() is None
        stranger.kill()


def test_a_port_in_use_is_told_where_the_service_is_started(tmp_path: Path) -> None:
    program = tmp_path / "service.py"
    shutil.copy(SERVICE, program)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = {"name": "x", "version": "1", "port": port, "workers": 1}
        (tmp_path / "service.json").write_text(json.dumps(config))
        failed = subprocess.run([sys.executable, str(program), "start"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert f"port {port} cannot be used" in failed.stderr
    assert not (tmp_path / "service.pid").exists()
