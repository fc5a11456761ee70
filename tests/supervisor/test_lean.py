"""What a supervisor costs is what it imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each of these costs milliseconds, or brings others along that do.
HEAVY = {
    "asyncio", "collections", "enum", "hashlib", "json", "logging", "msgspec", "pathlib", "re", "shutil", "signal",
    "site", "socket", "subprocess", "tempfile", "threading", "traceback", "typing",
}  # fmt: skip


def loaded(imports: str) -> set[str]:
    program = f"import sys; sys.path.append({str(ROOT)!r}); {imports}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_a_supervisor_loads_nothing_that_is_slow() -> None:
    assert loaded("import console.supervisor.supervise") & HEAVY == set()


def test_a_supervisor_loads_the_redactor_and_nothing_else_of_ours() -> None:
    ours = {name for name in loaded("import console.supervisor.supervise") if name.startswith("console")}
    assert {name for name in ours if not name.startswith("console.supervisor")} == {"console", "console.redact"}
