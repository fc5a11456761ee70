"""What the documents say is what the program does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from console.catalog import later
from console.catalog.authored import RunbookFile, StepOptions
from console.catalog.check import check_file
from console.catalog.codes import CODES
from console.catalog.expression_words import FILTERS, Environment
from console.catalog.registry import Registry
from console.catalog.shape import type_of

ROOT = Path(__file__).resolve().parents[2]
LANGUAGE = (ROOT / "docs/runbook-language.md").read_text(encoding="utf-8")


def words_of(line_start: str) -> list[str]:
    (line,) = [line for line in LANGUAGE.splitlines() if line.startswith(line_start)]
    return re.findall(r"`([^`]+)`", line)


def test_every_code_is_listed_with_its_meaning() -> None:
    table = LANGUAGE.split("## Problems")[1]
    assert dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", table, re.MULTILINE)) == CODES


def test_every_code_is_used() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "console/catalog").rglob("*.py") if path.name != "codes.py"
    )
    assert [code for code in CODES if f'"{code}"' not in sources] == []


def test_every_filter_and_test_is_listed() -> None:
    assert words_of("- Filters:") == list(FILTERS)
    assert sorted(words_of("- Tests:")) == sorted(Environment().tests)


@pytest.mark.parametrize(("struct", "section"), [(RunbookFile, "## The top of the file"), (StepOptions, "## Steps")])
def test_every_key_is_described(struct: type, section: str) -> None:
    text = LANGUAGE.split(section)[1].split("\n## ")[0]
    keys = [info.encode_name for info in type_of(struct).fields]  # type: ignore[attr-defined]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_everything_that_is_not_yet_there_is_listed() -> None:
    text = LANGUAGE.split("## Part of the language, but not yet of this version")[1].split("\n## ")[0]
    known = {*later.TOP, *later.KINDS, *later.BODIES, "verify", "escalate_to"}
    assert [word for word in sorted(known) if not re.search(rf"\b{word}\b", text)] == []


def test_the_example_loads(tmp_path: Path, registry: Registry) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", LANGUAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "main.tf").write_text("# nothing\n")
    for name in ("site.yml", "unsite.yml", "inventory.ini"):
        (tmp_path / name).write_text("# nothing\n")
    book = tmp_path / "example.yaml"
    book.write_text(example, encoding="utf-8")
    assert check_file(book, registry).problems == ()


def test_the_schema_is_current() -> None:
    command = [sys.executable, str(ROOT / "tools/write_schema.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
