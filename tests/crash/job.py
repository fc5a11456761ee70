"""The main job with stand-in tools: laid out, driven to its end by clients that know nothing of crashes, and told."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from console import protocol as p
from console.client.connection import Client
from console.engine.reports import Value
from console.engine.words import RUN_ENDS, Answer
from console.errors import ServerUnreachable
from console.server.faults import KILLED
from tests.server.lab import Lab, View, told
from tests.standins.install import StandIns

CONFIGURATION = {
    "variable": {"name": {"type": "string"}},
    "resource": {"terraform_data": {"directory": {"input": "${var.name}"}, "port": {"input": "18080"}}},
    "output": {"port": {"value": "18080"}, "name": {"value": "${var.name}"}},
}
SITE = [
    {
        "name": "Configure",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "Write it", "ansible.builtin.copy": {"dest": "{{ place }}/app.conf", "content": "{{ port }}"}},
            {"name": "Say it", "ansible.builtin.copy": {"dest": "{{ place }}/motd", "content": "up"}},
        ],
    }
]
UNSITE = [
    {
        "name": "Unconfigure",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"name": "Remove it", "ansible.builtin.file": {"path": "{{ place }}/app.conf", "state": "absent"}},
            {"name": "Unsay it", "ansible.builtin.file": {"path": "{{ place }}/motd", "state": "absent"}},
        ],
    }
]
# The health check reads; that it did is a line of the log, so that a start that was too many would show.
HEALTHY = """
test "$(cat "$PLACE/app.conf")" = "$PORT" || exit 1
echo "answers on $PORT"
"""


def runbook(lab: Lab) -> str:
    """The main job: terraform, an approval, ansible, a health check, a look by a person, a note."""
    beside = lab.root.parent / "runbooks"
    for name, document in (
        ("network/main.tf.json", CONFIGURATION),
        ("service/site.yml", SITE),
        ("service/unsite.yml", UNSITE),
    ):
        path = beside / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    place = "{{ params.place }}"
    return lab.runbook(
        "job",
        {
            "id": "network",
            "terraform": {"directory": "./network", "variables": {"name": "{{ params.name }}"}},
            "rollback": {"terraform": "previous"},
            "outputs": {"port": {"type": "integer"}},
        },
        {
            "id": "review",
            "approval": {"ask": "Fine?", "evidence": ["network"], "from": ["security"], "within": "24h"},
            "then": {"rejected": {"rollback": "all", "unattended": True}},
        },
        {
            "id": "configure",
            "ansible": {
                "playbook": "service/site.yml",
                "variables": {"place": place, "port": "{{ steps.network.outputs.port }}"},
            },
            "rollback": {"ansible": {"playbook": "service/unsite.yml"}},
        },
        {
            "id": "healthy",
            "shell": HEALTHY,
            "env": {"PLACE": place, "PORT": "{{ steps.network.outputs.port }}"},
            "effect": "reads",
            "retry": {"attempts": 3, "wait": "100ms"},
        },
        {
            "id": "qa",
            "manual": {
                "instructions": "Look at it",
                "checklist": ["It is there"],
                "asks": {"version": {"type": "string"}},
                "from": ["qa"],
            },
            "then": {"failed": {"rollback": "all", "unattended": True}},
        },
        {"id": "tell", "notify": "{{ params.name }} is ready ({{ steps.qa.answers.version }})."},
        parameters={"name": {"type": "string"}, "place": {"type": "string"}},
        one_at_a_time="{{ params.name }}",
        deadline="4h",
    )


class Job:
    """One run of the main job in a home of its own. `answers`: what people say, step by step."""

    def __init__(self, root: Path, runtime: Path, answers: dict[str, str], **environ: str) -> None:
        self.standins = StandIns(root / "bin")
        tools = {
            "CONSOLE_TERRAFORM": str(self.standins.terraform),
            "CONSOLE_ANSIBLE_PLAYBOOK": str(self.standins.ansible_playbook),
        }
        self.fault_log = root / "faults.log"
        self.lab = Lab(root / "home", runtime, {**tools, "CONSOLE_FAULT_LOG": str(self.fault_log), **environ})
        self.place = root / "place"
        self.place.mkdir()
        self.answers = answers
        self.book = runbook(self.lab)

    def drive(self, client: Client, seconds: float = 60) -> View:
        """Start the run and answer what it asks, each with an id of its own, until it has ended.

        A client that loses its server asks the next one again, with the same id: it cannot know what counted.
        """
        parameters: dict[str, Any] = {"name": "blue", "place": str(self.place)}
        self.ask(client, p.StartRun(runbook=self.book, parameters=parameters, command="start"))
        while True:
            view = self.lab.wait(client, 1, lambda view: view.state in RUN_ENDS or view.waiting, seconds)
            if view.state in RUN_ENDS:
                return view
            for task in view.waiting:
                word = self.answers.get(task.step)
                assert word is not None, f"nobody expected {task.step} to ask:\n{told(view)}"
                values: dict[str, Value] = {"version": "1.0"} if word == "done" else {}
                note = "it is not" if word == "not_done" else None
                command = f"answer-{task.step}"
                ask = p.AnswerStep(
                    run=1, step=task.step, answer=Answer(word), values=values, note=note, command=command
                )
                self.ask(client, ask)

    def ask(self, client: Client, ask: p.Ask[p.Body]) -> p.Body:
        """Ask until a server lives long enough to answer; each may be killed, and there are only so many kills."""
        for _ in range(5):
            try:
                return client.ask(ask)
            except ServerUnreachable:
                client.close()
        return client.ask(ask)

    def points(self) -> list[str]:
        """The points that servers passed so far, as POINT:K, counted anew for each server."""
        found: list[str] = []
        passed: Counter[str] = Counter()
        for name in self.fault_log.read_text().split() if self.fault_log.exists() else ():
            if name == KILLED:
                passed.clear()
                continue
            passed[name] += 1
            found.append(f"{name}:{passed[name]}")
        return found

    def kills(self) -> int:
        """How many servers died so far."""
        return self.fault_log.read_text().split().count(KILLED) if self.fault_log.exists() else 0

    def story(self, client: Client, view: View) -> dict[str, Any]:
        """What must be the same however often the server died: how it ended, what was done, what people see."""
        return {
            "state": view.state,
            "steps": {
                step.path: {
                    "state": step.state,
                    "outcome": step.outcome,
                    "outputs": step.outputs,
                    "answers": step.answers,
                    "rollback": step.rollback,
                    "answered_by": step.answered_by,
                    "summary": step.summary,
                }
                for step in view.steps
            },
            "told": [one.message for one in client.ask(p.ReadNotices())],
            "effects": Counter(self.standins.effects()),
            "place": sorted(path.name for path in self.place.iterdir()),
        }

    def check(self, client: Client, view: View) -> None:
        """What must hold of any run: nothing lost, nothing twice, all of it provable."""
        self.lab.check_whole()
        events = self.lab.events(client, 1)
        assert [event["seq"] for event in events] == list(range(1, view.seq + 1))
        causes = {event["cause"] for event in events}
        asked = {"start", *(f"answer-{step}" for step in self.answers)}
        assert asked <= causes, f"not in the journal: {asked - causes}"
        assert self.standins.repeated() == {}, "the same effect happened twice"
        self._check_starts(events)
        self._check_outputs(client, view)
        assert self.lab.processes(text=str(self.lab.home.spool)) == []

    def _check_starts(self, events: list[dict[str, Any]]) -> None:
        """No two attempts of a step for the same purpose ever ran, unless the first never came into being."""
        ran: Counter[tuple[str, str]] = Counter()
        for event in events:
            data = event["data"]
            if event["type"] in ("attempt_ended", "attempt_in_doubt") and data["report"]["ending"] != "never_started":
                ran[data["path"], data["purpose"]] += 1
        assert not [one for one, times in ran.items() if times > 1], f"ran more than once: {ran}"

    def _check_outputs(self, client: Client, view: View) -> None:
        """Every attempt's output is in the home byte for byte as it was spooled, and its lines can be read."""
        for step in view.steps:
            for attempt in step.attempts:
                if attempt.output_sha256 is None:
                    continue
                folder = next(self.lab.home.spool.glob(f"1/{step.path}.v{attempt.visit}.a{attempt.number}"))
                record = msgspec.json.decode((folder / "exit.json").read_bytes())
                assert attempt.output_sha256 == record["output_sha256"]
                spooled = (folder / "out").read_bytes()
                assert attempt.output_bytes == len(spooled)
                read = self.lab.output(client, 1, step.path, visit=attempt.visit, attempt=attempt.number)
                assert read.split("\n") == spooled.decode().replace("\r\n", "\n").rstrip("\n").split("\n")

    def close(self) -> None:
        self.lab.close()


class Place:
    """A short directory for a home and one for its socket, both gone when left."""

    def __enter__(self) -> tuple[Path, Path]:
        self._root = Path(tempfile.mkdtemp(prefix="crash-"))
        (self._root / "run").mkdir(mode=0o700)
        return self._root, self._root / "run"

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
