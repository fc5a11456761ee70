"""A quick terraform: the built-in resource `terraform_data` from `*.tf.json`, with terraform's own words and files.

It knows init, plan, show, apply, output and state pull as far as a driver can see them: the JSON stream, the saved
plan that becomes stale, the state with its lineage and serial, the lock, SIGINT. Run under `python -I -S`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.standins.effects import Effects

VERSION = "1.11.4"
_REFERENCE = re.compile(r"\$\{var\.(\w+)\}")
_DOING = {
    "create": ("Creating...", "Creation complete after 0s"),
    "update": ("Modifying...", "Modifications complete after 0s"),
    "delete": ("Destroying...", "Destruction complete after 0s"),
}
Json = dict[str, Any]


class Failed(Exception):
    """Ends the command with exit code 1 and a diagnostic: its title, its detail."""


def main(argv: list[str], effects: Effects) -> int:
    words = [word for word in argv if not word.startswith("-")]
    options = dict(word.lstrip("-").partition("=")[::2] for word in argv if word.startswith("-"))
    targets = [word.partition("=")[2] for word in argv if word.startswith("-target=")]
    command = " ".join(words[:2]) if words[:1] == ["state"] else words[0]
    try:
        return _COMMANDS[command](words, options, targets, effects)
    except Failed as failed:
        title, detail = failed.args
        if "json" in options and command in ("plan", "apply"):
            _diagnostic(title, detail)
        else:
            sys.stderr.write(f"Error: {title}\n\n{detail}\n")
        return 1


def _init(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    data = _data()
    data.mkdir(mode=0o700, exist_ok=True)
    (data / "initialised").touch()
    sys.stdout.write("Terraform has been successfully initialized!\n")
    return 0


def _plan(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    _say_version()
    if not (_data() / "initialised").exists():
        raise Failed("Backend initialization required", 'run "terraform init"')
    variables = json.loads(Path(options["var-file"]).read_bytes()) if "var-file" in options else {}
    config = _Config(variables)
    with _locked("plan"):
        state = _read_state()
    wanted = {} if "destroy" in options else config.resources
    changes = [one for one in _changes(state, wanted) if not targets or one["address"] in targets]
    outputs = {} if "destroy" in options else config.outputs
    plan = {
        "lineage": state["lineage"],
        "serial": state["serial"],
        "changes": changes,
        "outputs": outputs,
        "output_changes": _output_changes(state, outputs),
        "made": str(uuid.uuid4()),
    }
    for change in changes:
        _say(f"{change['address']}: Plan to {change['action']}", "planned_change", change=_subject(change))
    _summary("plan", changes)
    said = {name: {"sensitive": False, "action": word} for name, word in plan["output_changes"].items()}
    _say(f"Outputs: {len(said)}", "outputs", outputs=said)
    Path(options["out"]).write_text(json.dumps(plan))
    return 0


def _show(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    plan = _read_plan(words[1])
    changes = [
        {
            "address": one["address"],
            "mode": "managed",
            "type": "terraform_data",
            "name": one["address"].partition(".")[2],
            "change": {"actions": [one["action"]], "before": one["before"], "after": one["after"], "after_unknown": {}},
        }
        for one in plan["changes"]
    ]
    outputs = {
        name: {"actions": ["no-op" if word == "noop" else word]} for name, word in plan["output_changes"].items()
    }
    document = {
        "format_version": "1.2",
        "terraform_version": VERSION,
        "resource_changes": changes,
        "output_changes": outputs,
    }
    sys.stdout.write(json.dumps(document))
    return 0


def _apply(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: asked.append(number))
    _say_version()
    plan = _read_plan(words[1])
    with _locked("apply"):
        state = _read_state()
        if (state["lineage"], state["serial"]) != (plan["lineage"], plan["serial"]):
            raise Failed(
                "Saved plan is stale",
                "The given plan file can no longer be applied because the state was changed by another operation after"
                " the plan was created.",
            )
        state["lineage"] = state["lineage"] or str(uuid.uuid4())
        for change in plan["changes"]:
            _say(f"{change['address']}: Plan to {change['action']}", "planned_change", change=_subject(change))
        for change in plan["changes"]:
            if asked:
                raise Failed("execution halted", "interrupted")
            _apply_one(change, state, effects, asked)
        outputs = {name: {"value": value, "type": "string"} for name, value in plan["outputs"].items()}
        if outputs != state["outputs"]:
            state["outputs"] = outputs
            _write_state(state)
    _summary("apply", plan["changes"])
    said = {name: {"sensitive": False, **output} for name, output in outputs.items()}
    _say(f"Outputs: {len(said)}", "outputs", outputs=said)
    return 0


def _apply_one(change: Json, state: Json, effects: Effects, asked: list[int]) -> None:
    address, action = change["address"], change["action"]
    doing, done = _DOING[action]
    _say(f"{address}: {doing}", "apply_start", hook=_subject(change))
    effects.begin(action, address)
    effects.wait_at_gate(address, lambda: bool(asked))
    if asked:
        _say(f"{address}: {action} errored after 0s", "apply_errored", level="error", hook=_subject(change))
        raise Failed("execution halted", f"{address} was interrupted")
    effects.end(action, address)
    left = [one for one in state["resources"] if _address(one) != address]
    if action != "delete":
        left.append(_resource(address, change["after"]))
    state["resources"] = sorted(left, key=_address)
    _write_state(state)
    _say(f"{address}: {done}", "apply_complete", hook=_subject(change) | {"elapsed_seconds": 0})


def _output(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    found = {name: {"sensitive": False, **value} for name, value in _read_state()["outputs"].items()}
    sys.stdout.write(json.dumps(found, indent=2))
    return 0


def _pull(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    sys.stdout.write(json.dumps(_read_state(), indent=2))
    return 0


def _version(words: list[str], options: Json, targets: list[str], effects: Effects) -> int:
    sys.stdout.write(json.dumps({"terraform_version": VERSION, "platform": "linux_amd64"}))
    return 0


_COMMANDS = {
    "init": _init,
    "plan": _plan,
    "show": _show,
    "apply": _apply,
    "output": _output,
    "state pull": _pull,
    "version": _version,
}


class _Config:
    """The resources and outputs of every `*.tf.json` here, with the variables put in."""

    def __init__(self, variables: Json) -> None:
        self._variables = variables
        self.resources: dict[str, Json] = {}
        self.outputs: Json = {}
        for file in sorted(Path().glob("*.tf.json")):
            document = json.loads(file.read_bytes())
            for name, body in document.get("resource", {}).get("terraform_data", {}).items():
                self.resources[f"terraform_data.{name}"] = {"input": self._fill(body.get("input"))}
            for name, body in document.get("output", {}).items():
                self.outputs[name] = self._fill(body["value"])

    def _fill(self, value: Any) -> Any:
        return _REFERENCE.sub(lambda match: str(self._variables[match[1]]), value) if isinstance(value, str) else value


def _changes(state: Json, wanted: dict[str, Json]) -> list[Json]:
    there = {_address(one): _attributes(one) for one in state["resources"]}
    changes = []
    for address in sorted({*there, *wanted}):
        before, after = there.get(address), wanted.get(address)
        action = "create" if before is None else "delete" if after is None else "update"
        if before is None or after is None or before["input"] != after["input"]:
            changes.append({"address": address, "action": action, "before": before, "after": after})
    return changes


def _output_changes(state: Json, wanted: Json) -> dict[str, str]:
    there = {name: output["value"] for name, output in state["outputs"].items()}
    words = {}
    for name in sorted({*there, *wanted}):
        word = "delete" if name not in wanted else "create" if name not in there else "update"
        words[name] = "noop" if there.get(name) == wanted.get(name) else word
    return words


def _address(resource: Json) -> str:
    return f"{resource['type']}.{resource['name']}"


def _attributes(resource: Json) -> Json:
    return {"input": resource["instances"][0]["attributes"]["input"]["value"]}


def _resource(address: str, after: Json) -> Json:
    kind, _, name = address.partition(".")
    value = {"value": after["input"], "type": "string"}
    attributes = {"id": str(uuid.uuid4()), "input": value, "output": value, "triggers_replace": None}
    return {
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def _data() -> Path:
    return Path(os.environ.get("TF_DATA_DIR", ".terraform"))


def _state_file() -> Path:
    for file in Path().glob("*_override.tf.json"):
        backend = json.loads(file.read_bytes()).get("terraform", {}).get("backend", {}).get("local", {})
        if "path" in backend:
            return Path(backend["path"])
    return Path("terraform.tfstate")


def _read_state() -> Json:
    try:
        found: Json = json.loads(_state_file().read_bytes())
    except FileNotFoundError:
        return {"version": 4, "terraform_version": VERSION, "serial": 0, "lineage": "", "outputs": {}, "resources": []}
    return found


def _write_state(state: Json) -> None:
    state["serial"] += 1
    draft = _state_file().with_suffix(".draft")
    draft.write_text(json.dumps(state, indent=2))
    draft.replace(_state_file())


@contextmanager
def _locked(operation: str) -> Iterator[None]:
    lock = _state_file().with_name(".terraform.tfstate.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("Error acquiring the state lock", f"Operation: {operation}\nWho: somebody") from None
        yield
    finally:
        os.close(handle)


def _read_plan(name: str) -> Json:
    try:
        found: Json = json.loads(Path(name).read_bytes())
    except (OSError, ValueError):
        raise Failed(f'Failed to load "{name}" as a plan file', "it is none") from None
    return found


def _subject(change: Json) -> Json:
    kind, _, name = change["address"].partition(".")
    resource = {
        "addr": change["address"],
        "module": "",
        "resource": change["address"],
        "implied_provider": "terraform",
        "resource_type": kind,
        "resource_name": name,
        "resource_key": None,
    }
    return {"resource": resource, "action": change["action"]}


def _summary(operation: str, changes: list[Json]) -> None:
    count = {word: sum(one["action"] == word for one in changes) for word in _DOING}
    said = {"add": count["create"], "change": count["update"], "import": 0, "remove": count["delete"]}
    words = (("add", "added"), ("change", "changed"), ("remove", "destroyed"))
    text = ", ".join(f"{said[word]} {past}" for word, past in words)
    if operation == "plan":
        text = f"{said['add']} to add, {said['change']} to change, {said['remove']} to destroy"
    text = f"Apply complete! Resources: {text}." if operation == "apply" else f"Plan: {text}."
    _say(text, "change_summary", changes=said | {"operation": operation})


def _diagnostic(title: str, detail: str) -> None:
    diagnostic = {"severity": "error", "summary": title, "detail": detail}
    _say(f"Error: {title}", "diagnostic", level="error", diagnostic=diagnostic)


def _say_version() -> None:
    _say(f"Terraform {VERSION}", "version", terraform=VERSION, ui="1.2")


def _say(message: str, kind: str, level: str = "info", **more: Any) -> None:
    event = {
        "@level": level,
        "@message": message,
        "@module": "terraform.ui",
        "@timestamp": datetime.now(UTC).isoformat(),
        **more,
        "type": kind,
    }
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()
