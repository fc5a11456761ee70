"""The verbs on a real server with real steps, each as a process of its own."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from console.config import find_home
from tests.cli.process import Ended, console, lives, stop_server
from tools import protocol_schema

pytestmark = pytest.mark.slow

RUNBOOK = """\
runbook: release
title: Release something
owner: platform
contact: "#platform"
parameters:
  name: {type: string, pattern: "[a-z]+"}
  code: {type: integer, default: 0, min: 0, max: 9}
steps:
  - id: build
    title: Build it
    shell: |
      seq 1 300
      printf 'built=%s\\n' "$NAME" >> "$CONSOLE_OUTPUT"
      exit "$CODE"
    env: {NAME: "{{ params.name }}", CODE: "{{ params.code }}"}
    rollback: {shell: echo undone}
    outputs: {built: {type: string}}
  - id: review
    approval: {ask: "Release {{ params.name }}?", from: [security]}
  - id: qa
    manual: {instructions: Look at it., asks: {version: {type: string}}}
"""
SCHEMA = protocol_schema.schema()


@pytest.fixture
def home(console_home: Path) -> Iterator[Path]:
    """A home with a runbook of its own; its server is ended afterwards."""
    (console_home / "runbooks").mkdir()
    (console_home / "runbooks" / "release.yaml").write_text(RUNBOOK)
    yield console_home
    console_home.chmod(0o700)
    stop_server(find_home())


def promised(name: str, done: Ended) -> None:
    """Check what a verb printed against the published schema."""
    jsonschema.validate(done.json(), {**SCHEMA["verbs"][name], "$defs": SCHEMA["$defs"]})


def started(name: str = "demo", *more: str) -> int:
    done = console("run", "release", "-p", f"name={name}", *more, "--json")
    assert done.code == 6, done
    promised("run", done)
    return int(done.json()["id"])


def test_a_run_goes_its_way_by_verbs_alone(home: Path) -> None:
    number = started()
    waiting = console("runs", "--waiting", "--json")
    promised("runs", waiting)
    assert waiting.json()[0]["waiting"][0]["answers"] == ["approve", "reject"]

    approved = console("answer", str(number), "review", "approve", "--as", "ben", "--id", "once", "--json")
    again = console("answer", str(number), "review", "approve", "--as", "ben", "--id", "once", "--json")
    assert (approved.json()["repeated"], again.json()["repeated"]) == (False, True)
    promised("answer", again)

    assert console("answer", "last", "qa", "done", "--set", "version=1.2", "--note", "green").code == 0
    assert console("watch", "last").code == 0
    shown = console("show", "last", "--json")
    promised("show", shown)
    run = shown.json()
    steps = {step["id"]: step for step in run["steps"]}
    assert (run["state"], run["params"]) == ("succeeded", {"name": "demo", "code": 0})
    assert steps["build"]["outputs"] == {"built": "demo"}
    assert steps["review"]["answered_by"] == "ben"
    assert steps["qa"]["answers"] == {"version": "1.2"}
    assert console("verify").code == 0


def test_what_a_run_printed_is_read_back_whole_in_part_and_exported(home: Path, tmp_path: Path) -> None:
    started()
    whole = console("output", "last", "build")
    assert whole.out.split() == [str(number) for number in range(1, 301)]
    assert console("output", "last", "build", "--lines", "-2").out.split() == ["299", "300"]
    assert console("output", "last", "build", "--follow", "--lines=-1").out.split() == ["300"]
    found = console("output", "last", "build", "--json")
    promised("output", found)
    assert found.json()["complete"]

    report = tmp_path / "run.md"
    assert console("export", "last", "--format", "markdown", "-o", str(report)).code == 0
    assert "## What happened" in report.read_text()
    lines = console("export", "last", "--format", "jsonl").out.splitlines()
    assert '"type":"run_started"' in lines[1]


def test_a_run_that_fails_and_one_that_is_rolled_back_end_with_5(home: Path) -> None:
    failed = console("run", "release", "-p", "name=demo", "-p", "code=3")
    assert failed.code == 6, failed  # a failed step asks what to do
    assert "exit 3" in failed.out
    assert console("answer", "last", "build", "stop").code == 0
    assert console("watch", "last").code == 5

    started("other")
    assert console("do", "last", "rollback").code == 0
    done = console("show", "last", "--json").json()
    while task := next(iter(done["waiting"]), None):
        assert task["kind"] == "rollback", task
        assert console("answer", "last", task["step"], "undo").code == 0
        console("watch", "last")
        done = console("show", "last", "--json").json()
    assert done["state"] == "rolled_back"
    assert console("watch", "last").code == 5


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "99"], 4),
        (["answer", "99", "review", "approve"], 4),
        (["run", "nothing-of-that-name", "--detach"], 4),
        (["run", "release", "--detach"], 2),
        (["run", "release", "-p", "name=UPPER", "--detach"], 2),
        (["runbooks", "show", "nothing-of-that-name"], 4),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_with_its_code_and_a_mend(home: Path, arguments: list[str], code: int) -> None:
    done = console(*arguments)
    assert done.code == code, done
    assert done.err.startswith("console: ")


def test_what_is_refused_ends_with_3_and_says_why(home: Path) -> None:
    started()
    for arguments in (["answer", "last", "build", "retry"], ["answer", "last", "qa", "done"], ["do", "last", "resume"]):
        done = console(*arguments)
        assert done.code == 3, done
    step = console("answer", "last", "reviw", "approve")
    assert step.code == 4
    assert "review" in step.err


def test_a_broken_runbook_ends_with_8_and_every_problem(home: Path) -> None:
    broken = home / "runbooks" / "broken.yaml"
    broken.write_text("runbook: broken\ntitle: x\nsteps:\n  - id: a\n    shel: ls\n  - id: a\n    shell: ls {{ x }}\n")
    checked = console("check", str(broken), "--json")
    promised("check", checked)
    assert checked.code == 8
    assert len(checked.json()["problems"]) >= 3
    assert all(one["line"] for one in checked.json()["problems"] if one["severity"] == "error")
    assert console("check", str(home / "runbooks" / "release.yaml")).code == 0
    assert console("run", "broken", "--detach").code == 8
    assert "broken.yaml" in console("runbooks").out


def test_the_server_is_started_looked_at_and_stopped(home: Path) -> None:
    assert console("server", "status").code == 7
    begun = console("server", "start", "--json")
    promised("server start", begun)
    promised("server status", console("server", "status", "--json"))
    log = console("server", "log", "--json")
    promised("server log", log)
    assert log.json()["lines"]

    stopped = console("server", "stop", "--json")
    promised("server stop", stopped)
    assert stopped.json() == {"stopped": True, "pid": begun.json()["pid"]}
    assert not lives(begun.json()["pid"])
    assert console("server", "stop", "--json").json() == {"stopped": False, "pid": None}
    assert console("runs").code == 0


def test_a_second_server_on_one_home_is_one_clear_message(home: Path) -> None:
    console("server", "start")
    second = console("server", "run")
    assert second.code in (3, 9), second
    assert "Another server" in second.err


def test_kill_9_between_two_verbs_loses_nothing(home: Path) -> None:
    number = started()
    pid = console("server", "status", "--json").json()["pid"]
    os.kill(pid, signal.SIGKILL)
    done = console("show", str(number), "--json")

    assert done.json()["state"] == "waiting"
    assert console("answer", str(number), "review", "approve").code == 0


def test_verify_works_while_the_server_is_down_and_sees_what_was_altered(home: Path) -> None:
    started()
    console("server", "stop")
    good = console("verify", "--json")
    promised("verify", good)
    assert (good.code, good.json()["ok"]) == (0, True)
    assert console("server", "status").code == 7, "verify started a server"

    import sqlite3

    with sqlite3.connect(home / "journal.db") as journal:
        for (name,) in journal.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            journal.execute(f"DROP TRIGGER {name}")
        journal.execute("UPDATE event SET body = replace(body, 'demo', 'evil')")
    journal.close()
    bad = console("verify", "--json")
    assert (bad.code, bad.json()["ok"]) == (9, False)
    assert bad.json()["problems"]


def test_a_journal_that_is_damaged_is_told_by_the_verb_that_would_start_the_server(home: Path) -> None:
    (home / "journal.db").write_bytes(b"no journal" * 1_000)
    done = console("runs")
    assert done.code == 9, done
    assert "to mend" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_home_that_cannot_be_read_is_one_clear_error(home: Path) -> None:
    home.chmod(0)
    done = console("runs")
    assert done.code in (2, 3), done
    assert str(home) in done.err


def test_a_home_that_others_can_write_to_is_refused(home: Path) -> None:
    home.chmod(0o777)
    done = console("runs")
    assert done.code == 3, done
    assert f"chmod go-w {home}" in done.err


def test_doctor_says_what_is_there_and_never_fails(home: Path) -> None:
    done = console("doctor", "--json", PATH="/nonexistent")
    promised("doctor", done)
    found = {one["name"]: one for one in done.json()["findings"]}

    assert done.code == 0
    assert not found["tmux"]["found"]
    assert found["tmux"]["disables"]
    assert {
        "python",
        "console",
        "terraform",
        "ansible",
        "ssh",
        "curl",
        "git",
        "keyring",
        "home",
        "server",
        "journal",
    } <= set(found)
    assert "server.log" not in [entry.name for entry in home.iterdir()], "doctor started a server"


def test_homes_live_side_by_side(home: Path, tmp_path: Path) -> None:
    started()
    other = tmp_path / "other"
    assert console("runs", "--json", CONSOLE_HOME=str(other)).json() == []
    assert len(console("runs", "--json").json()) == 1
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    assert console("server", "stop", CONSOLE_HOME=str(other)).code == 0
