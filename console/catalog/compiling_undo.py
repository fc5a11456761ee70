"""Compiling how a step is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from console.catalog import later
from console.catalog.authored import ImpossibleForm, UndoOptions
from console.catalog.bodies import env_text
from console.catalog.draft import Draft, DraftStep
from console.catalog.findings import listed, nearest, shorten
from console.catalog.shape import BAD, Shape, not_yet, type_of
from console.catalog.strict_yaml import Path
from console.engine.runbook import Undo, UndoForm
from console.steps.durations import parse_duration
from console.steps.kind import Kind

if TYPE_CHECKING:
    from console.catalog.compiling_step import StepCompiler

_OPTIONS = tuple(info.encode_name for info in type_of(UndoOptions).fields)  # type: ignore[attr-defined]
_FORMS = "a kind with its body, `nothing`, or {impossible: WHY, instead: …}"


def compile_undo(compiler: StepCompiler, found: DraftStep, data: Any, env: dict[str, str]) -> Any:
    """The model's form of `rollback`; None when the step says nothing, `BAD` when it cannot be read.

    What the rollback does not say, it takes from the forward step: its environment, and the body of the same kind.
    """
    draft = compiler.draft
    path = (*found.path, "rollback")
    if "rollback" not in draft.document.data["steps"][found.index]:
        return None
    line = draft.place(path).line
    if data == "nothing":
        return Undo(form=UndoForm.NOTHING, line=line)
    if not isinstance(data, dict):
        mend = (nearest(data, ["nothing"]) if isinstance(data, str) else "") or f"it is {_FORMS}"
        draft.add("wrong-value", f"{shorten(data)} is no rollback", path, mend)
        return BAD
    if "impossible" in data:
        return _impossible(draft, path, data, line)
    return _undo_step(compiler, found, path, data, env)


def _impossible(draft: Draft, path: Path, data: dict[str, Any], line: int) -> Any:
    form = _shape(draft, path).fit(data, ImpossibleForm, name="the rollback")
    if form is BAD:
        return BAD
    return Undo(form=UndoForm.IMPOSSIBLE, why=form.impossible, instead=form.instead, line=line)


def _undo_step(compiler: StepCompiler, found: DraftStep, path: Path, data: dict[str, Any], env: dict[str, str]) -> Any:
    draft = compiler.draft
    kind, key = _kind(draft, path, data)
    options = _shape(draft, path).fit({k: v for k, v in data.items() if k in _OPTIONS}, UndoOptions)
    if kind is None or options is BAD:
        return BAD
    raw = data[key]
    if found.kind is not None and kind.name == found.kind.name and found.body is not None:
        forward = found.body.data
        raw = compiler.guard(kind, (*path, key), lambda: kind.expand_undo(data[key], forward))
    expanded = BAD if raw is BAD else compiler.guard(kind, (*path, key), lambda: kind.expand(key, raw))
    if expanded is BAD:
        return BAD
    found.undo = compiler.fit_body(kind, key, data, path, expanded)
    if found.undo is None:
        return BAD
    return Undo(
        form=UndoForm.STEP,
        kind=kind.name,
        body=found.undo.data,
        env={**env, **{name: env_text(value) for name, value in options.env.items()}},
        timeout_ms=parse_duration(options.timeout) if options.timeout else None,
        unattended=options.unattended,
        line=draft.place(path).line,
    )


def _kind(draft: Draft, path: Path, data: dict[str, Any]) -> tuple[Kind | None, str]:
    registry = draft.registry
    keys = [key for key in data if key in registry.by_key]
    kind = registry.by_key[keys[0]] if len(keys) == 1 else None
    known = {*keys, *_OPTIONS, *(kind.options if kind else ())}
    refused = False
    for key in data:
        if key in known:
            continue
        refused = True
        mark = draft.document.key_place((*path, key))
        mend = later.KINDS.get(key) or later.OPTIONS.get(key)
        if mend is not None:
            draft.findings.add("not-yet", not_yet(key), mark, mend)
            continue
        words = [*_OPTIONS, *registry.by_key, "impossible", *(kind.options if kind else ())]
        mend = nearest(key, words) or registry.explain(key)
        draft.findings.add("unknown-key", f"a rollback has no {shorten(key)}", mark, mend)
    if kind is None and not refused:
        message = f"the rollback has more than one kind: {listed(keys)}" if keys else "the rollback has no kind"
        draft.add("one-kind", message, path, f"it is {_FORMS}")
    if kind is not None and type(kind).command is Kind.command:
        message = f"`{keys[0]}` runs no process, so it cannot undo a step"
        draft.add("one-kind", message, path, "what people must do, write as {impossible: WHY, instead: WHAT TO DO}")
        return None, ""
    return kind, keys[0] if keys else ""


def _shape(draft: Draft, path: Path) -> Shape:
    document = draft.document
    return Shape(
        draft.findings,
        lambda inside: document.place((*path, *inside)),
        lambda inside: document.key_place((*path, *inside)),
    )
