"""Reading streams: in order, in pages, and without holding anything back."""

from __future__ import annotations

import msgspec
import pytest

from console.errors import JournalCorrupt
from console.journal import Envelope, Turn, Writer, open_reader
from console.journal import read as read_module
from tests.journal.samples import event, events, reading, turn, without_triggers


@pytest.fixture(params=[2, 3, 5_000])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Sizes at which pages end in the middle of a stream, with it, and never."""
    size: int = request.param
    monkeypatch.setattr(read_module, "PAGE", size)
    return size


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("length", [0, 1, 2, 3, 6, 7])
def test_a_stream_comes_back_in_order_from_any_event_on(writer: Writer, length: int) -> None:
    made = events("run/1", 1, length)
    writer.append(Turn(events=[*made, event("run/2", 1)]))
    with reading(writer.home) as reader:
        for after in range(length + 2):
            wanted = [one.seq for one in made if one.seq > after]
            bodies = [msgspec.json.decode(body, type=Envelope) for body in reader.bodies("run/1", after)]
            assert [body.seq for body in bodies] == wanted
            assert [found.seq for found in reader.events("run/1", after)] == wanted
            for limit in (0, 1, 2, 3, 100):
                assert [found.seq for found in reader.events("run/1", after, limit)] == wanted[:limit]


@pytest.mark.usefixtures("page")
def test_a_checked_reading_follows_the_chain(writer: Writer) -> None:
    writer.append(turn("run/1", 1, 7))
    with reading(writer.home) as reader:
        for after in range(8):
            assert len(list(reader.events("run/1", after, checked=True))) == 7 - after


@pytest.mark.parametrize(
    ("statement", "good"),
    [
        ("UPDATE event SET body = replace(body, 'event 4', 'event X') WHERE seq = 4", 3),
        ("DELETE FROM event WHERE seq = 4", 3),
        ("UPDATE event SET hash = zeroblob(32) WHERE seq = 1", 0),
    ],
)
def test_a_checked_reading_stops_where_the_chain_breaks(writer: Writer, statement: str, good: int) -> None:
    writer.append(turn("run/1", 1, 7))
    with without_triggers(writer.home / "journal.db") as connection:
        connection.execute(statement)
    with reading(writer.home) as reader:
        checked = reader.events("run/1", checked=True)
        assert [next(checked).seq for _ in range(good)] == list(range(1, good + 1))
        with pytest.raises(JournalCorrupt, match=f"Event {good + 1} "):
            next(checked)


def test_streams_are_found_by_the_beginning_of_their_names(writer: Writer) -> None:
    names = ["access", "home", "incident/1", "run/1", "run/10", "run/2", "runx", "r"]
    for name in names:
        writer.append(turn(name, 1, 3))
    with reading(writer.home) as reader:
        assert reader.streams() == sorted(names)
        assert reader.streams("run/") == ["run/1", "run/10", "run/2"]
        assert reader.streams("run/1") == ["run/1", "run/10"]
        assert reader.streams("nothing") == []
        assert [(head.stream, head.seq) for head in reader.heads("i")] == [("incident/1", 3)]
        assert reader.heads("home") == [writer.head("home")]
        assert reader.head("nothing").seq == 0


def test_a_half_read_stream_does_not_hold_the_log_back(writer: Writer) -> None:
    writer.append(turn("run/1", 1, 50))
    reader = open_reader(writer.home)
    half_read = [reader.bodies("run/1"), reader.events("run/1")]
    for reading_of in half_read:
        next(iter(reading_of))
    writer.append(turn("run/1", 51, 60))
    busy, _, _ = writer._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert (writer.home / "journal.db-wal").stat().st_size == 0
    reader.close()


def test_a_reader_sees_what_was_committed_since_it_was_opened(writer: Writer) -> None:
    with reading(writer.home) as reader:
        assert reader.streams() == []
        writer.append(turn("run/1", 1))
        assert reader.head("run/1") == writer.head("run/1")


def test_one_event_by_its_place(writer: Writer) -> None:
    writer.append(turn("run/1", 1, 2))
    with reading(writer.home) as reader:
        found = reader.event("run/1", 2)
        assert found is not None
        assert (found.seq, found.hash) == (2, writer.head("run/1").hash)
        assert reader.event("run/1", 3) is None
        assert reader.event("run/1", 0) is None
