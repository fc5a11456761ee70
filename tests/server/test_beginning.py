"""A server that comes back has steps to see to: what it does not need for that is not loaded before."""

from __future__ import annotations

import json
import subprocess
import sys

SLOW = ("jinja2", "yaml", "sqlite_utils", "textual", "rich")
LOADED = """
import json, sys
from console.cli.lean import import_msgspec
import_msgspec()
import console.cli.server_run, console.server.main
print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))
"""


def test_a_server_begins_without_what_takes_long_to_import() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED, *SLOW], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []
