"""The output of attempts: every byte once, in order, found again by byte and by line.

Pieces are committed without waiting for the disk, because the spool keeps its bytes until the attempt's end is
recorded. `seal` waits: when it returns, everything of that attempt is durable, and the end event may be recorded.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import msgspec

from console.errors import JournalError, JournalForked
from console.journal.append import UNFIT, Writer
from console.journal.commit import GroupThread
from console.journal.connection import abandon, begin
from console.journal.faults import FILE_ERRORS
from console.journal.output_lines import read_bytes
from console.journal.output_read import read_end
from console.journal.records import OutputEnd, Piece
from console.journal.schema import OUTPUT

CHUNK_BYTES = 64 * 1024
COMPARE_BYTES = 1024 * 1024


class Seal(msgspec.Struct, frozen=True):
    """The end of an attempt's output, and what its digest must be if that is known."""

    attempt: str
    complete: bool = True
    sha256: str | None = None


class _Tail:
    """Where an attempt's output ends; `digest` follows it unless bytes were there before this process."""

    __slots__ = ("bytes", "digest", "lines")

    def __init__(self, end: OutputEnd | None) -> None:
        self.bytes = end.bytes if end else 0
        self.lines = end.lines if end else 0
        self.digest = None if self.bytes else hashlib.sha256()


class OutputStore:
    """The only writer of a home's output. Its methods may be called from any thread; they take turns.

    It shares the writer's lock and its fail-stop: after a failed write neither records anything more.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._path = writer.home / OUTPUT.file
        self._connection = writer.output_connection
        self._mutex = threading.Lock()
        self._tails: dict[str, _Tail] = {}

    def append(self, piece: Piece) -> OutputEnd:
        """Add a piece; bytes that are there already are compared and left alone. Returns how far the output goes now.

        Raises JournalForked when they differ, JournalError for a hole or a sealed output, JournalFull.
        """
        [result] = self.apply([piece])
        if isinstance(result, Exception):
            raise result
        return result

    def seal(self, attempt: str, complete: bool = True, sha256: str | None = None) -> OutputEnd:
        """End an attempt's output durably, and return its length and digest; again with the same result is harmless.

        Raises JournalError when `sha256` is given and the stored bytes have another digest.
        """
        [result] = self.apply([Seal(attempt, complete, sha256)])
        if isinstance(result, Exception):
            raise result
        return result

    def apply(self, items: Sequence[Piece | Seal]) -> list[OutputEnd | Exception]:
        """Apply pieces and seals in order, in one transaction; returns a result or an error for each."""
        # The log is one file: the flush for a seal covers every piece that was committed before it.
        level = "FULL" if any(isinstance(item, Seal) for item in items) else "NORMAL"
        with self._mutex:
            try:
                self._writer.check_usable()
                self._connection.execute(f"PRAGMA synchronous={level}")
                begin(self._connection, self._path)
                results = [self._one(item) for item in items]
                self._connection.execute("COMMIT")
                return results
            except JournalError as error:
                return [error for _ in items]
            except FILE_ERRORS as error:
                failure = self._writer.fail(error, self._path)
                return [failure for _ in items]
            finally:
                if abandon(self._connection):
                    self._tails.clear()

    def _one(self, item: Piece | Seal) -> OutputEnd | Exception:
        try:
            return self._seal(item) if isinstance(item, Seal) else self._append(item)
        except JournalError as error:
            return error
        except UNFIT as error:
            # Some of the piece's chunks may be in: forget what we thought of it, the file knows.
            self._tails.pop(item.attempt, None)
            refusal = JournalError(
                f"The output holds something that cannot be kept: {error}.", where=f"attempt {item.attempt}"
            )
            refusal.__cause__ = error
            return refusal

    def _append(self, piece: Piece) -> OutputEnd:
        tail = self._tail(piece.attempt)
        if piece.offset < 0 or piece.offset > tail.bytes:
            raise JournalError(
                f"The output would have a hole: it ends at byte {tail.bytes:,}, the piece is for {piece.offset:,}.",
                where=f"attempt {piece.attempt}",
                unaffected="The output up to there is kept.",
                mend="Read the spool again from the end of the stored output.",
            )
        self._compare(piece, tail)
        fresh = piece.data[tail.bytes - piece.offset :]
        if fresh:
            self._refuse_sealed(piece.attempt)
        for start in range(0, len(fresh), CHUNK_BYTES):
            self._insert(piece, fresh[start : start + CHUNK_BYTES], tail)
        return OutputEnd(piece.attempt, tail.bytes, tail.lines)

    def _insert(self, piece: Piece, data: bytes, tail: _Tail) -> None:
        lines = data.count(b"\n")
        self._connection.execute(
            "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (piece.attempt, tail.bytes, tail.lines, lines, piece.at, piece.flags, len(data), data),
        )
        tail.bytes += len(data)
        tail.lines += lines
        if tail.digest is not None:
            tail.digest.update(data)

    def _compare(self, piece: Piece, tail: _Tail) -> None:
        known = piece.data[: tail.bytes - piece.offset]
        for start in range(0, len(known), COMPARE_BYTES):
            part = known[start : start + COMPARE_BYTES]
            if read_bytes(self._connection, piece.attempt, piece.offset + start, len(part)) != part:
                raise JournalForked(
                    "The output differs from what was stored of it before.",
                    where=f"attempt {piece.attempt}, after byte {piece.offset + start:,}",
                    unaffected="What was stored first stands.",
                    mend="Keep the attempt's spool: one of the two was altered.",
                )

    def _tail(self, attempt: str) -> _Tail:
        tail = self._tails.get(attempt)
        if tail is None:
            tail = self._tails[attempt] = _Tail(read_end(self._connection, attempt))
        return tail

    def _refuse_sealed(self, attempt: str) -> None:
        if self._connection.execute("SELECT 1 FROM attempt_output WHERE attempt = ?", (attempt,)).fetchone():
            raise JournalError(
                "The output of this attempt is sealed; nothing can be added to it.",
                where=f"attempt {attempt}",
                unaffected="The sealed output is kept as it is.",
            )

    def _seal(self, seal: Seal) -> OutputEnd:
        tail = self._tail(seal.attempt)
        digest = self._digest(seal.attempt, tail)
        if seal.sha256 is not None and seal.sha256 != digest:
            raise JournalError(
                f"The stored output ({tail.bytes:,} bytes) does not have the digest that it was to be sealed with.",
                where=f"attempt {seal.attempt}",
                unaffected="The output is kept, unsealed.",
                mend="Read the spool again to its end, then seal.",
            )
        row = (tail.bytes, tail.lines, int(seal.complete), digest)
        found = self._connection.execute(
            "SELECT bytes, lines, complete, sha256 FROM attempt_output WHERE attempt = ?", (seal.attempt,)
        ).fetchone()
        if found is not None and found != row:
            raise JournalForked(
                "The output of this attempt was sealed before, and otherwise.",
                where=f"attempt {seal.attempt}",
                unaffected="The first seal stands.",
            )
        if found is None:
            self._connection.execute("INSERT INTO attempt_output VALUES (?, ?, ?, ?, ?)", (seal.attempt, *row))
        self._tails.pop(seal.attempt, None)
        return OutputEnd(seal.attempt, tail.bytes, tail.lines, True, seal.complete, digest)

    def _digest(self, attempt: str, tail: _Tail) -> str:
        digest = tail.digest
        if digest is None:
            digest = hashlib.sha256()
            for start in range(0, tail.bytes, COMPARE_BYTES):
                digest.update(read_bytes(self._connection, attempt, start, COMPARE_BYTES))
        return digest.hexdigest()


class OutputCommitter:
    """Lets asyncio write output, on a thread of its own so that it never holds up the journal."""

    def __init__(self, store: OutputStore) -> None:
        self._thread: GroupThread[Piece | Seal, OutputEnd] = GroupThread("output", store.apply)

    async def append(self, piece: Piece) -> OutputEnd:
        """Add a piece; see `OutputStore.append`."""
        return await self._thread.submit(piece)

    async def seal(self, attempt: str, complete: bool = True, sha256: str | None = None) -> OutputEnd:
        """End an attempt's output durably; see `OutputStore.seal`."""
        return await self._thread.submit(Seal(attempt, complete, sha256))

    async def aclose(self) -> None:
        """Write what is queued and end the thread. The connection belongs to the journal's writer."""
        await self._thread.stop()


def open_output(writer: Writer) -> OutputStore:
    """The output of the home that `writer` holds."""
    return OutputStore(writer)
