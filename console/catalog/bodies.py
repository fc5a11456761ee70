"""A step's body as its kind's struct, outside the loader: of a checked runbook, or after rendering."""

from __future__ import annotations

from typing import Any

from console.catalog.findings import NOWHERE, Findings
from console.catalog.shape import BAD, Shape
from console.steps.kind import Kind


class DoesNotFit(ValueError):
    """Data that is no body of the kind; the text says all that is wrong."""


def fit_body(kind: Kind, data: Any, *, rendered: bool) -> Any:
    """The struct that the kind makes of a body, before (`rendered` false) or after rendering. Raises DoesNotFit."""
    findings = Findings("")
    shape = Shape(findings, lambda _path: NOWHERE, lambda _path: NOWHERE, templates=not rendered, rendered=rendered)
    fitted = shape.fit(data, kind.body, name=f"`{kind.name}`")
    if fitted is BAD or findings.failed:
        raise DoesNotFit("; ".join(problem.message for problem in findings.problems()))
    return fitted


def env_text(value: str | int | bool) -> str:
    """A scalar as an environment or an expression has it: with YAML's own `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
