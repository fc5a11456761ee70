"""Waiting for the server to tell something."""

from __future__ import annotations

from console.errors import JournalError, ServerUnreachable

LOOK_AGAIN_SECONDS = 30.0


def troubled(number: int, trouble: str) -> JournalError:
    """The error for a journal that takes nothing more while a run is followed."""
    return JournalError(
        "Nothing more is recorded, so the run cannot be followed.",
        where=f"run {number}",
        unaffected="what runs goes on under its supervisors",
        mend=trouble,
    )


def stopped(number: int) -> ServerUnreachable:
    """The error for a server that was stopped on purpose while a run was followed."""
    return ServerUnreachable(
        "The server was stopped.",
        where=f"run {number}",
        unaffected="what runs goes on under its supervisors; nothing new is started",
        mend=f"console watch {number} starts the server again",
    )
