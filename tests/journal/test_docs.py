"""What docs/journal.md says is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from console.journal import Writer
from console.journal.chain import body_of
from tests.journal.samples import event, raw, turn, without_triggers

PAGE = Path(__file__).parents[2] / "docs" / "journal.md"


def audit(home: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's own program in a home."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return subprocess.run([sys.executable, "-I", "-c", program], cwd=home, capture_output=True, text=True)


def test_an_auditor_can_check_a_run_with_the_program_on_the_page(writer: Writer, home: Path) -> None:
    writer.append(turn("run/42", 1, 20))
    writer.append(turn("run/43", 1, 20))
    done = audit(home)
    assert (done.returncode, done.stderr) == (0, "")
    with without_triggers(home / "journal.db") as connection:
        connection.execute("UPDATE event SET body = replace(body, 'event 7', 'event X') WHERE seq = 7")
    assert "event 7 does not hold" in audit(home).stderr


@pytest.mark.parametrize("file", ["journal.db", "output.db"])
def test_every_table_is_on_the_page(writer: Writer, home: Path, file: str) -> None:
    with raw(home / file) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    page = PAGE.read_text()
    assert [name for (name,) in tables if f"`{name}`" not in page and not name.startswith("_")] == []


def test_a_body_has_exactly_the_keys_on_the_page(writer: Writer) -> None:
    writer.append(turn("run/1", 1))
    [keys] = re.findall(r"exactly the keys (.*)\.\n", PAGE.read_text())
    body = body_of(event("run/1", 1)).decode()
    assert re.findall(r"`(\w+)`", keys) == re.findall(r'[{,]"(at|cause|data|seq|stream|type|who)":', body)
