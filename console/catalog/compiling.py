"""Compiling a document into a draft: the top of the file, then each step."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

from console.catalog import later
from console.catalog.authored import RunbookFile
from console.catalog.compiling_step import StepCompiler
from console.catalog.draft import Draft
from console.catalog.findings import Findings, shorten
from console.catalog.registry import Registry
from console.catalog.shape import BAD, Shape
from console.catalog.strict_yaml import Document
from console.engine.runbook import Runbook
from console.steps.durations import parse_duration

MOST_STEPS = 2_000


def compile_document(
    document: Document, registry: Registry, findings: Findings, directory: FilePath | None = None
) -> Draft:
    """The draft of a document; whatever could not be compiled is missing in it, with its problem recorded."""
    draft = Draft(document, findings, registry, directory)
    data = document.data
    if not isinstance(data, dict):
        findings.add("wrong-type", "a runbook is a mapping", document.place(()), "begin with `runbook: ID`")
        return draft
    shape = Shape(findings, document.place, document.key_place, later=later.TOP)
    for word in later.TOP:
        draft.other_ids |= later.nested_ids(data.get(word))
    top = shape.fit(data, RunbookFile, name="the runbook")
    steps = data.get("steps")
    if isinstance(steps, list):
        _compile_steps(draft, steps)
    if top is not BAD:
        draft.runbook = _runbook(top, draft)
    return draft


def _compile_steps(draft: Draft, steps: list[Any]) -> None:
    if len(steps) > MOST_STEPS:
        draft.add("too-many", f"{len(steps)} steps are more than {MOST_STEPS}", ("steps",), "split the runbook up")
        return
    compiler = StepCompiler(draft)
    draft.steps = [compiler.compile(index, step) for index, step in enumerate(steps)]
    _refuse_duplicates(draft)


def _refuse_duplicates(draft: Draft) -> None:
    seen: dict[str, int] = {}
    for step in draft.steps:
        if not step.id:
            continue
        if step.id in seen:
            line = draft.place(draft.steps[seen[step.id]].path).line
            message = f"the id {shorten(step.id)} is taken by the step on line {line}"
            draft.add("duplicate-id", message, (*step.path, "id"), "give each step an id of its own")
        seen.setdefault(step.id, step.index)


def _runbook(top: RunbookFile, draft: Draft) -> Runbook:
    return Runbook(
        id=top.runbook,
        title=top.title,
        steps=tuple(step.step for step in draft.steps if step.step is not None),
        purpose=top.purpose,
        when_not=top.when_not,
        owner=top.owner,
        contact=top.contact,
        environment=top.environment,
        tags=tuple(top.tags),
        deadline_ms=parse_duration(top.deadline) if top.deadline else None,
        one_at_a_time=top.one_at_a_time,
        parameters=top.parameters,
        unattended_rollback=top.unattended,
    )
