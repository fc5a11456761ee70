"""The writer: one transaction for each group of turns, and nothing more after a write that failed."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from console.errors import JournalError, JournalForked, JournalFull, JournalLocked
from console.journal.beside import write_beside
from console.journal.connection import abandon, begin
from console.journal.faults import FILE_ERRORS, explain
from console.journal.home import HomeLock, make_reserve, prepare_home, release_reserve
from console.journal.opening import open_for_writing
from console.journal.planning import Plan, read_head
from console.journal.projections import replace_all, write_rows
from console.journal.records import Head, Projections, Receipt, Turn
from console.journal.schema import JOURNAL

# What one turn can do wrong without the disk or the file being at fault.
UNFIT = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeEncodeError,
    TypeError,
)


class Writer:
    """The only writer of a home's journal. Its methods may be called from any thread; they take turns.

    `failed` holds the error after which nothing more is accepted until the journal is opened again.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        output: sqlite3.Connection,
        home: Path,
        journal: str,
        lock: HomeLock,
    ) -> None:
        self.home = home
        self.journal = journal
        self.output_connection = output
        self.failed: JournalError | None = None
        self._path = home / JOURNAL.file
        self._connection = connection
        self._lock = lock
        self._mutex = threading.Lock()
        self._heads: dict[str, Head] = {}
        self._stopped: dict[str, JournalForked] = {}
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether somebody is writing at this moment, so that a call would have to wait."""
        return self._mutex.locked()

    def append(self, turn: Turn) -> Receipt:
        """Record one turn durably.

        Raises JournalError (this turn is refused), JournalForked, JournalFull, JournalLocked.
        """
        [result] = self.append_all([turn])
        if isinstance(result, Exception):
            raise result
        return result

    def append_all(self, turns: Sequence[Turn]) -> list[Receipt | Exception]:
        """Record turns in order in one transaction; a turn that is refused leaves the others as they are.

        Returns a receipt or an error for each. Everything that got a receipt is durable.
        """
        results: list[Receipt | Exception] = []

        def group() -> None:
            several = len(turns) > 1
            results.extend(self._one(turn, several=several) for turn in turns)
            kept = any(isinstance(result, Receipt) for result in results)
            self._connection.execute("COMMIT" if kept else "ROLLBACK")

        with self._mutex:
            try:
                self._transact(group)
            except JournalError as error:
                return [type(error)(error.message, **_parts(error)) for _ in turns]
        return results

    def head(self, stream: str) -> Head:
        """Where a stream ends."""
        with self._mutex:
            known = self._heads.get(stream)
            return known or read_head(self._connection, self.journal, stream)

    def strike(self, note: str, at: int) -> None:
        """Remove the text and the salt of a note, from the file and from its log.

        `at` is in milliseconds; a struck note stays as it is. Raises JournalError for an unknown note, and
        JournalLocked when the log could not be emptied, because somebody reads: then strike it again.
        """

        def change() -> None:
            cursor = self._connection.execute(
                "UPDATE note_text SET salt = NULL, text = NULL, struck_at = ? WHERE id = ? AND struck_at IS NULL",
                (at, note),
            )
            known = (
                cursor.rowcount or self._connection.execute("SELECT 1 FROM note_text WHERE id = ?", (note,)).fetchone()
            )
            self._connection.execute("COMMIT" if cursor.rowcount else "ROLLBACK")
            if not known:
                raise JournalError("There is no such note.", where=f"note {note}", unaffected="Nothing was changed.")

        with self._mutex:
            self._transact(change)
            self._empty_log()

    def rebuild(self, rows: Projections) -> None:
        """Replace every row of the lists in one transaction."""

        def change() -> None:
            replace_all(self._connection, rows)
            self._connection.execute("COMMIT")

        with self._mutex:
            self._transact(change)

    def drop_snapshots(self) -> None:
        """Forget all folded state; it is a cache."""

        def change() -> None:
            self._connection.execute("DELETE FROM snapshot")
            self._connection.execute("COMMIT")

        with self._mutex:
            self._transact(change)

    def close(self) -> None:
        """Close both files and give the home free; again is harmless."""
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            with contextlib.suppress(sqlite3.Error):
                self.output_connection.close()
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._lock.release()

    def fail(self, error: sqlite3.Error | UnicodeDecodeError, path: Path) -> JournalError:
        """Stop for good after a failed write to one of the files, and say why."""
        failure = explain(error, path)
        self.failed = failure
        if isinstance(failure, JournalFull):
            release_reserve(self.home)
        return failure

    def check_usable(self) -> None:
        """Raise what stopped the writer, or JournalError once it is closed."""
        if self.failed is not None:
            raise type(self.failed)(
                f"Nothing more is recorded since a write failed: {self.failed.message}", **_parts(self.failed)
            )
        if self._closed:
            raise JournalError("The journal was closed.", unaffected="Nothing was written.")

    def _transact(self, work: Callable[[], None]) -> None:
        """Run `work`, which ends the transaction itself; the caller holds the mutex."""
        self.check_usable()
        try:
            begin(self._connection, self._path)
            work()
        except FILE_ERRORS as error:
            if isinstance(error, UNFIT):
                raise _unfit(error) from error
            raise self.fail(error, self._path) from error
        except UNFIT as error:
            raise _unfit(error) from error
        finally:
            if abandon(self._connection):
                # Whatever cut the work short, some turns may have moved the heads that we remember.
                self._heads.clear()

    def _empty_log(self) -> None:
        """Write the log back and cut it to nothing: its older pages hold what was just removed."""
        try:
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except FILE_ERRORS as error:
            raise self.fail(error, self._path) from error
        if busy:
            raise JournalLocked(
                "The note was struck, but its text stays in the log while somebody reads the journal.",
                where=f"{self._path}-wal",
                unaffected="Nobody is shown the text any more.",
                mend="Strike the note again in a moment.",
            )

    def _one(self, turn: Turn, *, several: bool) -> Receipt | Exception:
        """Write one turn of the group: its own errors are returned, undone; those of the file propagate."""
        plan = Plan(self._connection, self.journal, self._heads)
        if several:
            self._connection.execute("SAVEPOINT turn")
        try:
            self._write(turn, plan)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this turn's, and reaches its caller
            refusal = self._refusal(error, turn)
            if several:
                self._connection.execute("ROLLBACK TO turn")
            return refusal
        finally:
            if several and self._connection.in_transaction:
                self._connection.execute("RELEASE turn")
        # Should the commit fail, the writer stops and these are never looked at again.
        self._heads.update(plan.heads)
        return Receipt(plan.heads, plan.repeated)

    def _write(self, turn: Turn, plan: Plan) -> None:
        for event in turn.events:
            stopped = self._stopped.get(event.stream)
            if stopped is not None:
                raise JournalForked(stopped.message, **_parts(stopped))
        plan.add(turn)
        self._connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", plan.rows)
        write_beside(self._connection, turn, plan)
        write_rows(self._connection, turn)

    def _refusal(self, error: Exception, turn: Turn) -> Exception:
        """The error for this turn alone; raises `error` again when it is about the file."""
        if isinstance(error, JournalForked):
            if error.where is not None:
                self._stopped.setdefault(error.where, error)
            return error
        if isinstance(error, sqlite3.IntegrityError) and "in order" in str(error):
            forked = JournalForked(
                "Somebody else wrote to this journal while the server held it.",
                where=str(self._path),
                unaffected="What they wrote was not overwritten; this turn was not recorded.",
                mend="Find out what else writes to the file, run `console verify`, then restart the server.",
            )
            self._stopped.update((event.stream, forked) for event in turn.events)
            return forked
        if isinstance(error, UNFIT):
            refusal = _unfit(error)
            refusal.__cause__ = error
            return refusal
        if isinstance(error, FILE_ERRORS):
            raise error
        return error


def _unfit(error: Exception) -> JournalError:
    return JournalError(f"A value cannot be kept in the journal: {error}.", unaffected="Nothing was written.")


def _parts(error: JournalError) -> dict[str, str | None]:
    return {"where": error.where, "unaffected": error.unaffected, "mend": error.mend}


def open_writer(home: Path, wait: float = 5.0) -> Writer:
    """Open the journal of a home for writing, making or migrating it when needed.

    Waits `wait` seconds for another writer to go. Raises JournalLocked, JournalCorrupt, JournalTooNew,
    JournalFull, JournalError.
    """
    home = Path(home)
    prepare_home(home)
    lock = HomeLock(home, wait)
    try:
        make_reserve(home)
        connection, output, journal = open_for_writing(home)
    except BaseException:
        lock.release()
        raise
    return Writer(connection, output, home, journal, lock)
