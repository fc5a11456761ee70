from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import console.view

MODULES = sorted(f"console.view.{file.stem}" for file in Path(console.view.__path__[0]).glob("[a-z]*.py"))


def test_presenters_load_neither_screens_nor_anything_that_draws() -> None:
    code = f"import sys, importlib\nfor name in {MODULES!r}: importlib.import_module(name)\n"
    code += "print([name for name in sys.modules if name.split('.')[0] in ('textual', 'rich', 'asyncio', 'sqlite3')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_package_of_the_screens_loads_nothing_that_draws_before_it_is_shown() -> None:
    code = "import sys, console.tui\nprint([name for name in sys.modules if name.split('.')[0] in ('textual', 'rich')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
