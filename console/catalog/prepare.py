"""Preparing a step: rendering it and pinning what will run, together with how it will be undone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from console.catalog.bodies import DoesNotFit, env_text, fit_body
from console.catalog.expressions import CannotRender, render
from console.catalog.registry import Registry
from console.engine.prepared import Prepared, PreparedUndo, ProcessWork
from console.engine.runbook import Step, Undo, UndoForm
from console.engine.words import Effect
from console.errors import NotFoundError
from console.steps.kind import CannotPrepare, Context, Kind, Place, Ready

# The kernel takes no single argument or variable of 128 KiB or more.
LONGEST_ENV = 128 * 1024 - 256
_PINNED = "its rollback is pinned before it starts, so that its own outputs cannot be read"


def prepare_step(
    step: Step,
    registry: Registry,
    names: Mapping[str, Any],
    place: Place,
    *,
    now: int,
    requester: str,
    path: str,
) -> Prepared:
    """The rendered step with its undo; what it holds is what will run.

    `names` come from `names.names`, `now` is ms UTC, `requester` started the run, `path` is the step's path in the run.
    Raises CannotPrepare, and nothing else, with a text for the operator.
    """
    kind = _kind(registry, step.kind)
    env = _render_env(step.env, names)
    context = Context(step=step, env=env, place=place, now=now, requester=requester, path=path)
    body = _render_body(kind, step.body, names)
    ready = _guarded(kind, lambda: kind.prepare(body, context))
    effect = step.effect or ready.effect or kind.effect
    return Prepared(
        digest=_digest(registry, kind, ready, env),
        kind=kind.name,
        work=ready.work,
        effect=effect,
        repeatable=effect is Effect.READS or step.idempotent or ready.repeatable,
        spec=ready.spec,
        env=env,
        shown=ready.shown,
        timeout_ms=step.timeout_ms,
        undo=_prepare_undo(step, step.undo, registry, names, context, ready) if step.undo else None,
    )


def _prepare_undo(
    step: Step, undo: Undo, registry: Registry, names: Mapping[str, Any], context: Context, forward: Ready
) -> PreparedUndo:
    if undo.form is not UndoForm.STEP:
        return PreparedUndo(form=undo.form, why=undo.why, instead=undo.instead)
    kind = _kind(registry, undo.kind or step.kind)
    try:
        env = _render_env(undo.env, names)
        body = _render_body(kind, undo.body, names)
    except CannotPrepare as error:
        raise CannotPrepare(f"the rollback of {step.id}: {error} ({_PINNED})") from None
    own = Context(
        step=step, env=env, place=context.place, now=context.now, requester=context.requester, path=context.path
    )
    same = kind.name == step.kind
    ready = _guarded(kind, lambda: kind.prepare_undo(body, forward, own) if same else kind.prepare(body, own))
    if not isinstance(ready.work, ProcessWork):
        raise CannotPrepare(f"the rollback of {step.id}: {kind.name} runs no process, so it cannot undo anything")
    return PreparedUndo(
        form=UndoForm.STEP,
        digest=_digest(registry, kind, ready, env),
        kind=kind.name,
        spec=ready.spec,
        env=env,
        shown=ready.shown,
        previews=ready.work.previews,
        discovers=ready.work.discovers,
        effect=ready.effect or kind.effect,
        timeout_ms=undo.timeout_ms,
        unattended=undo.unattended,
    )


def _kind(registry: Registry, name: str) -> Kind:
    try:
        return registry.kind(name)
    except NotFoundError as error:
        raise CannotPrepare(f"{error.message} {error.mend or ''}".strip()) from None


def _render_body(kind: Kind, data: Any, names: Mapping[str, Any]) -> Any:
    try:
        if isinstance(data, dict):
            data = {key: value if key in kind.literal else render(value, names) for key, value in data.items()}
        else:
            data = render(data, names)
        _refuse_nul(data)
        return fit_body(kind, data, rendered=True)
    except CannotRender as error:
        raise CannotPrepare(str(error)) from None
    except DoesNotFit as error:
        raise CannotPrepare(f"what was rendered does not fit: {error}") from None


def _render_env(env: Mapping[str, str], names: Mapping[str, Any]) -> dict[str, str]:
    rendered: dict[str, str] = {}
    for name, text in env.items():
        try:
            value = render(text, names)
        except CannotRender as error:
            raise CannotPrepare(f"env {name}: {error}") from None
        if not isinstance(value, (str, int, bool)):
            what = "has no value: add `| default('')`" if value is None else "is neither a text nor a number"
            raise CannotPrepare(f"env {name} {what}")
        rendered[name] = env_text(value)
        _refuse_nul(rendered[name])
        if len(rendered[name].encode()) > LONGEST_ENV:
            raise CannotPrepare(f"env {name} is longer than a process can be given; hand over a file instead")
    return rendered


def _guarded(kind: Kind, call: Callable[[], Ready]) -> Ready:
    """What the kind made ready, checked: its own code may fail, or hand over what cannot be stored."""
    try:
        ready = call()
        if not isinstance(ready, Ready):
            raise TypeError(f"prepare gave a {type(ready).__name__}, not Ready")
        _refuse_floats(ready.spec)
        msgspec.json.encode(ready.spec)
    except CannotPrepare:
        raise
    except Exception as error:
        text = f"the kind {kind.name} could not prepare the step: {type(error).__name__}: {str(error)[:300]}"
        raise CannotPrepare(text) from error
    return ready


def _digest(registry: Registry, kind: Kind, ready: Ready, env: dict[str, str]) -> str:
    """SHA-256 over everything that decides what will run; for people, that is what they are asked."""
    content = {
        "kind": kind.name,
        "plugin": registry.plugin_digest(kind.name),
        "spec": ready.spec,
        "work": msgspec.to_builtins(ready.work),
        "env": env,
        "bound": ready.bound,
    }
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise CannotPrepare("a value holds a NUL character, which no process can be given")
    elif isinstance(value, dict):
        for item in value.values():
            _refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("its spec holds a fraction, which has no exact form")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_floats(item)
