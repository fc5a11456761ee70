"""Writes docs/protocol.schema.json: what each verb prints with --json, generated from the structs themselves.

python -m tools.protocol_schema            writes the file
python -m tools.protocol_schema --check    ends with 1 when the file is out of date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from console import protocol
from console.cli import shapes

PLACE = Path(__file__).resolve().parents[1] / "docs" / "protocol.schema.json"

PRINTED: dict[str, Any] = {
    "answer": protocol.Done,
    "check": shapes.CheckView,
    "do": protocol.Done,
    "doctor": shapes.DoctorView,
    "export": shapes.ExportedView,
    "output": protocol.OutputView,
    "run": protocol.RunView,
    "run --detach": protocol.Started,
    "run --plan": tuple[protocol.StepPlan, ...],
    "runbooks": protocol.RunbookList,
    "runbooks show": protocol.RunbookView,
    "runs": tuple[protocol.RunSummary, ...],
    "server log": shapes.LogView,
    "server start": protocol.ServerView,
    "server status": protocol.ServerView,
    "server stop": shapes.StoppedView,
    "show": protocol.RunView,
    "verify": shapes.VerifyView,
    "version": shapes.VersionView,
    "watch": protocol.RunView,
    "any verb that fails": shapes.ErrorView,
}
EXPORTED: dict[str, Any] = {"head": shapes.ExportHead, "event": shapes.ExportLine, "note": shapes.ExportNote}


def schema() -> dict[str, Any]:
    """The schema: a definition for each struct, and which of them each verb prints."""
    kinds = [*PRINTED.values(), *EXPORTED.values()]
    found, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    names = [*PRINTED, *(f"a line of export --format jsonl: {name}" for name in EXPORTED)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the verbs of the console print with --json",
        "description": "Fields may be added; a reader ignores those that it does not know.",
        "verbs": dict(zip(names, found, strict=True)),
        "$defs": dict(sorted(components.items())),
    }


def text() -> str:
    """The file as it must be."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or check it."""
    if "--check" not in arguments:
        PLACE.write_text(text(), encoding="utf-8")
        return 0
    if PLACE.exists() and PLACE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PLACE} is out of date: python -m tools.protocol_schema")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
