"""Asks a kind its questions as the console does, with a plain subprocess in the supervisor's place."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from console.engine.prepared import ProcessWork
from console.engine.reports import Preview
from console.engine.runbook import Step
from console.engine.words import Ending, Purpose
from console.steps.kind import Context, Exit, Kind, Place, Problem, Reading, Ready

ROOT = Path(__file__).resolve().parents[2]


def load_kind(plugin: str, module: str, name: str) -> Kind:
    """A kind of a plugin, its folder loaded as a package of another name, so that it shadows nothing."""
    package = ModuleType(f"loaded_for_tests_{plugin}")
    package.__path__ = [str(ROOT / "plugins" / plugin)]
    sys.modules.setdefault(package.__name__, package)
    kind: Kind = getattr(importlib.import_module(f"{package.__name__}.{module}"), name)()
    return kind


class Ran:
    """One ended attempt: its reading, what it printed, its exit, and where it was spooled."""

    def __init__(self, reading: Reading, text: str, ended: Exit, place: Place) -> None:
        self.reading = reading
        self.text = text
        self.ended = ended
        self.place = place

    @property
    def preview(self) -> Preview:
        assert self.reading.preview is not None, f"no preview: {self.reading.summary}\n{self.text}"
        return self.reading.preview

    def __repr__(self) -> str:
        return f"{self.reading}\n{self.text}"


class Bench:
    """One step of a run: its places on disk, and its attempts. Times are in seconds."""

    def __init__(self, kind: Kind, root: Path, files: Path, visit: str = "visit-1") -> None:
        self.kind = kind
        self.root = root
        self.place = Place(files=files, run=root / "run", work=root / visit, state=root / "state")
        for directory in (self.place.run, self.place.work, self.place.state, root / "spool", root / "home"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.env: dict[str, str] = {}

    def visit(self, name: str) -> Bench:
        """The same step in a later run: another working directory, the same state."""
        return Bench(self.kind, self.root, self.place.files, name)

    def body(self, raw: object) -> Any:
        """The body as the catalog makes it."""
        expanded = self.kind.expand(self.kind.keys[0], raw)
        return msgspec.convert(expanded, self.kind.body)

    def problems(self, raw: object) -> list[Problem]:
        body = self.body(raw)
        return list(self.kind.check(body, Step(id="it", kind=self.kind.name, body=raw)))

    def context(self) -> Context:
        step = Step(id="it", kind=self.kind.name)
        now = time.time_ns() // 1_000_000
        return Context(step=step, env=self.env, place=self.place, now=now, requester="ann", path="it")

    def prepare(self, raw: object) -> Ready:
        ready = self.kind.prepare(self.body(raw), self.context())
        assert isinstance(ready.work, ProcessWork)
        msgspec.json.encode(ready.spec)
        return ready

    def prepare_undo(self, raw: object, forward_raw: object, forward: Ready) -> Ready:
        expanded = self.kind.expand_undo(raw, self.kind.expand(self.kind.keys[0], forward_raw))
        return self.kind.prepare_undo(msgspec.convert(expanded, self.kind.body), forward, self.context())

    def ask(
        self,
        purpose: Purpose,
        ready: Ready,
        stop_when: Callable[[str], bool] | None = None,
        number: int | None = None,
        preview: str | None = None,
    ) -> Ran:
        """Run one attempt to its end. When what it printed satisfies `stop_when`, send the signal `number`
        (by default the kind's own first one, as a cancel)."""
        spool = self.root / "spool"
        attempt = spool / str(len(list(spool.iterdir())) + 1)
        attempt.mkdir(mode=0o700)
        place = Place(
            files=self.place.files, run=self.place.run, work=self.place.work, state=self.place.state,
            attempt=attempt, preview=preview,
        )  # fmt: skip
        command = self.kind.command(purpose, ready.spec, place)
        assert command is not None, f"{self.kind.name} has no question {purpose}"
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            **self.env,
            **command.env,
        }
        process = subprocess.Popen(
            command.argv, cwd=command.cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write((command.stdin or "").encode())
        process.stdin.close()
        reader = Reader(process)
        cancelled = False
        if stop_when:
            reader.wait_for(stop_when)
            cancelled = number is None
            process.send_signal(getattr(signal, command.signals[0]) if number is None else number)
        code = process.wait(timeout=60)
        text = reader.rest()
        ended = Exit(
            ending=Ending.CANCELLED if cancelled else Ending.EXITED,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            tail=text.encode()[-65536:],
        )
        return Ran(self.kind.read(purpose, ready.spec, ended, place), text, ended, place)

    def preview(self, ready: Ready, purpose: Purpose = Purpose.PREVIEW) -> Ran:
        return self.ask(purpose, ready)

    def apply(self, ready: Ready) -> Ran:
        """Preview, then apply exactly that."""
        shown = self.ask(Purpose.PREVIEW, ready)
        return self.ask(Purpose.APPLY, ready, preview=shown.preview.digest)

    def rollback(self, undo: Ready) -> tuple[Ran, Ran]:
        shown = self.ask(Purpose.ROLLBACK_PREVIEW, undo)
        return shown, self.ask(Purpose.ROLLBACK, undo, preview=shown.preview.digest)


class Reader:
    """What a process prints, read while it runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._data = bytearray()
        self._grown = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := os.read(self._process.stdout.fileno(), 65536):
            with self._grown:
                self._data += data
                self._grown.notify_all()
        with self._grown:
            self._ended = True
            self._grown.notify_all()

    def text(self) -> str:
        return self._data.decode("utf-8", "replace")

    def wait_for(self, condition: Callable[[str], bool], seconds: float = 60) -> None:
        with self._grown:
            found = self._grown.wait_for(lambda: condition(self.text()) or self._ended, seconds)
            assert found, f"did not happen in {seconds} s; so far:\n{self.text()}"
            assert condition(self.text()), f"ended before it happened:\n{self.text()}"

    def rest(self) -> str:
        self._thread.join(5)
        if self._process.stdout and not self._thread.is_alive():
            self._process.stdout.close()
        return self.text()


def running(word: str) -> list[str]:
    """Command lines of the processes on this host that hold a word, this one's own aside."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if word in line and int(directory.name) != os.getpid():
            found.append(f"{directory.name}: {line}")
    return found


def eventually(condition: Callable[[], object], seconds: float = 10, saying: str = "") -> None:
    """Wait until it holds; fails with what was seen last."""
    end = time.monotonic() + seconds
    while not (seen := condition()):
        assert time.monotonic() < end, f"{saying or 'it did not happen'} within {seconds} s: {seen!r}"
        time.sleep(0.02)
