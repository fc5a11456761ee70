"""Rows of lists and snapshots: written with the events, and nothing is lost when they are dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import JournalError
from console.journal import (
    IncidentRow,
    Projections,
    RunRow,
    SnapshotIn,
    TaskRow,
    Turn,
    Writer,
    verify,
)
from tests.journal.samples import event, events, raw, reading


def run(number: int, state: str = "running", seq: int = 1, ended: int | None = None) -> RunRow:
    return RunRow(number, "deploy", f"Run {number}", state, "prod", "alice", 5, ended, seq, b'{"steps":3}')


def task(run: int, key: str, state: str = "open") -> TaskRow:
    return TaskRow(run, key, f"deploy/{key}", 1, "approval", state, '{"för":"ops"}'.encode())


def test_rows_come_and_go_with_their_events(writer: Writer, home: Path) -> None:
    incident = IncidentRow(1, "Disk", "open", "bob", 7, None, 1)
    writer.append(
        Turn(
            events=[event("run/1", 1), event("incident/1", 1)],
            runs=[run(1)],
            tasks=[task(1, "a"), task(1, "b")],
            incidents=[incident],
        )
    )
    writer.append(
        Turn(events=[event("run/1", 2)], runs=[run(1, "waiting", 2)], tasks_gone=[(1, "a")], tasks=[task(1, "c")])
    )
    with reading(home) as reader:
        assert reader.run(1) == run(1, "waiting", 2)
        assert reader.run(2) is None
        assert reader.tasks() == [task(1, "b"), task(1, "c")]
        assert reader.incidents() == [incident]
    writer.append(Turn(tasks_cleared=[1], tasks=[task(1, "d"), task(2, "a")], incidents_gone=[1]))
    with reading(home) as reader:
        assert reader.tasks(1) == [task(1, "d")]
        assert reader.tasks(2) == [task(2, "a")]
        assert reader.incidents() == []
    writer.append(Turn(runs_gone=[1]))
    with reading(home) as reader:
        assert reader.runs() == []


def test_the_row_of_a_run_is_replaced_whole_whether_it_goes_on_ends_or_comes_back(writer: Writer, home: Path) -> None:
    rows = [
        run(1),
        RunRow(1, "other", "Another title", "waiting", None, "bob", 6, None, 2, b'{"steps":4}'),
        run(1, "failed", 3, ended=9),
        run(1, "failed", 4, ended=10),
        run(1, "rolling_back", 5),
        run(1, "rolling_back", 6),
    ]
    for row in rows:
        writer.append(Turn(events=[event("run/1", row.seq)], runs=[row]))
        with reading(home) as reader:
            assert reader.runs() == [row]
            assert reader.runs(open_only=True) == ([] if row.ended_at else [row])


def test_a_row_that_cannot_be_written_takes_its_events_back(writer: Writer, home: Path) -> None:
    bad = RunRow(1, "deploy", None, "running", None, "alice", 1, None, 1)  # type: ignore[arg-type]
    with pytest.raises(JournalError, match="NOT NULL"):
        writer.append(Turn(events=[event("run/1", 1)], runs=[run(2), bad]))
    with reading(home) as reader:
        assert (reader.streams(), reader.runs()) == ([], [])


def test_the_newest_runs_come_first_in_pages(writer: Writer, home: Path) -> None:
    writer.append(Turn(runs=[run(number, ended=9 if number % 2 else None, seq=0) for number in range(1, 11)]))
    with reading(home) as reader:
        assert [row.id for row in reader.runs(limit=3)] == [10, 9, 8]
        assert [row.id for row in reader.runs(before=8, limit=3)] == [7, 6, 5]
        assert [row.id for row in reader.runs(open_only=True, before=6)] == [4, 2]
        assert reader.last_run() == 10


def test_the_lists_can_be_thrown_away_and_made_again(writer: Writer, home: Path) -> None:
    writer.append(Turn(events=events("run/1", 1, 3), runs=[run(1, seq=3)], tasks=[task(1, "a")]))
    with reading(home) as reader:
        before = reader.projections()
    with raw(home / "journal.db") as connection:
        connection.execute("DELETE FROM run")
        connection.execute("UPDATE task SET state = 'nonsense'")
    assert verify(home).ok
    writer.rebuild(before)
    with reading(home) as reader:
        assert reader.projections() == before
    writer.rebuild(Projections())
    with reading(home) as reader:
        assert reader.projections() == Projections(runs=[], tasks=[], incidents=[])
        assert reader.head("run/1").seq == 3


def test_a_rebuild_that_fails_leaves_the_lists_as_they_were(writer: Writer, home: Path) -> None:
    writer.append(Turn(runs=[run(1, seq=0)]))
    bad = RunRow(2, "deploy", None, "running", None, "alice", 1, None, 1)  # type: ignore[arg-type]
    with pytest.raises(JournalError):
        writer.rebuild(Projections(runs=[bad]))
    with reading(home) as reader:
        assert reader.runs() == [run(1, seq=0)]
    assert writer.failed is None
    writer.append(Turn(events=[event("run/1", 1)]))


def test_a_snapshot_is_used_only_while_it_belongs(writer: Writer, home: Path) -> None:
    receipt = writer.append(Turn(events=events("run/1", 1, 3), snapshots=[SnapshotIn("run/1", 2, "v1", b"\x00state")]))
    writer.append(Turn(events=events("run/1", 4, 4)))
    with reading(home) as reader:
        found = reader.snapshot("run/1", "v1")
        stored = reader.event("run/1", 2)
        assert found is not None
        assert stored is not None
        assert (found.seq, found.hash, found.body) == (2, stored.hash, b"\x00state")
        assert reader.snapshot("run/1", "v2") is None
        assert reader.snapshot("run/2", "v1") is None
    writer.append(Turn(snapshots=[SnapshotIn("run/1", 4, "v2", b"later")]))
    with reading(home) as reader:
        later = reader.snapshot("run/1", "v2")
        assert later is not None
        assert (later.seq, later.body) == (4, b"later")
        assert reader.snapshot("run/1", "v1") is None
    with raw(home / "journal.db") as connection:
        connection.execute("UPDATE snapshot SET hash = zeroblob(32)")
    with reading(home) as reader:
        assert reader.snapshot("run/1", "v2") is None
    assert receipt.heads["run/1"].seq == 3


def test_snapshots_can_be_dropped_and_the_events_remain(writer: Writer, home: Path) -> None:
    writer.append(Turn(events=events("run/1", 1, 2), snapshots=[SnapshotIn("run/1", 2, "v1", b"s")]))
    writer.drop_snapshots()
    with reading(home) as reader:
        assert reader.snapshot("run/1", "v1") is None
        assert reader.head("run/1").seq == 2
    assert verify(home).ok


@pytest.mark.parametrize("seq", [3, 100])
def test_a_snapshot_of_the_future_is_refused(writer: Writer, seq: int) -> None:
    with pytest.raises(JournalError, match="not recorded"):
        writer.append(Turn(events=events("run/1", 1, 2), snapshots=[SnapshotIn("run/1", seq, "v", b"")]))
