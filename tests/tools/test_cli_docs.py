"""The documents about the command line are what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from console.cli.registry import VERBS
from console.client.environment import PASSED_ON
from console.errors import EXIT_DONE, ConsoleError
from console.view.words import ASK, ATTEMPT_MARKS, RUN_MARKS, STEP_MARKS
from tools import cli_reference, protocol_schema

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _errors(kind: type[ConsoleError]) -> list[type[ConsoleError]]:
    return [kind, *(one for sub in kind.__subclasses__() for one in _errors(sub))]


def test_the_schema_is_current() -> None:
    assert protocol_schema.main(["--check"]) == 0, "python -m tools.protocol_schema"


def test_the_reference_is_current() -> None:
    assert cli_reference.main(["--check"]) == 0, "python -m tools.cli_reference"


def test_a_schema_that_is_out_of_date_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(protocol_schema, "PLACE", tmp_path / "schema.json")
    assert protocol_schema.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    protocol_schema.main([])
    assert protocol_schema.main(["--check"]) == 0


def test_the_schema_is_a_schema_and_names_every_verb() -> None:
    found: dict[str, Any] = protocol_schema.schema()
    Draft202012Validator.check_schema({"$defs": found["$defs"]})

    named = {name.split()[0] for name in found["verbs"]}
    assert {verb.name for verb in VERBS} - named == {"open"}  # it prints what other verbs print


def test_every_exit_code_is_explained() -> None:
    text = (DOCS / "cli.md").read_text()
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}

    assert explained >= {EXIT_DONE, 130, 141, *(kind.exit_code for kind in _errors(ConsoleError))}


def test_every_word_for_a_state_is_explained() -> None:
    text = (DOCS / "cli.md").read_text()
    words = {mark.word for marks in (STEP_MARKS, RUN_MARKS) for mark in marks.values()} | {ASK.word}

    assert not [word for word in sorted(words) if f"`{word}`" not in text]
    assert {mark.word for mark in ATTEMPT_MARKS.values()} - words == {"NEVER"}


def test_every_variable_that_a_server_inherits_is_named() -> None:
    text = (DOCS / "cli.md").read_text()
    hooks = {"CONSOLE_FAULT_AT", "CONSOLE_FAULT_LOG"}  # only tests set them

    assert not [name for name in PASSED_ON if name not in hooks and f"`{name}`" not in text]


def test_the_example_of_an_error_is_one() -> None:
    text = (DOCS / "json.md").read_text()
    example = re.search(r'^    (\{"error".*?\}\})$', text, re.MULTILINE | re.DOTALL)
    assert example is not None
    schema = protocol_schema.schema()
    checked = {**schema["verbs"]["any verb that fails"], "$defs": schema["$defs"]}
    Draft202012Validator(checked).validate(msgspec.json.decode(example[1]))
