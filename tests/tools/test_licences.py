from __future__ import annotations

import ast
from email.message import Message
from pathlib import Path

import pytest

from tools.licences import PAGE, ROOT, declared_licence, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m tools.licences`"


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ({"License-Expression": "MIT", "License": "whatever"}, "MIT"),
        ({"Classifier": "License :: OSI Approved :: BSD License", "License": "BSD"}, "BSD License"),
        ({"License": "BSD-3-Clause\nRedistribution and use …"}, "BSD-3-Clause"),
        ({}, "not declared"),
    ],
    ids=["expression", "classifier", "text", "nothing"],
)
def test_the_licence_is_what_the_package_declares(lines: dict[str, str], licence: str) -> None:
    package = Message()
    for name, value in lines.items():
        package[name] = value
    assert declared_licence(package) == licence


def imported_packages(file: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(file.read_bytes())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in plain | named}


def test_nothing_of_ansible_core_is_imported() -> None:
    files = [*ROOT.glob("console/**/*.py"), *ROOT.glob("plugins/**/*.py")]
    assert files
    assert [str(file) for file in files if "ansible" in imported_packages(file)] == []
