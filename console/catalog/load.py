"""Loading a runbook: from its file to the checked model, or every problem at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.catalog.checks import check_draft
from console.catalog.compiling import compile_document
from console.catalog.draft import Draft
from console.catalog.findings import Findings
from console.catalog.registry import Registry
from console.catalog.source import LARGEST, only_readable, read_source
from console.catalog.strict_yaml import parse
from console.catalog.trust import writable_by_others
from console.engine.problem import Problem, Severity
from console.engine.runbook import Runbook
from console.errors import InvalidRunbook


@dataclass(frozen=True, slots=True)
class Loaded:
    """A runbook that may run. `source` is the file's text, `directory` what its names are relative to."""

    runbook: Runbook
    source: str
    path: Path | None
    directory: Path
    warnings: tuple[Problem, ...] = ()


def load_file(path: Path, registry: Registry) -> Loaded:
    """The runbook in a file. Raises InvalidRunbook with every problem, each an `engine.problem.Problem`."""
    findings = Findings(str(path))
    source = read_source(path, findings)
    if source is not None:
        refuse_writable(path, findings)
    draft = draft_of(source, registry, findings, path.parent) if source is not None else None
    return accept(draft, source, path, findings)


def load_text(text: str, registry: Registry, *, file: str = "<text>", directory: Path | None = None) -> Loaded:
    """The runbook in a text, as `load_file`; `file` is what the problems call it."""
    findings = Findings(file)
    if len(text) > LARGEST:
        findings.add("too-large", f"{len(text)} characters are more than the {LARGEST} that are read")
    readable = not findings.failed and only_readable(text, findings)
    draft = draft_of(text, registry, findings, directory) if readable else None
    return accept(draft, text, None, findings, directory)


def draft_of(text: str, registry: Registry, findings: Findings, directory: Path | None) -> Draft | None:
    """The compiled and checked draft of a text; None when it is not even YAML."""
    document = parse(text, findings)
    if document is None or document.data is None:
        return None
    draft = compile_document(document, registry, findings, directory)
    check_draft(draft)
    return draft


def accept(
    draft: Draft | None, source: str | None, path: Path | None, findings: Findings, directory: Path | None = None
) -> Loaded:
    """The loaded runbook of a draft without errors; raises InvalidRunbook for any other."""
    problems = findings.problems()
    if findings.failed or draft is None or not draft.complete or source is None:
        raise invalid(findings)
    assert draft.runbook is not None
    where = directory or (path.parent if path else Path())
    return Loaded(draft.runbook, source, path, where.absolute(), problems)


def refuse_writable(path: Path, findings: Findings) -> None:
    """Record whether somebody else could change the file between checking and running it."""
    for place in (path, path.parent):
        try:
            reason = writable_by_others(place)
        except OSError as error:
            reason = f"it cannot be looked at: {error.strerror}"
        if reason:
            name = "the file" if place is path else f"the directory {place}"
            findings.add("writable", f"{name} is refused: {reason}", mend=f"chmod go-w {place}")


def invalid(findings: Findings) -> InvalidRunbook:
    """The error that carries the problems of one file."""
    problems = findings.problems()
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    count = "one problem" if errors == 1 else f"{errors} problems"
    return InvalidRunbook(
        f"The runbook cannot be used: {count}.",
        problems=problems,
        where=findings.file,
        unaffected="nothing of it was started; other runbooks and running runs go on",
        mend="correct the file and load it again",
    )
