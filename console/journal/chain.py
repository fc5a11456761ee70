"""The hash chain of a stream, and the digests of what lies beside it.

link(0)   = SHA256("console-journal\nformat 1\njournal <id>\nstream <name>\n")
link(seq) = SHA256(link(seq - 1) || seq as 8 bytes, big end first || body)
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache

from console.errors import JournalError
from console.journal.canonical import canonical
from console.journal.records import Definition, Event, Note

CHAIN_FORMAT = 1
SALT_BYTES = 32
MAX_BODY = 4 * 1024 * 1024

_STREAM = re.compile(r"[a-z][a-z0-9_-]*(/[A-Za-z0-9._-]+)*")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NAME_LIMIT = 200


def genesis(journal: str, stream: str) -> bytes:
    """The link before the first event of a stream; it binds journal, stream and format."""
    text = f"console-journal\nformat {CHAIN_FORMAT}\njournal {journal}\nstream {stream}\n"
    return hashlib.sha256(text.encode()).digest()


def link(previous: bytes, seq: int, body: bytes) -> bytes:
    """The hash of the event `seq`, from the one before it."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + body).digest()


def body_of(event: Event) -> bytes:
    """The canonical JSON of an event, all of it: stream, seq, type, at, who, cause and data.

    Raises JournalError for a malformed stream or type, a body over 4 MiB, or what `canonical` refuses.
    """
    check_stream(event.stream)
    if not _is_type(event.type):
        raise JournalError(f"{event.type!r} is not the name of an event type.", unaffected="Nothing was written.")
    body = canonical(
        {
            "at": event.at,
            "cause": event.cause,
            "data": event.data,
            "seq": event.seq,
            "stream": event.stream,
            "type": event.type,
            "who": event.who,
        }
    )
    if len(body) > MAX_BODY:
        raise JournalError(
            f"This event is {len(body):,} bytes long; the journal takes at most {MAX_BODY:,}.",
            where=f"{event.stream}, event {event.seq}",
            unaffected="Nothing was written.",
            mend="Keep long text as output or as a definition, and refer to its digest.",
        )
    return body


def check_stream(stream: str) -> None:
    """Raise JournalError unless `stream` is a name such as `home` or `run/42`."""
    if not _is_stream(stream):
        raise JournalError(f"{stream!r} is not the name of a stream.", unaffected="Nothing was written.")


@lru_cache(maxsize=256)
def _is_stream(name: str) -> bool:
    return len(name) <= _NAME_LIMIT and _STREAM.fullmatch(name) is not None


@lru_cache(maxsize=256)
def _is_type(name: str) -> bool:
    return len(name) <= _NAME_LIMIT and _TYPE.fullmatch(name) is not None


def note_digest(salt: bytes, text: str) -> str:
    """The id of a note: the salt has a fixed length, so salt and text cannot be divided in two ways."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


def make_note(text: str) -> Note:
    """Salt a text, so that its digest in an event tells nothing about it once the text is struck.

    Raises JournalError for text that UTF-8 cannot express.
    """
    salt = os.urandom(SALT_BYTES)
    try:
        return Note(note_digest(salt, text), salt, text)
    except UnicodeEncodeError as error:
        raise JournalError(
            "The text holds characters that cannot be stored (lone surrogates).",
            unaffected="Nothing was written.",
        ) from error


def define(kind: str, media: str, body: bytes) -> Definition:
    """Address a runbook or a file by the digest of its bytes."""
    return Definition(hashlib.sha256(body).hexdigest(), kind, media, body)
