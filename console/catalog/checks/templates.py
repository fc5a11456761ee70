"""Expressions: whether they can be read, name what is there, and stand where they are evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from console.catalog.checks.names import NameCheck
from console.catalog.draft import Body, Draft, DraftStep
from console.catalog.expressions import (
    CannotRender,
    Expression,
    compile_condition,
    expressions_in,
    split,
)
from console.catalog.findings import Mark, shorten
from console.catalog.references import references
from console.catalog.strict_yaml import Path

_SECRET = re.compile(r"\{\{[^}]*\bsecrets?\b\s*[.\[]|^\s*secrets?\s*[.\[]")
_STATEMENT = re.compile(r"\{%[^%]*%\}")
_TOP_RENDERED = ("environment", "one_at_a_time")
_STEP_RENDERED = ("env", "when", "rollback")


def check_templates(draft: Draft) -> None:
    """Check every expression of the file, and refuse those that stand where nothing is rendered."""
    names = NameCheck(draft)
    data = draft.document.data
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        if key in _TOP_RENDERED:
            _check_texts(draft, names, None, value, (key,), (key,))
        elif key != "steps":
            _refuse(draft, value, (key,))
    for step in draft.steps:
        _check_step(draft, names, step)


def _check_step(draft: Draft, names: NameCheck, step: DraftStep) -> None:
    steps = draft.document.data["steps"]
    data = steps[step.index]
    if not isinstance(data, dict):
        return
    body_keys = {step.body.base[-1], *step.body.options} if step.body else set(draft.registry.by_key)
    for key, value in data.items():
        path = (*step.path, key)
        if key == "env":
            _check_texts(draft, names, step, value, path, path)
        elif key == "when":
            _check_condition(draft, names, step, value, path)
        elif key not in body_keys and key not in _STEP_RENDERED and step.step is not None:
            _refuse(draft, value, path)
    if step.body is not None:
        _check_body(draft, names, step, step.body, undo=False)
    if step.undo is not None:
        _check_body(draft, names, step, step.undo, undo=True)
        path = (*step.path, "rollback", "env")
        _check_texts(draft, names, step, data["rollback"].get("env"), path, path, undo=True)


def _check_body(draft: Draft, names: NameCheck, step: DraftStep, body: Body, *, undo: bool) -> None:
    if not isinstance(body.data, dict):
        return
    for key, value in body.data.items():
        path = body.path((key,))
        if key in body.kind.literal:
            if not draft.findings.has("kind", draft.place(path)):  # a kind says more about its own
                _refuse(draft, value, path)
            continue
        for inside, text in expressions_in(value):
            _check_text(draft, names, step, text, body.path((key, *inside)), undo=undo)
        _refuse_keys(draft, value, path)
        _warn_statements(draft, value, path)


def _check_texts(
    draft: Draft, names: NameCheck, step: DraftStep | None, value: Any, path: Path, at: Path, *, undo: bool = False
) -> None:
    for inside, text in expressions_in(value):
        _check_text(draft, names, step, text, (*at, *inside), undo=undo)
    _refuse_keys(draft, value, path)
    _warn_statements(draft, value, path)


def _check_text(draft: Draft, names: NameCheck, step: DraftStep | None, text: str, path: Path, *, undo: bool) -> None:
    try:
        pieces = split(text)
    except CannotRender as error:
        _unreadable(draft, text, error, path)
        return
    for piece in pieces:
        if isinstance(piece, Expression):
            mark = _line_of(draft, text, piece.offset, path)
            for reference in references(piece.tree):
                names.check(reference, step, mark, undo=undo)


def _check_condition(draft: Draft, names: NameCheck, step: DraftStep, value: Any, path: Path) -> None:
    if not isinstance(value, str):
        return
    try:
        expression = compile_condition(value)
    except CannotRender as error:
        _unreadable(draft, value, error, path)
        return
    for reference in references(expression.tree):
        names.check(reference, step, draft.place(path), undo=False)


def _unreadable(draft: Draft, text: str, error: CannotRender, path: Path) -> None:
    if _SECRET.search(text):
        mend = "a secret cannot be named in an expression, because what is rendered is shown and stored"
        draft.add("secret-in-template", f"{shorten(text)} names a secret", path, mend)
        return
    message = str(error)
    code = "unknown-name" if message.startswith("there is no '") else "expression"
    draft.add(code, message, path)


def _refuse(draft: Draft, value: Any, path: Path) -> None:
    for inside, text in expressions_in(value):
        mend = "write the text out; expressions stand in a step's body, env:, when: and rollback"
        draft.add("not-rendered", f"no expression is evaluated here: {shorten(text)}", (*path, *inside), mend)


def _refuse_keys(draft: Draft, value: Any, path: Path) -> None:
    for at, key in _keys(value, path):
        if "{{" in key:
            mark = draft.document.key_place(at)
            draft.findings.add("not-rendered", f"a name is never an expression: {shorten(key)}", mark, "write it out")


def _warn_statements(draft: Draft, value: Any, path: Path) -> None:
    for at, text in _all_texts(value, path):
        if found := _STATEMENT.search(text):
            message = f"{shorten(found[0])} stays as it is: there are no statements, only expressions"
            draft.add("expression", message, at, "use `{{ A if CONDITION else B }}`, or when:", warning=True)


def _keys(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from _keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _keys(item, (*path, index))


def _all_texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _all_texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _all_texts(item, (*path, index))


def _line_of(draft: Draft, text: str, offset: int, path: Path) -> Mark:
    mark = draft.place(path)
    if not mark.block:
        return mark
    return Mark(mark.line + 1 + text.count("\n", 0, offset), 1)
