"""A full disk, a limit, a failing disk: what was acknowledged stays, and nothing more is taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.errors import JournalError, JournalFull
from console.journal import Event, OutputStore, Piece, Turn, Writer, open_output_reader, open_writer, verify
from console.journal.home import RESERVE, RESERVE_BYTES
from tests.journal.samples import reading, turn

BIG = "x" * 3000


def big(seq: int) -> Turn:
    """A turn of one event that takes a page."""
    return Turn(events=[Event("run/1", seq, "T", seq, None, None, {"text": BIG})])


def fill(writer: Writer) -> tuple[int, JournalError]:
    """Append until it fails; returns the last acknowledged event and the error."""
    for seq in range(1, 20_000):
        try:
            writer.append(big(seq))
        except JournalError as error:
            return seq - 1, error
    pytest.fail("the disk never got full")


def check_stopped(writer: Writer, home: Path, last: int) -> None:
    """After a failed write nothing is taken, not even what would fit, and everything acknowledged can be read."""
    with pytest.raises(JournalFull, match="Nothing more is recorded"):
        writer.append(turn("run/2", 1))
    with pytest.raises(JournalFull):
        writer.drop_snapshots()
    with reading(home) as reader:
        assert reader.head("run/1").seq == last
        assert sum(1 for _ in reader.events("run/1", checked=True)) == last
        assert reader.head("run/2").seq == 0


def test_when_pages_run_out_the_writer_stops(writer: Writer, home: Path) -> None:
    writer._connection.execute("PRAGMA max_page_count=200")
    last, error = fill(writer)
    assert last > 10
    assert isinstance(error, JournalFull)
    assert "journal.db" in error.message
    assert error.mend
    assert "Free space" in error.mend
    assert isinstance(writer.failed, JournalFull)
    check_stopped(writer, home, last)
    writer.close()
    assert verify(home).ok
    reopened = open_writer(home)
    reopened.append(big(last + 1))
    reopened.close()


def test_every_turn_of_a_group_that_cannot_be_written_is_refused(writer: Writer, home: Path) -> None:
    writer._connection.execute("PRAGMA max_page_count=80")
    results = writer.append_all([big(seq) for seq in range(1, 200)])
    assert {type(result) for result in results} == {JournalFull}
    with reading(home) as reader:
        assert reader.streams() == []


def test_the_reserve_is_given_back(writer: Writer, home: Path) -> None:
    assert (home / RESERVE).stat().st_blocks * 512 >= RESERVE_BYTES
    writer._connection.execute("PRAGMA max_page_count=80")
    fill(writer)
    assert (home / RESERVE).stat().st_size == 0
    writer.close()
    open_writer(home).close()
    assert (home / RESERVE).stat().st_size == RESERVE_BYTES


def test_output_that_cannot_be_written_stops_the_journal_too(writer: Writer, store: OutputStore, home: Path) -> None:
    store.append(Piece("1/a", 0, b"kept\n", 1))
    writer.output_connection.execute("PRAGMA max_page_count=100")
    with pytest.raises(JournalFull, match=r"output\.db"):
        store.append(Piece("1/a", 5, b"y" * 2_000_000, 2))
    with pytest.raises(JournalFull, match="Nothing more"):
        store.append(Piece("1/a", 5, b"z", 3))
    with pytest.raises(JournalFull, match="Nothing more"):
        writer.append(turn("run/1", 1))
    reader = open_output_reader(home)
    assert reader.read("1/a", 0, 100) == b"kept\n"
    reader.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(mount)], capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small file system")
def test_a_full_file_system_stops_the_writer_and_the_reserve_makes_room_to_mend(small_disk: Path) -> None:
    home = small_disk / "home"
    writer = open_writer(home)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    last, error = fill(writer)
    assert isinstance(error, JournalFull)
    assert last > 100
    check_stopped(writer, home, last)
    (small_disk / "report").write_bytes(bytes(RESERVE_BYTES // 2))
    (small_disk / "report").unlink()
    writer.close()
    report = verify(home)
    assert report.ok, report.problems
    assert report.events == last
    filler = small_disk / "filler"
    room = os.statvfs(small_disk)
    filler.write_bytes(bytes(room.f_bavail * room.f_frsize))
    with pytest.raises(JournalFull, match=RESERVE):
        open_writer(home)
    filler.unlink()
    ballast.unlink()
    writer = open_writer(home)
    writer.append(big(last + 1))
    writer.close()
    assert verify(home).ok


def test_a_write_that_the_system_refuses_stops_the_writer(home: Path) -> None:
    code = """
    import json, pathlib, resource, sys
    from console.errors import JournalError
    from console.journal import Event, Turn, open_writer
    writer = open_writer(pathlib.Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    seq, errors = 0, []
    while len(errors) < 2:
        try:
            writer.append(Turn(events=[Event("run/1", seq + 1, "T", 1, None, None, {"text": "x" * 3000})]))
            seq += 1
        except JournalError as error:
            errors.append([error.code, error.message])
    print(json.dumps([seq, errors]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.stderr == ""
    last, [first, second] = json.loads(done.stdout)
    assert last > 10
    assert "refused to read or write" in first[1]
    assert "Nothing more is recorded" in second[1]
    report = verify(home)
    assert report.ok, report.problems
    assert report.events == last
