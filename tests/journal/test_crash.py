"""A writer that is killed at any moment: what it acknowledged is there, and the chains hold."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from console.journal import open_output_reader, open_writer, verify
from tests.journal.samples import reading

KILLS = 25

WORKER = """
import asyncio, pathlib, sys
from console.journal import *

async def main():
    writer = open_writer(pathlib.Path(sys.argv[1]), wait=30)
    committer, output = Committer(writer), OutputCommitter(open_output(writer))
    heads = {f"run/{n}": writer.head(f"run/{n}").seq for n in range(3)}

    async def run(stream):
        for seq in range(heads[stream] + 1, heads[stream] + 100_000):
            attempt = f"{stream}/{seq}"
            await output.append(Piece(attempt, 0, (attempt + "\\n").encode() * 50, seq))
            end = await output.seal(attempt)
            data = {"attempt": attempt, "bytes": end.bytes, "sha256": end.sha256}
            row = RunRow(int(stream[4:]), "rb", "t", "running", None, "me", 1, None, seq)
            await committer.commit(Turn(events=[Event(stream, seq, "Ended", seq, "me", None, data)], runs=[row]))
            # One write of less than a pipe's atomic size: the reader sees whole lines only.
            sys.stdout.write(f"{stream} {seq}\\n")
            sys.stdout.flush()

    await asyncio.gather(*(run(stream) for stream in heads))

asyncio.run(main())
"""


@pytest.mark.crash
def test_nothing_acknowledged_is_missing_after_many_kills(home: Path) -> None:
    open_writer(home).close()
    chance = random.Random(20)
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        worker = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WORKER), str(home)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert worker.stdout is not None
        for _ in range(chance.randrange(1, 60)):
            note(acknowledged, worker.stdout.readline())
        worker.kill()
        rest, _ = worker.communicate()
        for line in rest.splitlines(keepends=True):
            note(acknowledged, line)
        check(home, acknowledged)
    assert sum(acknowledged.values()) > KILLS


def note(acknowledged: dict[str, int], line: str) -> None:
    """Remember what a worker said that it had recorded."""
    if line.endswith("\n"):
        stream, seq = line.split()
        acknowledged[stream] = int(seq)


def check(home: Path, acknowledged: dict[str, int]) -> None:
    """Every acknowledged event is there, with its output and its row, before and after the file is opened again."""
    with reading(home) as reader:
        outputs = open_output_reader(home)
        for stream, seq in acknowledged.items():
            assert reader.head(stream).seq >= seq
            end = outputs.end(f"{stream}/{seq}")
            assert end is not None
            assert end.sealed
        for row in reader.runs():
            assert row.seq == reader.head(f"run/{row.id}").seq
        outputs.close()
    report = verify(home)
    assert report.ok, report.problems
