"""The whole journal looked through, read-only, whether a server runs or not.

Found: whatever was altered, removed or exchanged behind a chain's end, and most cut ends. Not found by a chain
alone: an end that was cut off together with every row that spoke of it, and a chain that was computed anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from console.errors import JournalError
from console.journal.checks import check_owner, check_schema
from console.journal.findings import DAMAGE, Findings
from console.journal.home import check_home
from console.journal.opening import open_for_reading
from console.journal.read import Reader
from console.journal.records import Claims, Report
from console.journal.schema import JOURNAL, OUTPUT, Layout
from console.journal.verify_beside import BesideCheck
from console.journal.verify_chain import ChainCheck, Claimed
from console.journal.verify_output import OutputCheck


def verify(home: Path, claims: Claims | None = None) -> Report:
    """Check files, schema, chains, notes, definitions and output of a home.

    `claims` tells from an event's type and body what it says about output, notes and definitions; without it only
    what is stored beside them is checked. What is wrong is in the report; nothing is raised for it.
    """
    check = _Verification(Path(home), claims)
    check.run()
    return check.report()


class _Verification:
    def __init__(self, home: Path, claims: Claims | None) -> None:
        self._home = home
        self._claims = claims
        self._findings = Findings()
        self._journal: str | None = None
        self._chains: ChainCheck | None = None
        self._beside: BesideCheck | None = None
        self._output: OutputCheck | None = None

    def run(self) -> None:
        """Look at everything that can be opened."""
        try:
            check_home(self._home)
            connection, self._journal = open_for_reading(self._home, JOURNAL)
        except JournalError as error:
            self._findings.add_error(error)
            return
        with contextlib.closing(connection):
            self._structure(connection, JOURNAL)
            self._check_journal(connection, self._journal)
        try:
            output, owner = open_for_reading(self._home, OUTPUT)
        except JournalError as error:
            self._findings.add_error(error)
            return
        with contextlib.closing(output):
            self._structure(output, OUTPUT)
            self._check_output(output, self._journal, owner)

    def _structure(self, connection: sqlite3.Connection, layout: Layout) -> None:
        try:
            check_schema(connection, self._home / layout.file, layout)
        except JournalError as error:
            self._findings.add("schema", error.message)
        except DAMAGE as error:
            self._findings.add_unreadable(error, layout.file)
        try:
            for (finding,) in connection.execute("PRAGMA integrity_check(20)").fetchall():
                if finding != "ok":
                    self._findings.add("damaged", f"{layout.file}: {' '.join(str(finding).split())}")
        except DAMAGE as error:
            self._findings.add_unreadable(error, layout.file)

    def _check_journal(self, connection: sqlite3.Connection, journal: str) -> None:
        chains = self._chains = ChainCheck(connection, journal, self._findings, self._claims)
        beside = self._beside = BesideCheck(connection, self._findings)
        try:
            for stream in Reader(connection, self._home / JOURNAL.file, journal).streams():
                chains.check(stream)
            beside.check(chains.claimed)
        except JournalError as error:
            self._findings.add_error(error)
        except DAMAGE as error:
            self._findings.add_unreadable(error, JOURNAL.file)

    def _check_output(self, connection: sqlite3.Connection, journal: str, owner: str) -> None:
        check = self._output = OutputCheck(connection, self._findings)
        claimed = self._chains.claimed if self._chains else Claimed()
        try:
            check_owner(self._home, journal, owner)
            check.check()
            for claim, stream, seq in claimed.outputs:
                check.compare(claim, stream, seq)
        except JournalError as error:
            self._findings.add_error(error)
        except DAMAGE as error:
            self._findings.add_unreadable(error, OUTPUT.file)

    def report(self) -> Report:
        """What was looked at and found."""
        problems = self._findings.all()
        heads = self._chains.heads if self._chains else []
        return Report(
            ok=not problems,
            journal=self._journal,
            streams=len(heads),
            events=self._chains.events if self._chains else 0,
            notes=self._beside.notes if self._beside else 0,
            struck=self._beside.struck if self._beside else 0,
            definitions=self._beside.definitions if self._beside else 0,
            outputs=len(self._output.attempts) if self._output else 0,
            output_bytes=self._output.bytes if self._output else 0,
            heads=heads,
            problems=problems,
        )
