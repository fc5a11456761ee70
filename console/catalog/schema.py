"""The JSON Schema (2020-12) of the language, made from the structs of the loader and of the kinds.

Editors complete and check with it. It says what stands where; `console check` says more (names, ways, rollbacks).
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from console.catalog.authored import (
    ApproveOption,
    FollowedOutcome,
    FollowForm,
    ImpossibleForm,
    RunbookFile,
    StepOptions,
    UndoOptions,
)
from console.catalog.registry import Registry
from console.catalog.shape import type_of
from console.steps.kind import Kind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = {"type": "string", "pattern": r"\{\{.*\}\}"}
_PARTS = (RunbookFile, StepOptions, ApproveOption, FollowForm, ImpossibleForm, UndoOptions)


def schema(registry: Registry) -> dict[str, Any]:
    """The schema for runbooks whose steps are of the kinds in the registry."""
    _, components = msgspec.json.schema_components(_PARTS, ref_template="#/$defs/{name}")
    definitions = {name: _described(component) for name, component in components.items()}
    bodies = {kind.name: _body(kind, definitions) for kind in registry.kinds()}
    options = definitions.pop("StepOptions")
    undo_options = definitions.pop("UndoOptions")
    top = definitions.pop("RunbookFile")
    definitions["Step"] = _step(registry, options, bodies)
    definitions["Rollback"] = _rollback(registry, undo_options, bodies)
    top["properties"]["steps"] = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Step"}}
    return {
        "$schema": _DIALECT,
        "title": "A runbook of the operations console",
        **{key: value for key, value in top.items() if key != "title"},
        "$defs": dict(sorted({**definitions, **bodies}.items())),
    }


def _body(kind: Kind, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a kind's body; an expression may stand where a number, a boolean or a fixed form is wanted."""
    prefix = f"{kind.name}."
    (reference,), parts = msgspec.json.schema_components([kind.body], ref_template=f"#/$defs/{prefix}{{name}}")
    name = reference["$ref"].rsplit("/", 1)[-1].removeprefix(prefix)
    for other, component in parts.items():
        if other != name:
            definitions[prefix + other] = _templated(_described(component))
    body: dict[str, Any] = _templated(parts[name])
    body["title"] = kind.name
    body["description"] = (kind.__doc__ or "").strip().split("\n")[0]
    return body


def _step(registry: Registry, options: dict[str, Any], bodies: dict[str, Any]) -> dict[str, Any]:
    properties = dict(options["properties"])
    properties["rollback"] = {"$ref": "#/$defs/Rollback"}
    properties["then"] = _then()
    properties |= _kind_properties(registry, bodies)
    return {
        "title": "A step",
        "description": "An id, exactly one kind with its body, and options.",
        "type": "object",
        "required": ["id"],
        "properties": properties,
        "oneOf": [{"required": [key]} for key in sorted(registry.by_key)],
        "additionalProperties": False,
    }


def _then() -> dict[str, Any]:
    outcomes = get_args(FollowedOutcome)
    follows = {"anyOf": [{"enum": ["next", "ask", "stop"]}, {"$ref": "#/$defs/FollowForm"}]}
    return {"type": "object", "properties": dict.fromkeys(outcomes, follows), "additionalProperties": False}


def _rollback(registry: Registry, options: dict[str, Any], bodies: dict[str, Any]) -> dict[str, Any]:
    """A rollback takes from the forward step what it does not say, so that nothing of a body is required in it."""
    keys = sorted(key for key, kind in registry.by_key.items() if type(kind).command is not Kind.command)
    form = {
        "type": "object",
        "properties": {
            **options["properties"],
            **{key: {"type": ["object", "string", "array"]} for key in keys},
            **_beside(registry, bodies),
        },
        "oneOf": [{"required": [key]} for key in keys],
        "additionalProperties": False,
    }
    return {
        "title": "How a step is undone",
        "anyOf": [{"const": "nothing"}, {"$ref": "#/$defs/ImpossibleForm"}, form],
    }


def _kind_properties(registry: Registry, bodies: dict[str, Any]) -> dict[str, Any]:
    properties = {key: _forms(kind, key) for key, kind in sorted(registry.by_key.items())}
    return {**properties, **_beside(registry, bodies)}


def _beside(registry: Registry, bodies: dict[str, Any]) -> dict[str, Any]:
    return {
        option: bodies[kind.name]["properties"][option]
        for kind in registry.kinds()
        for option in kind.options
        if option in bodies[kind.name]["properties"]
    }


def _forms(kind: Kind, key: str) -> dict[str, Any]:
    """The full form of a body, and the short forms that the kind expands."""
    full = {"$ref": f"#/$defs/{kind.name}"}
    fields = {info.encode_name for info in getattr(type_of(kind.body), "fields", ())}
    short = [form for form, sample in (("string", "text"), ("array", ["text"])) if _expands(kind, key, sample, fields)]
    if not short:
        return full
    if "array" in short:
        return {"type": short, "items": {"type": "string"}}
    return {"anyOf": [full, {"type": short[0]}]}


def _expands(kind: Kind, key: str, sample: object, fields: set[str]) -> bool:
    try:
        expanded = kind.expand(key, sample)
        if not isinstance(expanded, dict) or not expanded.keys() <= fields:
            return False
        msgspec.convert(expanded, kind.body)
    except Exception:  # noqa: BLE001 - a plugin's code may raise anything; then there is no such form
        return False
    return True


def _described(component: dict[str, Any]) -> dict[str, Any]:
    """The component with its docstring's first paragraph on one line."""
    text = component.get("description", "").split("\n\n")[0]
    return {**component, "description": " ".join(text.split())}


def _templated(described: Any) -> Any:
    if isinstance(described, list):
        return [_templated(item) for item in described]
    if not isinstance(described, dict):
        return described
    if isinstance(described.get("properties"), dict):
        fields = {name: _templated(field) for name, field in described["properties"].items()}
        return {**described, "properties": fields}
    if described.get("type") in ("integer", "boolean") or "enum" in described or "pattern" in described:
        default = {"default": described["default"]} if "default" in described else {}
        plain = {key: value for key, value in described.items() if key != "default"}
        return {"anyOf": [plain, _TEMPLATE], **default}
    return {key: _templated(value) if key != "default" else value for key, value in described.items()}
