"""What the writer takes, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from console.errors import JournalError, JournalForked
from console.journal import (
    Definition,
    Event,
    Note,
    Receipt,
    Reply,
    RunRow,
    SnapshotIn,
    TaskRow,
    Turn,
    Writer,
    define,
    make_note,
    open_writer,
    verify,
)
from console.journal.projections import write_rows
from tests.journal.samples import event, events, raw, reading, turn

ROW = RunRow(1, "deploy", "Deploy", "running", "prod", "alice", 5, None, 1)


def rows_in(home: Path) -> dict[str, int]:
    """How many rows each table has."""
    with raw(home / "journal.db") as connection:
        names = ("event", "definition", "note_text", "command", "snapshot", "run", "task")
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def test_the_chain_can_be_recomputed_from_its_description(writer: Writer, home: Path) -> None:
    receipt = writer.append(Turn(events=[event("run/7", 1, text="naïve — ☃"), event("run/7", 2)]))
    text = f"console-journal\nformat 1\njournal {writer.journal}\nstream run/7\n"
    link = hashlib.sha256(text.encode()).digest()
    with raw(home / "journal.db") as connection:
        stored = connection.execute("SELECT seq, body, hash FROM event ORDER BY seq").fetchall()
    for seq, body, found in stored:
        link = hashlib.sha256(link + seq.to_bytes(8, "big") + body.encode()).digest()
        assert link == found
    assert receipt.heads["run/7"].hash == link
    assert json.loads(stored[0][1]) == {
        "at": 1_790_000_000_001,
        "cause": "c1",
        "data": {"text": "naïve — ☃"},
        "seq": 1,
        "stream": "run/7",
        "type": "StepEnded",
        "who": {"name": "alice"},
    }


def test_each_stream_has_a_chain_of_its_own(writer: Writer) -> None:
    one = writer.append(turn("run/1", 1)).heads["run/1"]
    two = writer.append(turn("run/2", 1)).heads["run/2"]
    assert (one.seq, two.seq) == (1, 1)
    assert one.hash != two.hash


def test_the_same_event_again_is_accepted_and_written_once(writer: Writer, home: Path) -> None:
    first = writer.append(turn("run/1", 1, 3))
    again = writer.append(turn("run/1", 1, 3))
    assert again == Receipt(first.heads, repeated=3)
    assert rows_in(home)["event"] == 3


def test_a_repetition_may_go_on_with_new_events(writer: Writer) -> None:
    writer.append(turn("run/1", 1, 3))
    receipt = writer.append(turn("run/1", 2, 5))
    assert (receipt.repeated, receipt.heads["run/1"].seq) == (2, 5)


def test_another_event_in_the_same_place_stops_the_stream_and_no_other(writer: Writer, home: Path) -> None:
    writer.append(turn("run/1", 1, 2))
    with pytest.raises(JournalForked, match="forked"):
        writer.append(Turn(events=[event("run/1", 2, text="another story")]))
    with pytest.raises(JournalForked):
        writer.append(turn("run/1", 3))
    with pytest.raises(JournalForked):
        writer.append(Turn(events=[event("run/2", 1), event("run/1", 3)]))
    writer.append(turn("run/2", 1))
    with reading(home) as reader:
        assert reader.head("run/1").seq == 2
        assert reader.head("run/2").seq == 1


def test_a_forked_stream_goes_on_from_what_is_recorded_once_reopened(home: Path) -> None:
    writer = open_writer(home)
    writer.append(turn("run/1", 1))
    with pytest.raises(JournalForked):
        writer.append(Turn(events=[event("run/1", 1, other=True)]))
    writer.close()
    writer = open_writer(home)
    writer.append(turn("run/1", 2))
    writer.close()
    assert verify(home).ok


@pytest.mark.parametrize("seq", [0, -1, 3, 100, 2**60])
def test_a_gap_is_refused_and_stops_nothing(writer: Writer, seq: int) -> None:
    writer.append(turn("run/1", 1))
    with pytest.raises(JournalError):
        writer.append(Turn(events=[event("run/1", seq)]))
    assert writer.append(turn("run/1", 2)).heads["run/1"].seq == 2


def test_a_refused_turn_leaves_nothing_of_itself(writer: Writer, home: Path) -> None:
    writer.append(turn("home", 1))
    before = rows_in(home)
    with pytest.raises(JournalError):
        writer.append(
            Turn(
                events=[*events("run/1", 1, 3), event("home", 3)],
                notes=[make_note("a reason")],
                definitions=[define("runbook", "text/yaml", b"id: x")],
                replies=[Reply("c", "run/1", 1, "{}", 1)],
                runs=[ROW],
                tasks=[TaskRow(1, "t", "p", 1, "manual", "open")],
                snapshots=[SnapshotIn("run/1", 1, "v", b"s")],
            )
        )
    assert rows_in(home) == before
    assert writer.head("run/1").seq == 0
    writer.append(turn("run/1", 1))


def test_a_late_refusal_takes_the_events_back_too(writer: Writer, home: Path) -> None:
    before = rows_in(home)
    bad = Definition("0" * 64, "runbook", "text/yaml", b"id: x")
    with pytest.raises(JournalError, match="digest"):
        writer.append(Turn(events=events("run/1", 1, 2), definitions=[bad], runs=[ROW]))
    assert rows_in(home) == before
    assert writer.append(turn("run/1", 1)).heads["run/1"].seq == 1


def test_of_a_group_only_the_bad_turns_are_refused(writer: Writer, home: Path) -> None:
    bad_row = RunRow(2, "deploy", "Deploy", "running", None, "alice", "yesterday", None, 1)  # type: ignore[arg-type]
    results = writer.append_all(
        [
            turn("run/1", 1, 2),
            Turn(events=[event("run/1", 2, text="fork")]),
            turn("run/2", 1),
            turn("run/3", 5),
            Turn(events=[event("run/4", 1)], runs=[bad_row]),
            turn("run/4", 1),
            turn("run/2", 2),
        ]
    )
    kinds = [type(result) for result in results]
    refused = JournalError
    assert kinds == [Receipt, JournalForked, Receipt, refused, refused, Receipt, Receipt], results
    with reading(home) as reader:
        assert {head.stream: head.seq for head in reader.heads()} == {"run/1": 2, "run/2": 2, "run/4": 1}
        assert reader.runs() == []
    assert verify(home).ok


def test_a_turn_that_follows_a_refused_one_in_its_group_is_refused_as_a_gap(writer: Writer) -> None:
    bad = Turn(events=[event("run/1", 1)], definitions=[Definition("0" * 64, "k", "m", b"x")])
    first, second = writer.append_all([bad, turn("run/1", 2)])
    assert isinstance(first, JournalError)
    assert isinstance(second, JournalError)
    assert writer.append(turn("run/1", 1)).heads["run/1"].seq == 1


@pytest.mark.parametrize(
    "broken",
    [
        Event("Run 1", 1, "T", 1, "a", None, {}),
        Event("run/../1\n", 1, "T", 1, "a", None, {}),
        Event("run/" + "x" * 300, 1, "T", 1, "a", None, {}),
        Event("run/1", 1, "no spaces", 1, "a", None, {}),
        Event("run/1", 1, "T", 1, "a", None, {"x": 1.5}),
        Event("run/1", 1, "T", 1, "a", None, {"x": "y" * 5_000_000}),
        Event("run/1", 1, "T", 1, "a", None, {"x": "\udfff"}),
        Event("run/1", 1, "T", "now", "a", None, {}),  # type: ignore[arg-type]
    ],
    ids=["stream", "newline", "long", "type", "float", "huge", "surrogate", "time"],
)
def test_an_event_that_cannot_be_kept_is_refused_alone(writer: Writer, home: Path, broken: Event) -> None:
    with pytest.raises(JournalError):
        writer.append(Turn(events=[broken]))
    assert writer.failed is None
    writer.append(turn("run/1", 1))
    assert verify(home).ok


def test_a_command_is_answered_once(writer: Writer, home: Path) -> None:
    reply = Reply("01J-c1", "run/1", 1, '{"id":1}', 77)
    writer.append(Turn(events=[event("run/1", 1)], replies=[reply]))
    writer.append(Turn(events=[event("run/1", 1)], replies=[reply]))
    with pytest.raises(JournalError, match="answered before"):
        writer.append(Turn(events=[event("run/1", 2)], replies=[Reply("01J-c1", "run/1", 2, '{"id":2}', 78)]))
    with reading(home) as reader:
        assert reader.reply("01J-c1") == reply
        assert reader.reply("01J-c2") is None
        assert reader.head("run/1").seq == 1


def test_a_reply_cannot_speak_of_an_event_that_is_not_there(writer: Writer) -> None:
    with pytest.raises(JournalError, match="not recorded"):
        writer.append(Turn(events=[event("run/1", 1)], replies=[Reply("c", "run/1", 2, "{}", 1)]))


def test_definitions_are_kept_once_and_checked(writer: Writer, home: Path) -> None:
    body = b"\x00\xff not text"
    definition = define("file", "application/octet-stream", body)
    writer.append(Turn(definitions=[definition]))
    writer.append(Turn(definitions=[definition, definition]))
    with reading(home) as reader:
        assert reader.definition(hashlib.sha256(body).hexdigest()) == definition
        assert reader.definition("0" * 64) is None
    assert rows_in(home)["definition"] == 1


def test_a_note_must_have_the_digest_it_claims(writer: Writer) -> None:
    note = make_note("because")
    with pytest.raises(JournalError, match="digest"):
        writer.append(Turn(notes=[Note(note.id, note.salt, "because not")]))
    with pytest.raises(JournalError, match="surrogate"):
        make_note("\ud800")


def test_a_closed_writer_says_so(home: Path) -> None:
    writer = open_writer(home)
    writer.close()
    writer.close()
    with pytest.raises(JournalError, match="closed"):
        writer.append(turn("run/1", 1))


def test_what_is_wrong_with_the_program_itself_is_not_hidden(writer: Writer) -> None:
    not_a_turn: Any = object()
    with pytest.raises(AttributeError):
        writer.append(not_a_turn)
    good, bad = writer.append_all([turn("run/1", 1), not_a_turn])
    assert isinstance(good, Receipt)
    assert isinstance(bad, AttributeError)


def test_an_interrupted_group_is_as_if_it_had_never_been(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(connection: sqlite3.Connection, turn: Turn) -> None:
        if turn.runs:
            raise KeyboardInterrupt
        write_rows(connection, turn)

    monkeypatch.setattr("console.journal.append.write_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.append_all([turn("run/1", 1, 2), Turn(events=[event("run/1", 3)], runs=[ROW])])
    assert writer.append(turn("run/1", 1)).heads["run/1"].seq == 1
    assert writer.failed is None


def test_somebody_who_writes_beside_the_server_is_noticed_and_not_overwritten(writer: Writer, home: Path) -> None:
    writer.append(turn("run/1", 1))
    with raw(home / "journal.db") as intruder:
        intruder.execute("INSERT INTO event VALUES ('run/1', 2, 'T', 1, '{}', zeroblob(32))")
    with pytest.raises(JournalForked, match="Somebody else"):
        writer.append(turn("run/1", 2))
    with raw(home / "journal.db") as connection:
        found = connection.execute("SELECT body FROM event WHERE stream = 'run/1' AND seq = 2").fetchone()
    assert found == ("{}",)
    with pytest.raises(JournalForked, match="Somebody else"):
        writer.append(turn("run/1", 3))
    writer.append(turn("run/2", 1))
    assert not verify(home).ok
