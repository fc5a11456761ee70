"""Compiling one step: its kind and body, and the options around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.catalog import later
from console.catalog.authored import StepOptions
from console.catalog.bodies import env_text
from console.catalog.compiling_follow import compile_approve, compile_retry, compile_then
from console.catalog.compiling_undo import compile_undo
from console.catalog.draft import Body, Draft, DraftStep
from console.catalog.findings import listed, nearest, shorten
from console.catalog.shape import BAD, Shape, not_yet, type_of
from console.catalog.strict_yaml import Path
from console.engine.runbook import Step
from console.steps.durations import parse_duration
from console.steps.kind import Kind

OPTIONS = tuple(info.encode_name for info in type_of(StepOptions).fields)  # type: ignore[attr-defined]


class StepCompiler:
    """Compiles the steps of one draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.document = draft.document
        self.findings = draft.findings
        self.registry = draft.registry

    def compile(self, index: int, data: Any) -> DraftStep:
        """The step at a position; incomplete when something of it could not be read."""
        path: Path = ("steps", index)
        step = DraftStep(index, path, "")
        if not isinstance(data, dict):
            mend = "write `- id: ID` and a kind such as `shell:` below it"
            self.draft.add("wrong-type", f"step {index + 1} must be a mapping", path, mend)
            return step
        step.id = data["id"] if isinstance(data.get("id"), str) else ""
        refused = self._refuse_later(path, data)
        keys = [key for key in data if key in self.registry.by_key]
        step.kind = self._only_kind(path, data, keys, refused)
        options = self._options(path, data, step)
        if step.kind is None or options is BAD:
            return step
        step.body = self._body(path, data, step.kind, keys[0])
        if step.body is None:
            return step
        step.step = self._step(step, options)
        return step

    def _refuse_later(self, path: Path, data: dict[str, Any]) -> bool:
        """Record each key that this version does not have yet; whether one of them stands for a kind."""
        refused = False
        for key in data:
            if key in self.registry.by_key or key in OPTIONS:
                continue
            mend = later.KINDS.get(key) or later.OPTIONS.get(key)
            if mend is None:
                continue
            refused = refused or key in later.KINDS
            self.findings.add("not-yet", not_yet(key), self.document.key_place((*path, key)), mend)
            self.draft.other_ids |= later.nested_ids(data[key])
        return refused

    def _only_kind(self, path: Path, data: dict[str, Any], keys: list[str], refused: bool) -> Kind | None:
        name = _called(data, path)
        if len(keys) > 1:
            message = f"{name} has more than one kind: {listed(keys)}"
            mark = self.document.key_place((*path, keys[1]))
            self.findings.add("one-kind", message, mark, "make a step of each")
            self._refuse_unknown(path, data, keys, None)
            return None
        kind = self.registry.by_key[keys[0]] if keys else None
        unknown = self._refuse_unknown(path, data, keys, kind)
        if kind is None and not refused and not unknown:
            mend = f"say what it does with one of {listed(self.registry.by_key)}"
            self.draft.add("one-kind", f"{name} has no kind", path, mend)
        return kind

    def _refuse_unknown(self, path: Path, data: dict[str, Any], keys: list[str], kind: Kind | None) -> bool:
        known = {*OPTIONS, *keys, *(kind.options if kind else ())}
        unknown = [key for key in data if key not in known and key not in later.KINDS and key not in later.OPTIONS]
        for key in unknown:
            mark = self.document.key_place((*path, key))
            if kind is None and not nearest(key, OPTIONS):
                message = f"{shorten(key)} is no kind of step that there is"
                self.findings.add("unknown-kind", message, mark, self.registry.explain(key))
                continue
            words = [*OPTIONS, *(kind.options if kind else self.registry.by_key)]
            mend = nearest(key, words) or f"beside its kind a step has {listed(words, 30)}"
            self.findings.add("unknown-key", f"{_called(data, path)} has no option {shorten(key)}", mark, mend)
        return bool(unknown)

    def _options(self, path: Path, data: dict[str, Any], step: DraftStep) -> Any:
        known = {key: value for key, value in data.items() if key in OPTIONS}
        at = self._at(path)
        key_at = self._key_at(path)
        return Shape(self.findings, at, key_at).fit(known, StepOptions, name=_called(data, path))

    def _body(self, path: Path, data: dict[str, Any], kind: Kind, key: str) -> Body | None:
        raw = self.guard(kind, (*path, key), lambda: kind.expand(key, data[key]))
        if raw is BAD:
            return None
        return self.fit_body(kind, key, data, path, raw)

    def fit_body(self, kind: Kind, key: str, beside: dict[str, Any], path: Path, expanded: Any) -> Body | None:
        """Fit an expanded body, with the kind's options that stand beside its key, to the kind's struct."""
        base = (*path, key)
        raw = beside[key]
        options = [option for option in kind.options if option in beside]
        if isinstance(expanded, dict):
            for option in options:
                if option in expanded:
                    message = f"`{option}` stands beside `{key}` and inside it"
                    self.findings.add("unknown-key", message, self.document.key_place((*path, option)), "keep one")
            expanded = {**{option: beside[option] for option in options}, **expanded}
        short = [] if isinstance(raw, dict) or not isinstance(expanded, dict) else list(expanded)
        unwrapped = next((name for name in short if expanded[name] is raw), None)
        body = Body(kind, expanded, None, base, unwrapped, frozenset(options))
        shape = Shape(
            self.findings,
            lambda inside: self.document.place(body.path(inside)),
            lambda inside: self.document.key_place(body.path(inside)),
            templates=True,
            later=later.BODIES,
        )
        errors = self.findings.errors
        body.fitted = shape.fit(expanded, kind.body, name=f"`{key}`")
        body.sound = self.findings.errors == errors
        return None if body.fitted is BAD else body

    def guard(self, kind: Kind, path: Path, call: Callable[[], Any]) -> Any:
        """What the kind's own code returns; `BAD`, with a problem recorded, when it fails."""
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
            message = f"the kind {kind.name} cannot read this: {type(error).__name__}: {str(error)[:200]}"
            self.draft.add("kind", message, path, "the plugin has a fault; see its README for the forms it reads")
            return BAD

    def _step(self, found: DraftStep, options: StepOptions) -> Step | None:
        assert found.kind is not None
        assert found.body is not None
        env = {name: env_text(value) for name, value in options.env.items()}
        undo = compile_undo(self, found, options.rollback, env)
        then = compile_then(self.draft, (*found.path, "then"), options.then)
        if undo is BAD or then is BAD:
            return None
        return Step(
            id=options.id,
            kind=found.kind.name,
            body=found.body.data,
            title=options.title,
            env=env,
            effect=options.effect,
            idempotent=options.idempotent,
            undo=undo,
            then=then,
            approve=compile_approve(options.approve),
            when=env_text(options.when) if options.when is not None else None,
            timeout_ms=parse_duration(options.timeout) if options.timeout else None,
            within_ms=parse_duration(options.within) if options.within else None,
            retry=compile_retry(options.retry),
            outputs=options.outputs,
            tags=tuple(options.tags),
            confirm=options.confirm,
            line=self.draft.place(found.path).line,
        )

    def _at(self, path: Path) -> Callable[[Path], Any]:
        return lambda inside: self.document.place((*path, *inside))

    def _key_at(self, path: Path) -> Callable[[Path], Any]:
        return lambda inside: self.document.key_place((*path, *inside))


def _called(data: dict[str, Any], path: Path) -> str:
    name = data.get("id")
    return f"step {shorten(name)}" if isinstance(name, str) and name else f"step {int(path[-1]) + 1}"
