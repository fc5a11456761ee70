"""Walks through a shipped runbook step by step, with its real kinds, as an operator and the console would."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from console.steps.kind import Kind, Ready
from tests.plugins.harness import ROOT, Bench, load_kind

KINDS = {"terraform": ("kind", "Terraform"), "ansible": ("kind", "Ansible")}


class Rehearsal:
    """A run of one runbook: its parameters, the outputs so far, and a bench for each step that has a process."""

    def __init__(self, name: str, root: Path, params: dict[str, str], visit: str = "run-1") -> None:
        self.book: dict[str, Any] = yaml.safe_load((ROOT / "runbooks" / f"{name}.yaml").read_text("utf-8"))
        self.root = root
        self.visit = visit
        self.home = root / "home"
        defaults = {key: field.get("default") for key, field in self.book["parameters"].items()}
        self.params = {**defaults, **params}
        self.outputs: dict[str, dict[str, Any]] = {}
        self._jinja = SandboxedEnvironment(undefined=StrictUndefined)

    def step(self, step_id: str) -> dict[str, Any]:
        return next(step for step in self.book["steps"] if step["id"] == step_id)

    def render(self, value: Any) -> Any:
        """A value with the templates in it rendered."""
        if isinstance(value, str):
            steps = {name: {"outputs": outputs} for name, outputs in self.outputs.items()}
            return self._jinja.from_string(value).render(params=self.params, steps=steps, run={"home": str(self.home)})
        if isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        return [self.render(item) for item in value] if isinstance(value, list) else value

    def bench(self, step_id: str) -> tuple[Bench, Any, Any]:
        """The bench of a step, its rendered body, and that of its rollback. Only what it pins lies in its files."""
        step = self.step(step_id)
        name = next(key for key in step if key in KINDS)
        kind = load_kind(name, *KINDS[name])
        raw, undo = self.render(step[name]), self.render(step["rollback"][name])
        bench = Bench(kind, self.root / step_id, self.root / "files" / step_id, self.visit)
        self._pin(bench.body(raw), kind, bench.place.files)
        self._pin(bench.body(kind.expand_undo(undo, raw)), kind, bench.place.files)
        return bench, raw, undo

    def forward(self, step_id: str) -> tuple[Bench, Ready]:
        """Preview and apply a step; its bench, and its rollback as pinned before it started."""
        bench, raw, undo = self.bench(step_id)
        ready = bench.prepare(raw)
        pinned = bench.prepare_undo(undo, raw, ready)
        ran = bench.apply(ready)
        assert ran.reading.outcome == "succeeded", ran
        self.outputs[step_id] = dict(ran.reading.outputs)
        return bench, pinned

    def _pin(self, body: Any, kind: Kind, files: Path) -> None:
        for name in kind.files(body):
            source, target = ROOT / "runbooks" / name.removesuffix("?"), files / name.removesuffix("?")
            if name.endswith("?") and not source.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
