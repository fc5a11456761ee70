"""Somebody with the file in hand: what `verify` finds, and what no chain alone can find."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from console.errors import JournalCorrupt
from console.journal import (
    Claim,
    DefinitionClaim,
    Envelope,
    Event,
    NoteClaim,
    OutputClaim,
    Piece,
    Reply,
    RunRow,
    SnapshotIn,
    Turn,
    define,
    genesis,
    link,
    make_note,
    open_output,
    open_writer,
    verify,
)
from tests.journal.samples import event, raw, reading, without_triggers

LAST = 12
FLIPS = 120


def claims(kind: str, body: bytes) -> Iterable[Claim]:
    """What the events of these tests say about output, notes and definitions."""
    if kind == "Ended":
        data = msgspec.json.decode(msgspec.json.decode(body, type=Envelope).data)
        yield OutputClaim(data["attempt"], data["bytes"], data["sha256"])
        yield NoteClaim(data["note"])
        yield DefinitionClaim(data["definition"])


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs, output, a note, a definition, answers, rows and a snapshot."""
    home = tmp_path_factory.mktemp("tamper") / "home"
    writer = open_writer(home)
    store = open_output(writer)
    for run in (1, 2):
        stream = f"run/{run}"
        writer.append(Turn(events=[event(stream, seq, text=f"event {seq}") for seq in range(1, LAST)]))
        for number in range(40):
            store.append(Piece(f"{run}/a", number * 9, b"line %03d\n" % number, number))
        end = store.seal(f"{run}/a")
        note, definition = make_note(f"note of run {run}"), define("runbook", "text/yaml", f"id: r{run}".encode())
        data = {
            "attempt": f"{run}/a",
            "bytes": end.bytes,
            "sha256": end.sha256,
            "note": note.id,
            "definition": definition.digest,
        }
        writer.append(
            Turn(
                events=[Event(stream, LAST, "Ended", 5, "me", None, data)],
                notes=[note],
                definitions=[definition],
                replies=[Reply(f"c{run}", stream, LAST, "{}", 5)],
                runs=[RunRow(run, "r", "R", "succeeded", None, "me", 1, 5, LAST)],
                snapshots=[SnapshotIn(stream, LAST, "v", b"state")],
            )
        )
    writer.close()
    return home


@pytest.fixture
def tampered(original: Path, tmp_path: Path) -> Path:
    """A copy to tamper with: made while nobody has the files open."""
    return Path(shutil.copytree(original, tmp_path / "home"))


def test_what_nobody_touched_is_whole(original: Path) -> None:
    report = verify(original, claims)
    assert report.problems == []
    assert report.ok
    found = (report.streams, report.events, report.notes, report.definitions, report.outputs, report.output_bytes)
    assert found == (2, 24, 2, 2, 2, 720)
    assert [(head.stream, head.seq) for head in report.heads] == [("run/1", LAST), ("run/2", LAST)]


def rechain(connection: sqlite3.Connection, stream: str) -> None:
    """Compute a chain anew, as somebody who knows the format would."""
    [(journal,)] = connection.execute("SELECT journal FROM meta").fetchall()
    digest = genesis(journal, stream)
    for seq, body in connection.execute(
        "SELECT seq, body FROM event WHERE stream = ? ORDER BY seq", (stream,)
    ).fetchall():
        digest = link(digest, seq, body.encode())
        connection.execute("UPDATE event SET hash = ? WHERE stream = ? AND seq = ?", (digest, stream, seq))


EDIT = "UPDATE event SET body = replace(body, 'event 5', 'event X') WHERE stream = 'run/1' AND seq = 5"
FOUND = {
    "a body edited": (EDIT, {("altered-event", 5)}),
    "a hash replaced": (
        "UPDATE event SET hash = zeroblob(32) WHERE stream = 'run/1' AND seq = 5",
        {("altered-event", 5), ("altered-event", 6)},
    ),
    "a body edited with its own hash": (
        "UPDATE event SET body = '{}', hash = zeroblob(32) WHERE stream = 'run/1' AND seq = 5",
        {("altered-event", 5), ("altered-event", 6), ("mislabelled-event", 5)},
    ),
    "a type replaced": (
        "UPDATE event SET type = 'Approved' WHERE stream = 'run/1' AND seq = 5",
        {("mislabelled-event", 5)},
    ),
    "a time replaced": ("UPDATE event SET at = 1 WHERE stream = 'run/1' AND seq = 5", {("mislabelled-event", 5)}),
    "one removed": ("DELETE FROM event WHERE stream = 'run/1' AND seq = 5", {("missing-events", 5)}),
    "the first removed": ("DELETE FROM event WHERE stream = 'run/1' AND seq = 1", {("missing-events", 1)}),
    "several removed": ("DELETE FROM event WHERE stream = 'run/1' AND seq IN (4, 5, 6)", {("missing-events", 4)}),
    "two exchanged": (
        (
            "UPDATE event SET seq = -seq WHERE stream = 'run/1' AND seq IN (5, 6);"
            "UPDATE event SET seq = 11 + seq WHERE stream = 'run/1' AND seq < 0"
        ),
        {
            ("altered-event", 5),
            ("altered-event", 6),
            ("altered-event", 7),
            ("mislabelled-event", 5),
            ("mislabelled-event", 6),
        },
    ),
    "numbers closed over a gap": (
        (
            "DELETE FROM event WHERE stream = 'run/1' AND seq = 5;"
            "UPDATE event SET seq = seq - 1 WHERE stream = 'run/1' AND seq > 5"
        ),
        {*(("altered-event", seq) for seq in range(5, LAST)), *(("mislabelled-event", seq) for seq in range(5, LAST))}
        | {("cut-stream", LAST)},
    ),
    "the end cut off": (
        "DELETE FROM event WHERE stream = 'run/1' AND seq > 8",
        {("cut-stream", LAST)},
    ),
    "a stream removed": ("DELETE FROM event WHERE stream = 'run/1'", {("cut-stream", LAST)}),
    "an event slipped in at the end": (
        "INSERT INTO event VALUES ('run/1', 13, 'T', 1, '{}', zeroblob(32))",
        {("altered-event", 13), ("mislabelled-event", 13)},
    ),
    "a stream renamed": (
        "UPDATE event SET stream = 'run/3' WHERE stream = 'run/1'",
        {("altered-event", 1), ("cut-stream", LAST), *(("mislabelled-event", seq) for seq in range(1, LAST + 1))},
    ),
    "a stream taken from another one": (
        (
            "DELETE FROM event WHERE stream = 'run/1';"
            "INSERT INTO event SELECT 'run/1', seq, type, at, body, hash FROM event WHERE stream = 'run/2'"
        ),
        {("altered-event", 1), ("rewritten-stream", LAST), *(("mislabelled-event", seq) for seq in range(1, LAST + 1))},
    ),
    "a note reworded": ("UPDATE note_text SET text = 'other' WHERE text LIKE '%run 1'", {("altered-note", None)}),
    "a note removed": ("DELETE FROM note_text WHERE text LIKE '%run 1'", {("missing-note", LAST)}),
    "a definition edited": (
        "UPDATE definition SET body = X'00', size = 1 WHERE body = CAST('id: r1' AS BLOB)",
        {("altered-definition", None)},
    ),
    "a definition removed": (
        "DELETE FROM definition WHERE body = CAST('id: r1' AS BLOB)",
        {("missing-definition", LAST)},
    ),
}
OUTPUT_FOUND = {
    "a byte changed": (
        "UPDATE chunk SET data = CAST('LINE 005' || char(10) AS BLOB) WHERE attempt = '1/a' AND offset = 45",
        {("altered-output", None), ("altered-output", LAST)},
    ),
    "a byte changed and sealed anew": (
        (
            "UPDATE chunk SET data = CAST('LINE 005' || char(10) AS BLOB) WHERE attempt = '1/a' AND offset = 45;"
            "UPDATE attempt_output SET sha256 = 'RECOMPUTED' WHERE attempt = '1/a'"
        ),
        {("altered-output", LAST)},
    ),
    "a chunk removed": (
        "DELETE FROM chunk WHERE attempt = '1/a' AND offset = 45",
        {("altered-output", None), ("altered-output", LAST)},
    ),
    "its end cut off": (
        "DELETE FROM chunk WHERE attempt = '1/a' AND offset > 200; DELETE FROM attempt_output WHERE attempt = '1/a'",
        {("altered-output", LAST)},
    ),
    "all of it removed": (
        "DELETE FROM chunk WHERE attempt = '1/a'; DELETE FROM attempt_output WHERE attempt = '1/a'",
        {("missing-output", LAST)},
    ),
    "a seal changed": (
        "UPDATE attempt_output SET sha256 = 'x' WHERE attempt = '1/a'",
        {("altered-output", None)},
    ),
}


def tamper(path: Path, script: str) -> None:
    """Do something to a file as its owner could, leaving no trace in the schema."""
    with without_triggers(path) as connection:
        # A CHECK would be in the way; its owner is not.
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.create_function("digest", 1, lambda data: hashlib.sha256(data).hexdigest())
        for statement in script.split(";"):
            connection.execute(statement)


@pytest.mark.parametrize("name", FOUND)
def test_tampering_with_events_and_what_belongs_to_them_is_found_in_its_place(tampered: Path, name: str) -> None:
    script, expected = FOUND[name]
    tamper(tampered / "journal.db", script)
    report = verify(tampered, claims)
    assert {(problem.code, problem.seq) for problem in report.problems} == expected, report.problems
    assert not report.ok
    streams = {problem.stream for problem in report.problems} - {None}
    assert "run/2" not in streams


@pytest.mark.parametrize("name", OUTPUT_FOUND)
def test_tampering_with_output_is_found(tampered: Path, name: str) -> None:
    script, expected = OUTPUT_FOUND[name]
    if "RECOMPUTED" in script:
        text = b"".join(b"LINE 005\n" if n == 5 else b"line %03d\n" % n for n in range(40))
        script = script.replace("RECOMPUTED", hashlib.sha256(text).hexdigest())
    tamper(tampered / "output.db", script)
    report = verify(tampered, claims)
    assert {(problem.code, problem.seq) for problem in report.problems} == expected, report.problems


Deed = Callable[[sqlite3.Connection], object]


def cut_with_every_witness(connection: sqlite3.Connection) -> None:
    for table in ("command", "snapshot", "run"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM event WHERE stream = 'run/1' AND seq > 8")


def rewrite_and_rechain(connection: sqlite3.Connection) -> None:
    connection.execute(EDIT)
    rechain(connection, "run/1")
    connection.execute("DELETE FROM snapshot")


@pytest.mark.parametrize("deed", [cut_with_every_witness, rewrite_and_rechain])
def test_what_a_chain_alone_cannot_find(tampered: Path, deed: Deed) -> None:
    """Only a head that was kept elsewhere tells; this test keeps us from claiming more."""
    before = {head.stream: head for head in verify(tampered).heads}
    with without_triggers(tampered / "journal.db") as connection:
        deed(connection)
    report = verify(tampered, claims)
    assert report.ok, report.problems
    assert {head.stream: head for head in report.heads} != before


def test_a_chain_computed_anew_is_found_by_what_was_folded_from_it(tampered: Path) -> None:
    with without_triggers(tampered / "journal.db") as connection:
        connection.execute(EDIT)
        rechain(connection, "run/1")
    problems = verify(tampered, claims).problems
    assert {(problem.code, problem.stream, problem.seq) for problem in problems} == {
        ("rewritten-stream", "run/1", LAST)
    }


def contents(home: Path) -> list[object]:
    """All that events and output say, by way of plain queries."""
    with raw(home / "journal.db") as journal, raw(home / "output.db") as output:
        return [
            journal.execute("SELECT * FROM event ORDER BY stream, seq").fetchall(),
            journal.execute("SELECT * FROM note_text ORDER BY id").fetchall(),
            journal.execute("SELECT digest, body FROM definition ORDER BY digest").fetchall(),
            output.execute("SELECT attempt, offset, data FROM chunk ORDER BY attempt, offset").fetchall(),
        ]


@pytest.mark.parametrize("file", ["journal.db", "output.db"])
def test_no_flipped_byte_changes_what_is_read_without_being_found(original: Path, tmp_path: Path, file: str) -> None:
    chance = random.Random(file)
    before = contents(original)
    size = (original / file).stat().st_size
    noticed = 0
    for number in range(FLIPS):
        home = Path(shutil.copytree(original, tmp_path / str(number)))
        with (home / file).open("r+b") as handle:
            place = chance.randrange(100, size)
            handle.seek(place)
            byte = handle.read(1)[0]
            handle.seek(place)
            handle.write(bytes([byte ^ (1 << chance.randrange(8))]))
        report = verify(home, claims)
        noticed += not report.ok
        try:
            same = contents(home) == before
        except (sqlite3.Error, UnicodeDecodeError):
            same = False
        assert same or not report.ok, f"byte {place} was changed unnoticed"
        shutil.rmtree(home)
    assert noticed, "no flip hit anything: the test says nothing"


def test_a_key_out_of_order_is_found_though_searches_pass_it_by(tampered: Path) -> None:
    path = tampered / "journal.db"
    content = path.read_bytes()
    # The row of event 3 as SQLite lays it out: stream, seq, type.
    assert content.count(b"run/1\x03StepEnded") == 1
    path.write_bytes(content.replace(b"run/1\x03StepEnded", b"rxn/1\x03StepEnded"))
    assert "damaged" in {problem.code for problem in verify(tampered, claims).problems}
    with pytest.raises(JournalCorrupt, match="order"):
        open_writer(tampered, wait=0)


def test_output_that_was_not_sealed_yet_must_be_in_one_piece(tampered: Path) -> None:
    writer = open_writer(tampered)
    store = open_output(writer)
    for number in range(3):
        store.append(Piece("3/a", number * 4, b"abc\n", number))
    writer.close()
    tamper(tampered / "output.db", "DELETE FROM chunk WHERE attempt = '3/a' AND offset = 4")
    [problem] = verify(tampered, claims).problems
    assert "not in one piece at byte 4" in problem.message


def test_problems_are_counted_when_there_are_too_many_to_list(home: Path) -> None:
    writer = open_writer(home)
    writer.append(Turn(events=[event("run/1", seq) for seq in range(1, 1_501)]))
    writer.close()
    tamper(home / "journal.db", "UPDATE event SET type = 'Other'")
    report = verify(home)
    assert len(report.problems) == 1_001
    assert report.problems[-1].message == "500 more problems were found."
    with reading(home) as reader:
        assert reader.head("run/1").seq == 1_500
