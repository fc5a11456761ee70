"""Parameters as people give them: text by name, from `-p name=value` or a form."""

from __future__ import annotations

from collections.abc import Mapping

from console.catalog.findings import listed, nearest, shorten
from console.engine.fields import parse_field
from console.engine.reports import Value
from console.engine.runbook import Field, ParameterType, Runbook
from console.errors import UsageError

_TEXTS = (ParameterType.STRING, ParameterType.TEXT)


class InvalidParameters(UsageError):
    """Parameters that do not fit the runbook; `problems` has a line for each by name."""

    code = "invalid-parameters"

    def __init__(self, runbook: str, problems: Mapping[str, str]) -> None:
        super().__init__(
            "The parameters do not fit: " + "; ".join(problems.values()) + ".",
            where=f"runbook {runbook}",
            unaffected="nothing was started",
            mend="give each parameter as NAME=VALUE",
        )
        self.problems = dict(problems)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), ("", {}), self.__dict__


def parse_parameters(runbook: Runbook, given: Mapping[str, Value]) -> dict[str, Value]:
    """The value of every parameter of the runbook, typed; an optional one that was not given is None.

    Raises InvalidParameters with every problem at once: unknown names with the nearest right one, missing values, and
    values that do not fit.
    """
    problems: dict[str, str] = {}
    for name in given:
        if name not in runbook.parameters:
            hint = nearest(name, runbook.parameters) or f"there are {listed(runbook.parameters) or 'none'}"
            problems[name] = f"there is no parameter {shorten(name)}: {hint}"
    values: dict[str, Value] = {}
    for name, field in runbook.parameters.items():
        try:
            values[name] = _value(field, given.get(name), name)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise InvalidParameters(runbook.id, problems)
    return values


def _value(field: Field, raw: Value, name: str) -> Value:
    # An empty text is an answer only where a text is asked for and may be empty.
    if raw is None or (raw == "" and field.type not in _TEXTS):
        if field.default is not None:
            return parse_field(field, field.default, name)
        if field.optional:
            return None
        help_ = f" ({field.help})" if field.help else ""
        raise ValueError(f"{name} is missing{help_}")
    if raw == "" and not field.optional and field.min_length is None and field.pattern is None:
        raise ValueError(f"{name} is empty")
    return parse_field(field, raw, name)
