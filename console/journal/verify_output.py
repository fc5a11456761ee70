"""Reading all output again, and comparing it with its seals and with what events say about it."""

from __future__ import annotations

import hashlib
import sqlite3

from console.journal.findings import Findings
from console.journal.records import OutputClaim, OutputEnd

PAGE = 16
_NOTHING = hashlib.sha256().hexdigest()

_ATTEMPTS = """
WITH RECURSIVE name(attempt) AS (
    SELECT (SELECT min(attempt) FROM chunk)
    UNION ALL
    SELECT (SELECT min(attempt) FROM chunk WHERE attempt > name.attempt) FROM name WHERE name.attempt IS NOT NULL
)
SELECT attempt FROM name WHERE attempt IS NOT NULL UNION SELECT attempt FROM attempt_output
"""
_CHUNKS = """
SELECT offset, first_line, data FROM chunk WHERE attempt = ? AND offset > ? ORDER BY offset LIMIT ?
"""


class OutputCheck:
    """Recomputes length, lines and digest of every attempt's output."""

    def __init__(self, connection: sqlite3.Connection, findings: Findings) -> None:
        self.attempts: dict[str, OutputEnd] = {}
        self.bytes = 0
        self._connection = connection
        self._findings = findings

    def check(self) -> None:
        """Read everything; raises one of DAMAGE when the file cannot be read on."""
        for (attempt,) in self._connection.execute(_ATTEMPTS).fetchall():
            found = self.attempts[attempt] = self._recompute(attempt)
            self.bytes += found.bytes
            sealed = self._connection.execute(
                "SELECT bytes, lines, sha256 FROM attempt_output WHERE attempt = ?", (attempt,)
            ).fetchone()
            if sealed is not None and sealed != (found.bytes, found.lines, found.sha256):
                self._findings.add(
                    "altered-output", f"The output of attempt {attempt} is not what it was when it was sealed."
                )

    def compare(self, claim: OutputClaim, stream: str, seq: int) -> None:
        """Compare one attempt's output with what an event says about it."""
        found = self.attempts.get(claim.attempt)
        have = (found.bytes, found.sha256) if found else (0, _NOTHING)
        if have == (claim.bytes, claim.sha256):
            return
        what = "missing" if not have[0] else f"{have[0]:,} bytes long" if have[0] != claim.bytes else "altered"
        self._findings.add(
            "altered-output" if found else "missing-output",
            f"The output of attempt {claim.attempt} is {what}; event {seq} of {stream} says {claim.bytes:,} bytes"
            f" with digest {claim.sha256[:12]}….",
            stream,
            seq,
        )

    def _recompute(self, attempt: str) -> OutputEnd:
        digest, size, lines, after = hashlib.sha256(), 0, 0, -1
        while True:
            rows = self._connection.execute(_CHUNKS, (attempt, after, PAGE)).fetchall()
            for offset, first_line, data in rows:
                if (offset, first_line) != (size, lines):
                    self._findings.add(
                        "altered-output", f"The output of attempt {attempt} is not in one piece at byte {size:,}."
                    )
                digest.update(data)
                size, lines, after = offset + len(data), first_line + data.count(b"\n"), offset
            if len(rows) < PAGE:
                return OutputEnd(attempt, size, lines, sha256=digest.hexdigest())
