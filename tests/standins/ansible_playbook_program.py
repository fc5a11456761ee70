"""A quick ansible-playbook: playbooks written as JSON, with the tasks `copy` and `file`, on this host.

It says what happens the way ansible-runner's own callback does (a partial event in a file, a marker in the output),
and really writes and removes the files. Run under `python -I -S`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

from tests.standins.effects import Effects

_REFERENCE = re.compile(r"\{\{ *(\w+) *\}\}")
_LITERAL = re.compile(r'^"?(\w+)"?: (?:!unsafe )?(".*"|\S+)$', re.MULTILINE)
HOST = "localhost"
Json = dict[str, Any]


def main(argv: list[str], effects: Effects) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: os._exit(250))
    options = [word.partition("=")[::2] for word in argv if word.startswith("-")]
    book = Path(next(word for word in argv if not word.startswith("-")))
    named = next((value for name, value in options if name == "--extra-vars"), "")
    variables = _variables(Path(named.lstrip("@"))) if named else {}
    play = _Play(effects, variables, checking="--check" in argv)
    _tell("playbook_on_start", {"playbook": book.name})
    for one in json.loads(book.read_bytes()):
        play.run(one)
    return play.recap()


def _variables(file: Path) -> dict[str, str]:
    found = _LITERAL.findall(file.read_text())
    return {name: str(json.loads(value)) if value.startswith('"') else value for name, value in found}


class _Play:
    """Runs tasks in order; the first that fails ends it."""

    def __init__(self, effects: Effects, variables: dict[str, str], checking: bool) -> None:
        self._effects = effects
        self._variables = variables
        self._checking = checking
        self._count = {"ok": 0, "changed": 0, "failures": 0}

    def run(self, play: Json) -> None:
        _tell("playbook_on_play_start", {"play": play["name"], "name": play["name"]}, f"\nPLAY [{play['name']}] ***")
        for task in play["tasks"]:
            about = {"play": play["name"], "task": task["name"]}
            _tell("playbook_on_task_start", about, f"\nTASK [{task['name']}] ***")
            _tell("runner_on_start", about | {"host": HOST})
            try:
                changed = self._task(task)
            except OSError as error:
                self._count["failures"] += 1
                result = {"msg": str(error), "changed": False}
                _tell("runner_on_failed", about | {"host": HOST, "res": result}, f"fatal: [{HOST}]: FAILED!")
                return
            self._count["ok"] += 1
            self._count["changed"] += changed
            word = "changed" if changed else "ok"
            _tell("runner_on_ok", about | {"host": HOST, "res": {"changed": changed}}, f"{word}: [{HOST}]")

    def recap(self) -> int:
        """Say the statistics; the exit code."""
        stats = {name: {HOST: count} if count else {} for name, count in self._count.items()}
        rest: Json = {name: {} for name in ("dark", "skipped", "ignored", "rescued", "artifact_data")}
        _tell("playbook_on_stats", stats | rest | {"processed": {HOST: 1}}, "\nPLAY RECAP ***")
        return 2 if self._count["failures"] else 0

    def _task(self, task: Json) -> bool:
        if copy := task.get("ansible.builtin.copy"):
            return self._change("copy", Path(self._fill(copy["dest"])), self._fill(copy["content"]))
        gone = task["ansible.builtin.file"]
        return self._change("remove", Path(self._fill(gone["path"])), None)

    def _change(self, action: str, path: Path, text: str | None) -> bool:
        if (path.read_text() if path.exists() else None) == text:
            return False
        if self._checking:
            return True
        self._effects.begin(action, path.name)
        self._effects.wait_at_gate(path.name)
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        self._effects.end(action, path.name)
        return True

    def _fill(self, text: str) -> str:
        return _REFERENCE.sub(lambda match: self._variables[match[1]], text)


def _tell(event: str, data: Json, text: str = "") -> None:
    """One event: its data to a file where ansible-runner looks for it, the place of its text to the output."""
    name = str(uuid.uuid4())
    folder = Path(os.environ["AWX_ISOLATED_DATA_DIR"]) / "job_events"
    folder.mkdir(mode=0o700, exist_ok=True)
    draft = folder / f"{name}.tmp"
    draft.write_text(json.dumps({"event": event, "uuid": name, "pid": os.getpid(), "event_data": data}))
    draft.rename(folder / f"{name}-partial.json")
    sys.stdout.write(_marker({"uuid": name}) + (f"{text}\r\n" if text else "") + _marker({}))
    sys.stdout.flush()


def _marker(data: Json) -> str:
    text = base64.b64encode(json.dumps(data).encode()).decode()
    pieces = [text[start : start + 78] for start in range(0, len(text), 78)]
    return "\x1b[K" + "".join(f"{piece}\x1b[{len(piece)}D" for piece in pieces) + "\x1b[K"
