"""No verb loads what it does not need: above all neither textual nor rich, which the screens alone use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.registry import VERBS
from tests.client.stand_in import StandIn

# Every way into each verb, as far as it gets without a run to work on.
CALLS: dict[str, list[list[str]]] = {
    "open": [["open"], ["open", "42"], []],
    "run": [["run", "x", "--detach"], ["run", "x"]],
    "runs": [["runs"], ["runs", "--json"]],
    "show": [["show", "42"]],
    "watch": [["watch", "42"]],
    "output": [["output", "42", "one"]],
    "answer": [["answer", "42", "one", "done"]],
    "do": [["do", "42", "pause"]],
    "runbooks": [["runbooks"], ["runbooks", "show", "x"]],
    "check": [["check", "runbooks"]],
    "export": [["export", "42", "--format", "jsonl"], ["export", "42", "--format", "markdown"]],
    "verify": [["verify"]],
    "server": [["server", "status"], ["server", "log"]],
    "doctor": [["doctor", "--no-versions"]],
    "version": [["version"]],
}
SERVER_SIDE = ("console.server", "console.journal", "console.catalog", "console.steps", "sqlite3", "yaml", "jinja2")
HEAVY = (
    "asyncio",
    "typing_extensions",
    "inspect",
    "dataclasses",
    "shutil",
    "subprocess",
    "email",
    "importlib.metadata",
)
IN_PROCESS = {"check", "verify", "server", "doctor"}


def loaded(arguments: list[str]) -> set[str]:
    code = (
        "import sys\n"
        "from console.__main__ import main\n"
        f"sys.argv = ['console', *{arguments!r}]\n"
        "try:\n    code = main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print('\\nLOADED', code, *sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
    last = done.stderr.strip().splitlines()[-1].split()
    assert last[0] == "LOADED", done.stderr
    return set(last[2:])


def test_every_verb_is_looked_at() -> None:
    assert set(CALLS) == {verb.name for verb in VERBS}


@pytest.mark.parametrize("name", CALLS)
def test_a_verb_loads_neither_textual_nor_rich(console_home: Path, name: str) -> None:
    with StandIn(console_home):
        for arguments in CALLS[name]:
            modules = loaded(arguments)
            assert not {"textual", "rich", "console.tui"} & modules, arguments


@pytest.mark.parametrize("name", sorted(set(CALLS) - IN_PROCESS))
def test_a_verb_that_only_asks_loads_nothing_of_the_server_and_nothing_heavy(console_home: Path, name: str) -> None:
    with StandIn(console_home):
        modules = loaded(CALLS[name][0])
    assert not [module for module in modules if module.startswith(SERVER_SIDE)]
    if name not in ("watch", "export"):
        assert not set(HEAVY) & modules


def test_help_of_every_verb_imports_no_other_verb(console_home: Path) -> None:
    modules = loaded(["runs", "--help"])
    assert {module for module in modules if module.startswith("console.cli.")} <= {
        f"console.cli.{name}" for name in ("main", "lean", "parsing", "printing", "registry", "call", "runs")
    }
