"""The kind `terraform`: plan, show, apply exactly that plan, and a way back."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec

from console.engine.prepared import ProcessWork
from console.engine.runbook import Step
from console.engine.words import Purpose
from console.steps.driving import driver_command, read_driven
from console.steps.kind import CannotPrepare, CommandLine, Context, Exit, Kind, Place, Problem, Reading, Ready
from console.steps.trees import BadTree, digest_tree, refused_name, resolve_inside

from .state import IGNORED, Applied, read_applied

BINARY = "CONSOLE_TERRAFORM"
_FOLDER = Path(__file__).resolve().parent
_STATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STATE_MEND = "use letters, digits, dots, dashes and underscores"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
# Terraform saves its state and waits for what it started; cutting that short is what makes states lie.
_GRACE_MS = 120_000
_PROCESS = ProcessWork(previews=True, discovers=True)


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The configuration's directory beside the runbook, its variables, and where its state lives.

    `state` names one of several states of this step; without it there is one for each `one_at_a_time` key.
    `binary` is the program, by default `$CONSOLE_TERRAFORM`, else terraform, else tofu. `undo` stands in a rollback.
    """

    directory: str
    variables: dict[str, Any] = {}
    secret_variables: dict[str, str] = {}
    state: str | None = None
    binary: str | None = None
    undo: Literal["previous", "destroy-created"] | None = None


class Terraform(Kind):
    """Works in a private copy of the configuration; the local state is kept with the console's home."""

    name = "terraform"
    keys = ("terraform",)
    literal = frozenset({"directory", "binary", "undo", "secret_variables"})
    body = Body
    needs = ("terraform|tofu",)
    learns_effect = True

    def expand(self, key: str, raw: object) -> object:
        """`terraform: DIRECTORY` is short for a configuration without variables; the words of a rollback stay words."""
        if raw in ("previous", "destroy-created"):
            return {"undo": raw}
        return {"directory": raw} if isinstance(raw, str) else raw

    def expand_undo(self, raw: object, forward: object) -> object:
        """`previous` and `destroy-created` take all they need from the forward step."""
        own = self.expand("terraform", raw)
        if isinstance(own, dict) and isinstance(forward, dict):
            return {"undo": "previous", **forward, **own}
        return own

    def check(self, body: Body, step: Step) -> Iterable[Problem]:
        """Names that cannot be pinned, and what is not there yet."""
        reason = refused_name(body.directory)
        if reason:
            yield Problem(("directory",), reason, "name a directory beside the runbook, such as ./environment")
        if body.secret_variables:
            yield Problem(
                ("secret_variables",), "secrets cannot be delivered to terraform yet", "take them out of this step"
            )
        for name in body.variables:
            if not _VARIABLE.fullmatch(name):
                yield Problem(("variables", name), f"{name!r} is no name of a Terraform variable")
        if body.state is not None and "{{" not in body.state and not _STATE_NAME.fullmatch(body.state):
            yield Problem(("state",), f"{body.state!r} is no name of a state", _STATE_MEND)

    def files(self, body: Body) -> tuple[str, ...]:
        """The whole directory of the configuration."""
        return (body.directory,)

    def prepare(self, body: Body, context: Context) -> Ready:
        """Pin the configuration and the variables."""
        if body.undo:
            raise CannotPrepare(f"`terraform: {body.undo}` is a rollback: it has no meaning as a step of its own")
        spec = self._spec(body, context)
        return self._ready(spec, (f"terraform plan and apply {body.directory}", *_variable_lines(body.variables)))

    def prepare_undo(self, body: Body, forward: Ready, context: Context) -> Ready:
        """Pin what the rollback will return to: what was applied before this step starts."""
        form = body.undo or "previous"
        spec = self._spec(body, context)
        previous = read_applied(context.place.state / spec["state"])
        spec |= {
            "role": "undo",
            "form": form,
            "forward": str(context.place.work),
            "previous": msgspec.to_builtins(previous) if previous else None,
        }
        return self._ready(spec, (_undo_line(form, previous),))

    def command(self, purpose: Purpose, spec: dict[str, Any], place: Place) -> CommandLine | None:
        """The driver, for every purpose but verify."""
        if purpose is Purpose.VERIFY or place.attempt is None:
            return None
        return driver_command(_FOLDER, purpose, spec, place, signals=("SIGINT",), grace_ms=_GRACE_MS)

    def read(self, purpose: Purpose, spec: dict[str, Any], ended: Exit, place: Place) -> Reading:
        """What the driver says."""
        return read_driven(purpose, ended, place)

    def _spec(self, body: Body, context: Context) -> dict[str, Any]:
        if body.state is not None and not _STATE_NAME.fullmatch(body.state):
            raise CannotPrepare(f"{body.state!r} is no name of a state: {_STATE_MEND}")
        try:
            directory = resolve_inside(context.place.files, body.directory)
            tree = digest_tree([directory], directory, IGNORED)
        except (BadTree, OSError) as error:
            raise CannotPrepare(f"the configuration cannot be pinned: {error}") from None
        variables = msgspec.json.encode(body.variables, order="sorted")
        return {
            "role": "forward",
            "form": "apply",
            "directory": body.directory,
            "variables": body.variables,
            "state": body.state or "default",
            "binary": find_binary(body.binary),
            "env": sorted(context.env),
            "tree": tree,
            "inputs": hashlib.sha256(tree.encode() + b" " + variables).hexdigest(),
        }

    def _ready(self, spec: dict[str, Any], shown: tuple[str, ...]) -> Ready:
        return Ready(work=_PROCESS, spec=spec, shown=shown, bound={"configuration": spec["tree"]})


def find_binary(wanted: str | None) -> str:
    """The path of the program. Raises CannotPrepare when there is none."""
    named = wanted or os.environ.get(BINARY)
    beside = str(Path(sys.executable).parent)
    for name in (named,) if named else ("terraform", "tofu"):
        found = shutil.which(name) or shutil.which(name, path=beside)
        if found:
            return str(Path(found).absolute())
    if named:
        raise CannotPrepare(f"{named!r} is no program that can be run: correct `binary` or ${BINARY}")
    raise CannotPrepare(f"neither terraform nor tofu is on the PATH: install one of them, or name one in ${BINARY}")


def _variable_lines(variables: dict[str, Any]) -> list[str]:
    return [f"  {name} = {msgspec.json.encode(value).decode()}" for name, value in sorted(variables.items())]


def _undo_line(form: str, previous: Applied | None) -> str:
    if form == "destroy-created":
        return "terraform plan -destroy of what this run creates, and apply that plan"
    if previous is None:
        return "nothing was applied before: terraform plan -destroy of everything in this state, and apply that plan"
    return f"return to the configuration applied before ({previous.digest[:12]}): plan it, and apply that plan"
