"""The output's files when a write is cut short."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from console.supervise import read_pieces
from console.supervisor.layout import TIMES, TIMES_RECORD
from tests.supervise.lab import sha256

ROOT = Path(__file__).parents[2]

# No file may grow beyond 40 bytes: the third record of 17 fits by six bytes only.
PROGRAM = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from console.supervisor.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40))
store = Store()
for number, stream in enumerate([1, 2, 1, 2]):
    store.append(stream, b"12345\\n", 1000 + number)
store.finish()
print(json.dumps([store.bytes, store.lines, store.lost, store.sha256, store.trouble]))
"""


def test_half_a_record_of_time_shifts_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    size, lines, lost, digest, trouble = json.loads(done.stdout)
    assert (tmp_path / TIMES).stat().st_size == 2 * TIMES_RECORD
    pieces = read_pieces(tmp_path, 0, 100)
    assert [(piece.at, piece.stream, piece.data) for piece in pieces] == [(1000, 1, b"12345\n"), (1001, 2, b"12345\n")]
    assert (size, lines, lost) == (12, 2, 12)
    assert digest == sha256(b"12345\n" * 2)
    assert trouble
