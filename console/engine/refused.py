"""The one exception of the engine."""

from __future__ import annotations


class Refused(Exception):
    """A command that does not fit the state of the run: `reason` is for a person, `mend` says what would work."""

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
