"""The output of attempts: every byte once, found again by byte and by line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.errors import JournalError, JournalForked
from console.journal import Line, OutputReader, OutputStore, Piece, Writer, open_output, open_output_reader, open_writer
from console.journal import output as output_module
from tests.journal.samples import raw

# Few letters and many newlines: lines of every length, empty ones, chunks that end on a newline or within a line.
texts = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\n\n", b"d" * 7, b"\r", b"\xff", b"\x00"]), max_size=60).map(
    b"".join
)


class Shared:
    """One home for many examples: each takes an attempt of its own, with chunks of the size it wants."""

    def __init__(self, store: OutputStore, reader: OutputReader) -> None:
        self.store = store
        self.reader = reader
        self._count = 0

    @contextmanager
    def attempt(self, chunk: int) -> Iterator[str]:
        """A new attempt."""
        self._count += 1
        usual, output_module.CHUNK_BYTES = output_module.CHUNK_BYTES, chunk
        try:
            yield f"1/{self._count}"
        finally:
            output_module.CHUNK_BYTES = usual


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    writer = open_writer(tmp_path_factory.mktemp("output") / "home")
    reader = open_output_reader(writer.home)
    yield Shared(open_output(writer), reader)
    reader.close()
    writer.close()


def reference(text: bytes, cap: int) -> list[tuple[int, int, int, bytes, bool]]:
    """What the lines of a text must be: number, offset, size, text and whether it ended."""
    lines, offset = [], 0
    parts = text.split(b"\n")
    for number, part in enumerate(parts):
        ended = number < len(parts) - 1
        if ended or part:
            lines.append((number, offset, len(part), part[:cap], ended))
        offset += len(part) + 1
    return lines


def seen(lines: list[Line]) -> list[tuple[int, int, int, bytes, bool]]:
    return [(line.number, line.offset, line.size, line.text, line.ended) for line in lines]


@settings(max_examples=60, deadline=None)
@given(
    text=texts,
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=20),
    chunk=st.sampled_from([1, 3, 8, 64]),
    cap=st.sampled_from([0, 1, 3, 4096]),
)
def test_every_window_is_what_a_whole_reading_would_show(
    shared: Shared, text: bytes, cuts: list[int], chunk: int, cap: int
) -> None:
    store, reader = shared.store, shared.reader
    with shared.attempt(chunk) as attempt:
        offset = turn = 0
        while offset < len(text):
            size = cuts[turn % len(cuts)]
            store.append(Piece(attempt, offset, text[offset : offset + size], turn))
            offset, turn = offset + size, turn + 1
        wanted = reference(text, cap)
        for first in range(len(wanted) + 2):
            for count in (0, 1, 3, 1000):
                assert seen(reader.lines(attempt, first, count, cap)) == wanted[first : first + count]
        for start in range(0, len(text) + 2, 3):
            for size in (0, 1, 5, 1000):
                assert reader.read(attempt, start, size) == text[start : start + size]
        end = reader.end(attempt)
        assert (end.bytes, end.lines) == (len(text), text.count(b"\n")) if end else text == b""
        assert store.seal(attempt).sha256 == hashlib.sha256(text).hexdigest()


@settings(max_examples=60, deadline=None)
@given(text=texts, windows=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 40)), max_size=12))
def test_bytes_that_come_again_change_nothing(shared: Shared, text: bytes, windows: list[tuple[int, int]]) -> None:
    store, reader = shared.store, shared.reader
    with shared.attempt(5) as attempt:
        have = 0
        for start, size in windows:
            piece = Piece(attempt, start, text[start : start + size], 1)
            if start > have:
                with pytest.raises(JournalError, match="hole"):
                    store.append(piece)
            else:
                have = max(have, start + len(piece.data))
                assert store.append(piece).bytes == have
        assert reader.read(attempt, 0, 1000) == text[:have]


def test_other_bytes_in_the_same_place_are_refused(store: OutputStore, outputs: OutputReader) -> None:
    store.append(Piece("1/a", 0, b"one\ntwo\n", 1))
    for offset, data in ((0, b"ONE\n"), (4, b"tw0\nthree\n"), (7, b"!")):
        with pytest.raises(JournalForked, match="differs"):
            store.append(Piece("1/a", offset, data, 2))
    assert outputs.read("1/a", 0, 100) == b"one\ntwo\n"
    assert store.append(Piece("1/a", 4, b"two\nthree\n", 2)).lines == 3


def test_attempts_do_not_meet(store: OutputStore, outputs: OutputReader) -> None:
    store.append(Piece("1/a", 0, b"a1\na2\n", 1))
    store.append(Piece("1/aa", 0, b"aa1\n", 1))
    store.append(Piece("1/a", 6, b"a3\n", 1))
    assert outputs.read("1/a", 0, 100) == b"a1\na2\na3\n"
    assert [line.text for line in outputs.lines("1/aa", 0, 10)] == [b"aa1"]
    assert outputs.end("1/b") is None
    assert outputs.lines("1/b", 0, 10) == []
    assert outputs.read("1/b", 0, 10) == b""


def test_reading_goes_on_while_output_grows(store: OutputStore, outputs: OutputReader) -> None:
    store.append(Piece("1/a", 0, b"begin", 10))
    assert outputs.lines("1/a", 0, 5) == [Line(0, 0, 5, 10, 0, b"begin", False)]
    store.append(Piece("1/a", 5, b"ning\nnext", 20, flags=2))
    assert outputs.lines("1/a", 0, 5) == [
        Line(0, 0, 9, 10, 0, b"beginning", True),
        Line(1, 10, 4, 20, 2, b"next", False),
    ]
    assert outputs.times("1/a", 0, 100) == [(0, 10, 0), (5, 20, 2)]
    assert outputs.times("1/a", 6, 1) == [(5, 20, 2)]
    assert outputs.times("1/a", 4, 1) == [(0, 10, 0)]


def test_a_very_long_line_is_cut_on_request_and_kept_whole(store: OutputStore, outputs: OutputReader) -> None:
    long = bytes(range(97, 123)) * 40_000
    text = b"first\n" + long + b"\nlast"
    for start in range(0, len(text), 50_000):
        store.append(Piece("1/a", start, text[start : start + 50_000], start))
    first, line, last = outputs.lines("1/a", 0, 10, max_line=100)
    assert (first.text, last.text) == (b"first", b"last")
    assert (line.size, line.text) == (len(long), long[:100])
    assert outputs.read("1/a", line.offset, line.size) == long
    assert outputs.lines("1/a", 2, 1)[0].number == 2


def test_a_seal_ends_the_output_for_good(store: OutputStore, outputs: OutputReader) -> None:
    store.append(Piece("1/a", 0, b"one\ntwo", 1))
    digest = hashlib.sha256(b"one\ntwo").hexdigest()
    with pytest.raises(JournalError, match="digest"):
        store.seal("1/a", sha256="0" * 64)
    end = store.seal("1/a", complete=False, sha256=digest)
    assert (end.bytes, end.lines, end.sealed, end.complete, end.sha256) == (7, 1, True, False, digest)
    assert outputs.end("1/a") == end
    assert store.seal("1/a", complete=False) == end
    with pytest.raises(JournalForked, match="sealed before"):
        store.seal("1/a", complete=True)
    with pytest.raises(JournalError, match="sealed"):
        store.append(Piece("1/a", 7, b"more", 1))
    # Adoption may read the spool again: what it brings is known already.
    assert store.append(Piece("1/a", 0, b"one\ntwo", 1)).bytes == 7


def test_an_attempt_without_output_can_be_sealed(store: OutputStore, outputs: OutputReader) -> None:
    end = store.seal("1/a")
    assert (end.bytes, end.lines, end.sha256) == (0, 0, hashlib.sha256(b"").hexdigest())
    assert outputs.lines("1/a", 0, 10) == []


def test_a_server_that_comes_back_goes_on_where_the_output_ends(home: Path) -> None:
    writer = open_writer(home)
    open_output(writer).append(Piece("1/a", 0, b"before\n" * 50_000, 1))
    writer.close()
    writer = open_writer(home)
    store = open_output(writer)
    assert store.append(Piece("1/a", 7 * 49_999, b"before\nafter\n", 2)).bytes == 7 * 50_000 + 6
    end = store.seal("1/a")
    assert end.sha256 == hashlib.sha256(b"before\n" * 50_000 + b"after\n").hexdigest()
    writer.close()


def test_a_seal_waits_for_the_disk_and_a_piece_does_not(writer: Writer, store: OutputStore) -> None:
    said: list[str] = []
    writer.output_connection.set_trace_callback(said.append)
    store.append(Piece("1/a", 0, b"text", 1))
    store.seal("1/a")
    store.append(Piece("1/b", 0, b"text", 1))
    levels = [sql for sql in said if "synchronous" in sql or sql == "COMMIT"]
    assert levels == [
        "PRAGMA synchronous=NORMAL",
        "COMMIT",
        "PRAGMA synchronous=FULL",
        "COMMIT",
        "PRAGMA synchronous=NORMAL",
        "COMMIT",
    ]


def test_one_bad_piece_does_not_keep_the_others_of_its_group_out(store: OutputStore, outputs: OutputReader) -> None:
    good, hole, bad, later = store.apply(
        [
            Piece("1/a", 0, b"one\n", 1),
            Piece("1/b", 5, b"hole", 1),
            Piece("1/c", 0, b"x", "noon"),  # type: ignore[arg-type]
            Piece("1/a", 4, b"two\n", 1),
        ]
    )
    assert isinstance(hole, JournalError)
    assert isinstance(bad, JournalError)
    assert [type(result) for result in (good, later)] == [type(outputs.end("1/a"))] * 2
    assert outputs.read("1/a", 0, 100) == b"one\ntwo\n"
    assert outputs.end("1/c") is None
    assert store.append(Piece("1/c", 0, b"x", 1)).bytes == 1


def test_output_that_somebody_else_wrote_is_refused_and_then_seen(store: OutputStore, home: Path) -> None:
    store.append(Piece("1/a", 0, b"one\n", 1))
    with raw(home / "output.db") as intruder:
        intruder.execute("INSERT INTO chunk VALUES ('1/a', 4, 1, 1, 1, 0, 4, CAST('two' || char(10) AS BLOB))")
    with pytest.raises(JournalError, match="append-only"):
        store.append(Piece("1/a", 4, b"TWO\n", 2))
    with pytest.raises(JournalForked, match="differs"):
        store.append(Piece("1/a", 4, b"TWO\n", 2))
    assert store.append(Piece("1/a", 8, b"three\n", 3)).lines == 3


@pytest.mark.parametrize("offset", [-1, 1])
def test_output_begins_at_its_beginning(store: OutputStore, offset: int) -> None:
    with pytest.raises(JournalError, match="hole"):
        store.append(Piece("1/a", offset, b"x", 1))


def test_no_window_reads_through_the_whole_output(store: OutputStore, writer: Writer, home: Path) -> None:
    """Searches by key are what keeps a window on a million lines as quick as one on ten."""
    for number in range(100):
        store.append(Piece("1/a", number * 20, b"%019d\n" % number, number))
    with raw(home / "output.db") as connection:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        reader = OutputReader(connection, home / "output.db", writer.journal)
        reader.lines("1/a", 50, 10)
        reader.read("1/a", 500, 100)
        reader.times("1/a", 500, 100)
        reader.end("1/a")
        connection.set_trace_callback(None)
        assert asked
        for sql in asked:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
            assert not [step for step in plan if step.startswith("SCAN") and "CONSTANT" not in step], (sql, plan)
