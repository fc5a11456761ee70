"""Free text: out of the chain, and out of the file when it is struck."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.errors import JournalError, JournalLocked
from console.journal import NoteClaim, Turn, Writer, make_note, verify
from tests.journal.samples import event, raw, reading

SECRET = "hunter2 was typed by mistake"


def bytes_of(home: Path) -> bytes:
    """Everything that lies in the home's files."""
    return b"".join(path.read_bytes() for path in sorted(home.iterdir()))


def test_a_struck_note_is_gone_from_the_disk_and_the_chain_still_holds(writer: Writer, home: Path) -> None:
    note = make_note(SECRET)
    other = make_note("stays")
    writer.append(Turn(events=[event("run/1", 1, note=note.id)], notes=[note, other]))
    assert SECRET.encode() in bytes_of(home)
    writer.strike(note.id, at=99)
    assert note.salt is not None
    assert SECRET.encode() not in bytes_of(home)
    assert note.salt not in bytes_of(home)
    with reading(home) as reader:
        struck = reader.note(note.id)
        assert struck is not None
        assert (struck.text, struck.salt, struck.struck_at) == (None, None, 99)
        assert reader.note(other.id) == other
    report = verify(home, lambda *_: [NoteClaim(note.id)])
    assert (report.ok, report.notes, report.struck) == (True, 2, 1)


def test_striking_twice_keeps_the_first_time_and_an_unknown_note_is_an_error(writer: Writer, home: Path) -> None:
    note = make_note("x")
    writer.append(Turn(notes=[note]))
    writer.strike(note.id, at=1)
    writer.strike(note.id, at=2)
    with reading(home) as reader:
        found = reader.note(note.id)
    assert found is not None
    assert found.struck_at == 1
    with pytest.raises(JournalError, match="no such note"):
        writer.strike("0" * 64, at=1)
    assert writer.failed is None
    writer.append(Turn(events=[event("run/1", 1)]))


def test_a_note_that_a_reader_keeps_in_the_log_can_be_struck_again(writer: Writer, home: Path) -> None:
    note = make_note(SECRET)
    writer.append(Turn(events=[event("run/1", 1, note=note.id)], notes=[note]))
    writer._connection.execute("PRAGMA busy_timeout=20")
    with raw(home / "journal.db") as reader:
        half_read = reader.execute("SELECT * FROM meta UNION ALL SELECT * FROM meta")
        half_read.fetchone()
        with pytest.raises(JournalLocked, match="stays in the log"):
            writer.strike(note.id, at=1)
        half_read.close()
    writer.strike(note.id, at=2)
    assert SECRET.encode() not in bytes_of(home)
    assert writer.failed is None


def test_a_struck_note_does_not_come_back_when_its_turn_is_repeated(writer: Writer, home: Path) -> None:
    note = make_note("x")
    turn = Turn(events=[event("run/1", 1, note=note.id)], notes=[note])
    writer.append(turn)
    writer.strike(note.id, at=1)
    writer.append(turn)
    with reading(home) as reader:
        found = reader.note(note.id)
    assert found is not None
    assert found.text is None


def test_the_same_text_has_another_digest_each_time() -> None:
    assert make_note("yes").id != make_note("yes").id


@pytest.mark.parametrize("text", ["", "\x00 inside", "a\nb\r\n", "\U0001f600" * 1000, "x" * 1_000_000])
def test_any_text_comes_back_as_it_was(writer: Writer, home: Path, text: str) -> None:
    note = make_note(text)
    writer.append(Turn(notes=[note]))
    with reading(home) as reader:
        assert reader.note(note.id) == note
    assert verify(home).ok
