"""Opening a home: made whole or not at all, and refused with one clear message when something is wrong with it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from console.errors import JournalCorrupt, JournalError, JournalLocked, JournalTooNew
from console.journal import Piece, checks, open_output, open_writer, verify
from console.journal import home as home_module
from console.journal.home import check_home, file_system
from console.journal.making import migrate
from console.journal.schema import JOURNAL, OUTPUT, Layout, Migration
from tests.journal.samples import raw, reading, turn

FILES = ["journal.db", "output.db"]
HOLD = """
import pathlib, sys
from console.journal import open_writer
writer = open_writer(pathlib.Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def used(home: Path) -> Path:
    """A home with some events in it, closed cleanly."""
    writer = open_writer(home)
    for run in range(1, 40):
        writer.append(turn(f"run/{run}", 1, 20))
    writer.close()
    return home


def digests(home: Path) -> dict[str, str]:
    """What the files of a home hold."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.iterdir())
        if path.is_file() and path.name.endswith(".db")
    }


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a process of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2])


def test_a_new_home_is_made_and_private_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        writer = open_writer(home)
        writer.append(turn("run/1", 1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
        writer.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}, modes
    assert {"journal.db", "journal.db-wal", "output.db", "reserve"} <= modes.keys()


def test_everything_that_keeps_the_file_safe_is_set(home: Path) -> None:
    writer = open_writer(home)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "cell_size_check": 1,
        "mmap_size": 0,
        "secure_delete": 1,
    }
    connection = writer._connection
    found = {name: (connection.execute(f"PRAGMA {name}").fetchone() or (0,))[0] for name in wanted}
    assert found == wanted
    assert writer.output_connection.execute("PRAGMA synchronous").fetchone() == (1,)
    writer.close()


def test_opening_again_changes_nothing_and_keeps_the_name(used: Path) -> None:
    before = digests(used)
    writer = open_writer(used)
    name = writer.journal
    writer.close()
    assert digests(used) == before
    with reading(used) as reader:
        assert reader.journal == name


def test_an_up_to_date_home_is_opened_without_sqlite_utils(used: Path) -> None:
    done = run_python(
        """
        import pathlib, sys
        from console.journal import open_reader, open_writer
        home = pathlib.Path(sys.argv[1])
        writer = open_writer(home)
        open_reader(home).close()
        writer.close()
        print("sqlite_utils" in sys.modules)
        """,
        used,
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_second_opener_is_told_who_was_first(used: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD,
            str(used),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    try:
        with pytest.raises(JournalLocked, match=f"process {holder.pid}"):
            open_writer(used, wait=0)
        with reading(used) as reader:
            assert reader.head("run/1").seq == 20
    finally:
        holder.kill()
        holder.communicate()
    # However it ended, its claim ended with it.
    open_writer(used, wait=10).close()


def test_one_process_cannot_open_it_twice_either(home: Path) -> None:
    writer = open_writer(home)
    with pytest.raises(JournalLocked, match=str(os.getpid())):
        open_writer(home, wait=0)
    writer.close()
    open_writer(home, wait=0).close()


def test_processes_that_make_a_home_at_once_make_one(home: Path) -> None:
    code = """
    import pathlib, sys
    from console.journal import Event, Turn, open_writer
    sys.stdin.readline()
    writer = open_writer(pathlib.Path(sys.argv[1]), wait=60)
    writer.append(Turn(events=[Event(f"run/{sys.argv[2]}", 1, "T", 1, None, None, {})]))
    print(writer.journal)
    writer.close()
    """
    together = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), str(home), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for number in range(4)
    ]
    results = [process.communicate(b"\n", timeout=90) for process in together]
    assert [error for _, error in results] == [b""] * 4
    assert len({out for out, _ in results}) == 1
    with reading(home) as reader:
        assert reader.streams() == [f"run/{number}" for number in range(4)]


Break = Callable[[Path], None]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("this is not a database\n" * 400)


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def cut_in_the_middle(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_in_the_header(path: Path) -> None:
    os.truncate(path, 50)


def without_last_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def foreign(path: Path) -> None:
    path.unlink()
    with raw(path) as connection:
        connection.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY)")
    path.chmod(0o600)


def zeroed_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(4096))


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "damage",
    [
        empty,
        text,
        binary,
        cut_in_the_middle,
        cut_in_the_header,
        without_last_page,
        directory,
        link,
        foreign,
        zeroed_page,
    ],
)
def test_a_damaged_file_is_refused_and_nothing_is_overwritten(used: Path, file: str, damage: Break) -> None:
    damage(used / file)
    before = digests(used)
    with pytest.raises(JournalCorrupt) as caught:
        open_writer(used, wait=0)
    assert str(used / file) in str(caught.value)
    assert caught.value.mend
    assert digests(used) == before
    report = verify(used)
    assert not report.ok
    assert digests(used) == before


def test_an_empty_file_is_called_empty(used: Path) -> None:
    empty(used / "journal.db")
    with pytest.raises(JournalCorrupt, match="the file is empty"):
        open_writer(used, wait=0)


def test_a_cut_file_that_is_too_big_to_read_through_is_found_by_its_length(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "FULL_CHECK_BYTES", 0)
    open_writer(used, wait=0).close()
    without_last_page(used / "journal.db")
    with pytest.raises(JournalCorrupt, match="malformed"):
        open_writer(used, wait=0)


@pytest.mark.parametrize(
    ("missing", "message"), [("journal.db", "holds|says what"), ("output.db", "output of the runs")]
)
def test_a_file_that_vanished_is_not_replaced_by_an_empty_one(used: Path, missing: str, message: str) -> None:
    writer = open_writer(used)
    open_output(writer).append(Piece("1/a", 0, b"text", 1))
    writer.close()
    (used / missing).unlink()
    with pytest.raises(JournalCorrupt, match=message):
        open_writer(used, wait=0)
    assert not (used / missing).exists()


def test_a_log_without_its_journal_is_not_thrown_away(used: Path) -> None:
    (used / "output.db").unlink()
    (used / "journal.db").rename(used / "journal.db-wal")
    with pytest.raises(JournalCorrupt, match="log"):
        open_writer(used, wait=0)


def test_what_a_killed_maker_left_is_cleared_away(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "journal.db.new").write_bytes(b"half made")
    (home / "output.db.new-wal").write_bytes(b"half made")
    writer = open_writer(home)
    writer.append(turn("run/1", 1))
    writer.close()
    assert verify(home).ok
    assert not list(home.glob("*.new*"))


def test_a_home_that_was_killed_between_its_two_files_is_finished(home: Path) -> None:
    writer = open_writer(home)
    name = writer.journal
    writer.close()
    (home / "journal.db").unlink()
    writer = open_writer(home)
    assert writer.journal == name
    writer.close()


@pytest.mark.parametrize("layout", [JOURNAL, OUTPUT], ids=FILES)
def test_a_later_format_is_left_alone(used: Path, layout: Layout) -> None:
    with raw(used / layout.file) as connection:
        connection.execute(f"PRAGMA user_version={layout.format + 1}")
    before = digests(used)
    with pytest.raises(JournalTooNew, match=f"format {layout.format + 1}"):
        open_writer(used, wait=0)
    assert [problem.code for problem in verify(used).problems] == ["journal-too-new"]
    assert digests(used) == before


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("DROP TRIGGER event_no_update", "trigger event_no_update is missing"),
        ("DROP INDEX run_open", "index run_open is missing"),
        ("CREATE TRIGGER helper AFTER INSERT ON event BEGIN SELECT 1; END", "trigger helper does not belong"),
        ("CREATE TRIGGER sly AFTER INSERT ON _sqlite_migrations BEGIN SELECT 1; END", "trigger sly does not belong"),
        ("CREATE VIEW event_view AS SELECT * FROM event", "view event_view does not belong"),
        ("ALTER TABLE event ADD COLUMN extra TEXT", "table event was changed"),
    ],
)
def test_a_changed_schema_is_refused_and_named(used: Path, statement: str, finding: str) -> None:
    with raw(used / "journal.db") as connection:
        connection.execute(statement)
    with pytest.raises(JournalCorrupt, match=finding):
        open_writer(used, wait=0)
    assert any(problem.code == "schema" and finding in problem.message for problem in verify(used).problems)


def test_files_of_two_journals_are_not_put_together(used: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    open_writer(other).close()
    (other / "output.db").replace(used / "output.db")
    with pytest.raises(JournalCorrupt, match="belongs to journal"):
        open_writer(used, wait=0)
    assert not verify(used).ok


def test_a_file_that_others_may_read_is_refused(used: Path) -> None:
    (used / "journal.db").chmod(0o644)
    with pytest.raises(JournalError, match="644") as caught:
        open_writer(used, wait=0)
    assert caught.value.mend == f"chmod 600 {used / 'journal.db'}"


def test_a_home_that_others_may_write_to_is_refused(used: Path) -> None:
    used.chmod(0o770)
    with pytest.raises(JournalError, match="Others may write"):
        open_writer(used, wait=0)


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(JournalError, match="not a directory"):
        open_writer(tmp_path / "home")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("owner", [0, 65534])
def test_another_users_journal_is_refused_in_words(owner: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        home = Path(directory, "home")
        open_writer(home).close()
        home.chmod(0o755)
        os.chown(home, owner, owner)
        done = run_python(
            """
            import os, pathlib, sys
            from console.errors import JournalError
            from console.journal import open_writer, verify
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
            home = pathlib.Path(sys.argv[1])
            try:
                open_writer(home, wait=0)
            except JournalError as error:
                print(error.code, error.message)
            print(verify(home).problems[0].message)
            """,
            home,
        )
    assert done.stderr == ""
    opened, verified = done.stdout.splitlines()
    assert opened == "journal Cannot open journal.lock: Permission denied."
    assert "journal.db cannot be opened" in verified


def test_a_network_file_system_is_refused(used: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "file_system", lambda _: "nfs4")
    with pytest.raises(JournalError, match="nfs4"):
        check_home(used)


def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw shared:1 - ext4 /dev/root rw\n"
        "2 1 0:40 / /srv rw,noatime - nfs4 server:/srv rw\n"
        "3 2 0:41 / /srv/my\\040disk rw master:2 - xfs /dev/sdb rw\n"
        "4 1 0:42 / /over rw - nfs server:/a rw\n"
        "5 1 0:43 / /over rw - tmpfs tmpfs rw\n"
        "nonsense\n"
    )
    found = {
        path: file_system(Path(path), mounts)
        for path in ("/", "/home/x", "/srv", "/srv/a/b", "/srvx", "/srv/my disk/home", "/over/x")
    }
    assert found == {
        "/": "ext4",
        "/home/x": "ext4",
        "/srv": "nfs4",
        "/srv/a/b": "nfs4",
        "/srvx": "ext4",
        "/srv/my disk/home": "xfs",
        "/over/x": "tmpfs",
    }
    assert file_system(Path("/"), tmp_path / "none") is None


def test_released_migrations_are_not_edited() -> None:
    """A new format is a new migration; when one of these differs, a released file would not be opened any more."""
    found = {
        migration.name: hashlib.sha256("\0".join(migration.statements).encode()).hexdigest()[:16]
        for layout in (JOURNAL, OUTPUT)
        for migration in layout.migrations
    }
    assert found == {"m001_journal": "4401fea1b7c7862c", "m001_output": "f28c99ca1ca20348"}


def test_a_failed_migration_leaves_the_file_as_it_was(used: Path) -> None:
    broken = Layout(
        JOURNAL.file,
        JOURNAL.application_id,
        (*JOURNAL.migrations, Migration("m002", ("CREATE TABLE extra (id)", "CREATE TABLE event (id)"))),
    )
    with raw(used / "journal.db") as connection:
        with pytest.raises(sqlite3.Error, match="already exists"):
            migrate(connection, broken)
        assert not connection.in_transaction
    writer = open_writer(used)
    writer.append(turn("run/1", 21))
    writer.close()
    assert verify(used).ok


def test_a_later_migration_runs_once_and_moves_the_format_on(used: Path) -> None:
    later = Layout(
        JOURNAL.file,
        JOURNAL.application_id,
        (*JOURNAL.migrations, Migration("m002", ("CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT",))),
    )
    with raw(used / "journal.db") as connection:
        migrate(connection, later)
        migrate(connection, later)
        assert connection.execute("PRAGMA user_version").fetchone() == (JOURNAL.format + 1,)
    with pytest.raises(JournalTooNew):
        open_writer(used)
