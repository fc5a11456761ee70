"""Whether parameters, answers and outputs are bounded in a way that can be met."""

from __future__ import annotations

from console.catalog.draft import Draft
from console.catalog.strict_yaml import Path
from console.engine.fields import parse_field
from console.engine.patterns import compile_pattern
from console.engine.runbook import Field, ParameterType

_FITS = {
    "min": (ParameterType.INTEGER,),
    "max": (ParameterType.INTEGER,),
    "choices": (ParameterType.CHOICE,),
    "pattern": (ParameterType.STRING, ParameterType.TEXT, ParameterType.HOST),
    "min_length": (ParameterType.STRING, ParameterType.TEXT, ParameterType.HOST),
    "max_length": (ParameterType.STRING, ParameterType.TEXT, ParameterType.HOST),
}


def check_fields(draft: Draft) -> None:
    """Check every field that the runbook declares."""
    if draft.runbook is not None:
        for name, field in draft.runbook.parameters.items():
            _check(draft, field, ("parameters", name), given=True)
    for found in draft.steps:
        if found.step is not None:
            for name, field in found.step.outputs.items():
                _check(draft, field, (*found.path, "outputs", name), given=False)
        asks = getattr(found.body.fitted, "asks", None) if found.body is not None else None
        if found.body is not None and isinstance(asks, dict):
            for name, field in asks.items():
                if isinstance(field, Field):
                    _check(draft, field, found.body.path(("asks", name)), given=True)


def _check(draft: Draft, field: Field, path: Path, *, given: bool) -> None:
    for option, types in _FITS.items():
        if getattr(field, option) not in (None, ()) and field.type not in types:
            message = f"`{option}` does not belong to the type {field.type.value}"
            draft.add("parameter", message, (*path, option), f"it belongs to {' or '.join(types)}")
            return
    if given and field.path is not None:
        draft.add("parameter", "`path` belongs to an output", (*path, "path"), "leave it out")
    if not given and field.default is not None:
        draft.add(
            "parameter",
            "an output has no default",
            (*path, "default"),
            "say `optional: true`, and default() where it is read",
        )
        return
    if _bounds_agree(draft, field, path) and field.default is not None:
        try:
            parse_field(field, field.default, "the default")
        except ValueError as error:
            draft.add("parameter", str(error), (*path, "default"))


def _bounds_agree(draft: Draft, field: Field, path: Path) -> bool:
    if field.type is ParameterType.CHOICE and not field.choices:
        draft.add("parameter", "a choice needs choices", path, "write `choices: [ONE, TWO]`")
        return False
    if len(set(field.choices)) != len(field.choices):
        draft.add("parameter", "one of the choices stands twice", (*path, "choices"), "keep one")
    for low, high in (("min", "max"), ("min_length", "max_length")):
        least, most = getattr(field, low), getattr(field, high)
        if least is not None and most is not None and least > most:
            draft.add("parameter", f"{low} {least} is more than {high} {most}", (*path, low), "exchange them")
            return False
    if field.pattern is not None:
        try:
            compile_pattern(field.pattern)
        except ValueError as error:
            draft.add("parameter", str(error), (*path, "pattern"))
            return False
    return True
