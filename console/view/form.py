"""A form of typed fields: what each accepts in words, and what is wrong with what was typed so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.engine.fields import parse_field
from console.engine.reports import Value
from console.engine.runbook import Field, ParameterType
from console.view.sanitise import line as clean

YES, NO = "true", "false"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field: its name, what stands in it at the start, and for a choice the words it can hold."""

    name: str
    field: Field
    start: str
    options: tuple[str, ...] = ()

    @property
    def help(self) -> str:
        """What the field is for and what it accepts."""
        parts = [clean(self.field.help, limit=120)] if self.field.help else []
        parts += [accepts(self.field)] if accepts(self.field) else []
        return "; ".join(parts)


def form_fields(fields: Mapping[str, Field]) -> tuple[FormField, ...]:
    """The fields of a form in their order."""
    return tuple(FormField(name, field, _start(field), _options(field)) for name, field in fields.items())


def _start(field: Field) -> str:
    if isinstance(field.default, bool):
        return YES if field.default else NO
    if field.default is not None:
        return str(field.default)
    return ""


def _options(field: Field) -> tuple[str, ...]:
    if field.type is ParameterType.BOOLEAN:
        return (YES, NO)
    return field.choices if field.type is ParameterType.CHOICE else ()


def accepts(field: Field) -> str:
    """What a field accepts, in a few words."""
    parts = []
    if field.type is ParameterType.INTEGER:
        parts.append(f"a whole number{_bounds(field.min, field.max)}")
    elif field.type is ParameterType.CHOICE:
        parts.append("space for the next of " + ", ".join(clean(one, limit=30) for one in field.choices[:8]))
    elif field.type is ParameterType.BOOLEAN:
        parts.append("space switches")
    elif field.pattern:
        parts.append(f"like {clean(field.pattern, limit=80)}")
    else:
        parts += _length(field)
    if field.optional:
        parts.append("may stay empty")
    return ", ".join(parts)


def _length(field: Field) -> list[str]:
    if field.min_length and field.max_length:
        return [f"{field.min_length} to {field.max_length} characters"]
    if field.min_length:
        return [f"{field.min_length} characters or more"]
    return [f"at most {field.max_length} characters"] if field.max_length else []


def _bounds(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f", {least} or more"
    return f", at most {most}" if most is not None else ""


def read_field(one: FormField, typed: str) -> Value:
    """The value that was typed. Raises ValueError with what is wrong with it, for the operator."""
    text = typed.strip()
    if not text:
        if one.field.optional or one.field.default is not None:
            return one.field.default
        raise ValueError(f"{one.name} is still empty")
    return parse_field(one.field, text, one.name)


def wrong(one: FormField, typed: str) -> str | None:
    """What is wrong with what was typed, or None."""
    try:
        read_field(one, typed)
    except ValueError as problem:
        return clean(str(problem), limit=200)
    return None


def read_form(fields: tuple[FormField, ...], typed: Mapping[str, str]) -> dict[str, Value]:
    """The values of a form in which nothing is wrong; an optional field that stayed empty is left out."""
    values = {one.name: read_field(one, typed.get(one.name, "")) for one in fields}
    return {name: value for name, value in values.items() if value is not None}


def next_option(options: tuple[str, ...], now: str, by: int = 1) -> str:
    """The option after (or before) the one that stands in a field."""
    if not options:
        return now
    at = options.index(now) if now in options else -by if by > 0 else 0
    return options[(at + by) % len(options)]
