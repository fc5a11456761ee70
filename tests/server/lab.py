"""A console home with a real server, and clients that wait for what they are told instead of sleeping."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from console import protocol as p
from console.client.connection import Client
from console.config import Home, socket_path
from console.engine.words import RUN_ENDS, Answer
from console.errors import ConsoleError, ServerUnreachable
from console.journal import Report, verify
from console.server.records import claims

PATIENCE = 30.0
View = p.RunView


class Lab:
    """One home. `environ` is what its servers are started from; it never comes from the test's own environment."""

    def __init__(self, root: Path, runtime: Path, environ: dict[str, str] | None = None) -> None:
        self.root = root
        self.home = Home(Path(os.path.realpath(root)))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(root.parent),
            "XDG_RUNTIME_DIR": str(runtime),
            "CONSOLE_HOME": str(root),
            **(environ or {}),
        }
        self.restarts = True  # whether a client that lost its server goes on with the next one
        self._clients: list[Client] = []

    # --- the server and its clients --------------------------------------------------------------------------------

    def client(self, name: str = "ana", start: bool = True) -> Client:
        """A client acting under a name; it starts a server when none runs."""
        client = Client(self.home, as_name=name, environ=self.environ, start=start and self.restarts)
        self._clients.append(client)
        return client

    @property
    def socket(self) -> Path:
        return socket_path(self.home, self.environ)

    def server_pid(self) -> int | None:
        """The process that holds the home's lock, if one does."""
        try:
            pid = int(json.loads(self.home.server_lock.read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return None
        return pid if alive(pid) else None

    def kill_server(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if (pid := self.server_pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until(lambda: not alive(pid), saying=f"server {pid} is gone")

    def stop_server(self) -> None:
        """As `console server stop`, and wait until it is gone."""
        if (pid := self.server_pid()) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            until(lambda: not alive(pid), saying=f"server {pid} is gone")

    def log(self) -> str:
        """What the servers of this home have logged."""
        try:
            return self.home.server_log.read_text()
        except FileNotFoundError:
            return "(no log)"

    def close(self) -> None:
        """End the server, and whatever the home's attempts left running."""
        for client in self._clients:
            client.close()
        self.kill_server()
        for _ in range(50):
            left = self.processes()
            if not left:
                return
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def processes(self, text: str | None = None) -> list[int]:
        """Live processes that name this home in their arguments or environment (or this text in their arguments)."""
        found = []
        wanted = (text or str(self.home.root)).encode()
        for directory in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                said = (directory / "cmdline").read_bytes()
                if text is None:
                    said += (directory / "environ").read_bytes()
                if wanted in said and int(directory.name) != os.getpid() and alive(int(directory.name)):
                    found.append(int(directory.name))
        return found

    # --- runbooks and runs -----------------------------------------------------------------------------------------

    def runbook(self, name: str, *steps: dict[str, Any], **top: Any) -> str:
        """Write a runbook (as JSON, which is YAML); returns its path."""
        folder = self.root.parent / "runbooks"
        folder.mkdir(mode=0o700, exist_ok=True)
        document = {
            "runbook": name,
            "title": name,
            "owner": "platform-team",
            "contact": "#platform",
            **top,
            "steps": list(steps),
        }
        path = folder / f"{name}.yaml"
        path.write_text(json.dumps(document))
        return str(path)

    def start(self, client: Client, runbook: str, command: str | None = None, **parameters: Any) -> int:
        """Start a run; its number."""
        ask = p.StartRun(runbook=runbook, parameters=parameters, command=command or fresh())
        return client.ask(ask).id

    def answer(self, client: Client, run: int, step: str, answer: Answer | str, **more: Any) -> p.Done:
        """Answer what a step asks."""
        command = more.pop("command", None) or fresh()
        return client.ask(p.AnswerStep(run=run, step=step, answer=Answer(answer), command=command, **more))

    def do(self, client: Client, run: int, verb: str, **more: Any) -> p.Done:
        """Do something to a run."""
        return client.ask(p.DoRun(run=run, verb=verb, command=more.pop("command", None) or fresh(), **more))

    def wait(
        self, client: Client, run: int, condition: Callable[[View], object], seconds: float = PATIENCE, saying: str = ""
    ) -> View:
        """The run once the condition holds, woken by the server's pushes; a server that died is started again."""
        end = time.monotonic() + seconds
        view: View | None = None
        while True:
            try:
                client.watch(run)
                view = client.ask(p.ShowRun(run=run))
                while not condition(view):
                    left = end - time.monotonic()
                    assert left > 0, (
                        f"{saying or 'what was waited for'} did not come:\n{told(view)}\n{self.log()[-4000:]}"
                    )
                    if client.next_push(min(left, 5.0)) is not None:
                        view = client.ask(p.ShowRun(run=run))
                return view
            except ServerUnreachable:
                client.close()
                if not self.restarts:
                    raise
                assert time.monotonic() < end, f"no server any more:\n{self.log()[-4000:]}"

    def wait_end(self, client: Client, run: int, seconds: float = PATIENCE) -> View:
        return self.wait(client, run, lambda view: view.state in RUN_ENDS, seconds, "the end of the run")

    def wait_task(
        self, client: Client, run: int, step: str, kind: str = "", seconds: float = PATIENCE
    ) -> p.WaitingView:
        """What a step asks, once it asks."""
        view = self.wait(client, run, lambda view: task_of(view, step, kind), seconds, f"a question of {step}")
        found = task_of(view, step, kind)
        assert found is not None
        return found

    def wait_state(self, client: Client, run: int, step: str, *states: str, seconds: float = PATIENCE) -> p.StepView:
        """A step once it is in one of these states."""
        view = self.wait(
            client,
            run,
            lambda view: step_of(view, step).state in states,
            seconds,
            f"{step} to be {' or '.join(states)}",
        )
        return step_of(view, step)

    def output(self, client: Client, run: int, step: str, **more: Any) -> str:
        """The lines of a step's output, joined."""
        found = client.ask(p.ReadOutput(run=run, step=step, count=5_000, **more))
        return "\n".join(line.text for line in found.lines)

    def events(self, client: Client, run: int) -> list[dict[str, Any]]:
        """Every event of a run, as the journal holds them."""
        found: list[dict[str, Any]] = []
        while True:
            page = client.ask(p.ReadEvents(run=run, since=len(found), limit=1_000))
            found += [msgspec.json.decode(body) for body, _ in page.events]
            if not page.more:
                return found

    def verify(self) -> Report:
        """What `console verify` says of the home."""
        return verify(self.home.root, claims)

    def check_whole(self) -> None:
        """The chains hold, and so does everything that hangs on them."""
        report = self.verify()
        assert report.ok, "\n".join(str(problem) for problem in report.problems)


def shell(name: str, text: str, **more: Any) -> dict[str, Any]:
    """A step of kind shell."""
    return {"id": name, "shell": text, "rollback": "nothing", **more}


def step_of(view: View, step: str) -> p.StepView:
    return next(one for one in view.steps if one.path == step)


def task_of(view: View, step: str, kind: str = "") -> p.WaitingView | None:
    return next((one for one in view.waiting if one.step == step and kind in ("", one.kind)), None)


def told(view: View) -> str:
    """A run in a few lines, for a failing test."""
    lines = [f"run {view.id} {view.state}, seq {view.seq}"]
    for step in view.steps:
        tries = ", ".join(f"{one.purpose} {one.state} {one.exit_code} {one.summary}" for one in step.attempts)
        lines.append(f"  {step.path}: {step.state} {step.summary!r} [{tries}]")
    return "\n".join([*lines, *(f"  waiting: {one.step} {one.kind} {one.question}" for one in view.waiting)])


def refused(call: Callable[[], object]) -> ConsoleError:
    """The error that a call must raise."""
    try:
        got = call()
    except ConsoleError as error:
        return error
    raise AssertionError(f"it was not refused: {got}")


def until(condition: Callable[[], object], seconds: float = PATIENCE, saying: str = "it") -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {saying}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def fresh() -> str:
    """An id for a command."""
    return uuid.uuid4().hex
