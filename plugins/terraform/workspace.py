"""The private directory of a step's visit: a copy of the configuration, Terraform's own data, the plan, the records."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Literal

import msgspec

from console.engine.words import Purpose
from console.steps.driving import write_whole
from console.steps.trees import BadTree, copy_tree, digest_tree, resolve_inside

from .backend import keep_state_at, own_backend
from .state import IGNORED, STATE, Applied, Identity, identity, module_of, variables_of
from .stream import replay
from .tool import FLAG, NotReady, Stop, Tool, environment


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What was pinned when the step was prepared.

    `tree` is the digest of the configuration, `inputs` of configuration and variables together. `previous` is what
    had been applied before; `forward` is where the forward attempt worked, for what it created.
    """

    role: Literal["forward", "undo"]
    form: Literal["apply", "previous", "destroy-created"]
    directory: str
    variables: dict[str, Any]
    state: str
    binary: str
    env: tuple[str, ...]
    tree: str
    inputs: str
    previous: Applied | None = None
    forward: str = ""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What the kind handed to the driver."""

    purpose: Purpose
    spec: Spec
    files: str
    work: str
    state: str
    attempt: str
    preview: str | None = None


class Seen(msgspec.Struct, frozen=True):
    """What was shown: the digest people agree to, those of plan and configuration, and whether there is no plan."""

    digest: str
    plan: str
    tree: str
    empty: bool = False


class Workspace:
    """The paths of one visit, and the tool that works in them."""

    def __init__(self, given: Given, stop: Stop) -> None:
        self.given = given
        self.spec = given.spec
        self.stop = stop
        self.base = Path(given.work) / f"terraform-{self.spec.role}"
        self.module = self.base / "module"
        self.plan = self.base / "plan.tfplan"
        self.record = self.base / "apply.jsonl"
        self.state = Path(given.state) / self.spec.state
        for directory in (self.base, self.state):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tool = Tool(self.spec.binary, self.module, environment(self.spec.env, self.base / "data"), stop)

    @property
    def returning(self) -> Applied | None:
        """The earlier configuration that this is to return to, if there is one."""
        return self.spec.previous if self.spec.form == "previous" else None

    @property
    def variables(self) -> dict[str, Any]:
        """The variables to plan with."""
        return variables_of(self.state, self.returning.digest) if self.returning else self.spec.variables

    def lay_out(self) -> None:
        """Copy the pinned configuration afresh. Raises NotReady when it is not the one that was pinned."""
        if self.spec.role == "forward":
            # An attempt that was cut off did not live to say it.
            self.add_created(replay(self.record).created)
        shutil.rmtree(self.module, ignore_errors=True)
        for stale in (self.plan, self._seen_file, self.record, self._before_file):
            stale.unlink(missing_ok=True)
        try:
            copy_tree(self.source, self.module, IGNORED)
        except (BadTree, OSError) as error:
            raise NotReady(f"the configuration cannot be laid out: {error}") from None
        if not self.returning and self.tree() != self.spec.tree:
            raise NotReady(f"{self.spec.directory} is not the configuration that this step was prepared with")
        if not own_backend(self.module):
            keep_state_at(self.module, self.state / STATE)

    @property
    def source(self) -> Path:
        """The directory that the copy is made of. Raises BadTree where the pinned one is not there."""
        if self.returning:
            return module_of(self.state, self.returning.digest)
        return resolve_inside(Path(self.given.files), self.spec.directory)

    def tree(self) -> str:
        """The digest of the configuration in the copy."""
        return digest_tree([self.module], self.module, IGNORED)

    def options(self) -> dict[str, Any]:
        """The options of a plan that decide what it is about."""
        destroying = self.spec.role == "undo" and not self.returning
        targets = self.created() if self.spec.form == "destroy-created" else []
        return {"destroy": FLAG if destroying else None, "target": targets}

    def show(self, seen: Seen) -> None:
        """Remember what is about to be shown."""
        write_whole(self._seen_file, msgspec.json.encode(seen))

    def seen(self) -> Seen | None:
        """What was shown last, unless it was applied since."""
        try:
            return msgspec.json.decode(self._seen_file.read_bytes(), type=Seen)
        except (OSError, msgspec.MsgspecError):
            return None

    def spend(self) -> None:
        """A plan is applied once, whatever comes of it."""
        self.plan.unlink(missing_ok=True)
        self._seen_file.unlink(missing_ok=True)

    def plan_digest(self) -> str:
        """SHA-256 of the plan file; empty when it is gone."""
        try:
            return hashlib.sha256(self.plan.read_bytes()).hexdigest()
        except FileNotFoundError:
            return ""

    def identity(self) -> Identity:
        """The state's identity now. Raises ValueError when it cannot be read."""
        if own_backend(self.module):
            code, data, errors = self.tool.capture(self.tool.build.cmd("state pull"), self.base / "pull.out")
            if code:
                raise ValueError(errors.decode("utf-8", "replace").strip()[-300:] or f"exit code {code}")
            return identity(data)
        try:
            return identity((self.state / STATE).read_bytes())
        except FileNotFoundError:
            return Identity()

    def begin(self, before: Identity) -> None:
        """Remember what the state was before anything is changed."""
        write_whole(self._before_file, msgspec.json.encode(before))

    def before(self) -> Identity | None:
        """What the state was before the last apply began; None when none did."""
        try:
            return msgspec.json.decode(self._before_file.read_bytes(), type=Identity)
        except (OSError, msgspec.MsgspecError):
            return None

    def created(self) -> list[str]:
        """Addresses that the forward attempts of this visit created, one that was cut off included."""
        try:
            known = json.loads((self._forward / "created.json").read_bytes())
        except (OSError, ValueError):
            known = []
        return sorted({*known, *replay(self._forward / "apply.jsonl").created})

    def add_created(self, addresses: list[str]) -> None:
        """Remember these as created, beside those of earlier attempts."""
        write_whole(self.base / "created.json", json.dumps(sorted({*self.created(), *addresses})).encode())

    @property
    def _forward(self) -> Path:
        return Path(self.spec.forward) / "terraform-forward" if self.spec.role == "undo" else self.base

    @property
    def _seen_file(self) -> Path:
        return self.base / "preview.json"

    @property
    def _before_file(self) -> Path:
        return self.base / "before.json"
