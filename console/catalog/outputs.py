"""The outputs of a step against what its runbook declares. Knows no templates, so that a server starts without them."""

from __future__ import annotations

from collections.abc import Mapping

from console.engine.fields import parse_field
from console.engine.reports import Value
from console.engine.runbook import Step


def check_outputs(step: Step, outputs: Mapping[str, Value]) -> dict[str, Value]:
    """The outputs of a successful attempt, those that the runbook declares in their types.

    A missing one is an error unless it is optional; undeclared ones are kept as they came. Raises ValueError with every
    problem in one text.
    """
    typed = dict(outputs)
    problems: list[str] = []
    for name, field in step.outputs.items():
        given = outputs.get(name)
        if given is None:
            if not field.optional:
                there = f"; it gave {', '.join(sorted(outputs))}" if outputs else "; it gave none"
                problems.append(f"the output {name} is missing{there}")
            typed.pop(name, None)
            continue
        try:
            typed[name] = parse_field(field, given, f"the output {name}")
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("; ".join(problems))
    return typed
