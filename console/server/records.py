"""Between the engine's recorded events and the journal's rows."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from console.engine import events as e
from console.engine.commands import Actor
from console.journal import Claim, DefinitionClaim, Event, NoteClaim, OutputClaim

_TYPES: dict[str, type[e.Event]] = {kind.__struct_config__.tag: kind for kind in get_args(e.AnyEvent)}
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {tag: msgspec.json.Decoder(kind) for tag, kind in _TYPES.items()}


class _Body(msgspec.Struct, frozen=True):
    """An event's body with its data left undecoded until its type is known."""

    stream: str
    seq: int
    type: str
    at: int
    who: Actor
    cause: str | None
    data: msgspec.Raw


_BODY = msgspec.json.Decoder(_Body)


def to_row(recorded: e.Recorded) -> Event:
    """The journal's row for a recorded event."""
    data = msgspec.to_builtins(recorded.event)
    tag = data.pop("type")
    who = msgspec.to_builtins(recorded.who)
    return Event(recorded.stream, recorded.seq, tag, recorded.at, who, recorded.cause, data)


def from_body(body: bytes) -> e.Recorded:
    """The recorded event in a row's body; raises msgspec.ValidationError for one of another version."""
    raw = _BODY.decode(body)
    decoder = _DECODERS.get(raw.type)
    if decoder is None:
        raise msgspec.ValidationError(f"unknown type of event {raw.type!r}")
    event = decoder.decode(raw.data)
    return e.Recorded(stream=raw.stream, seq=raw.seq, at=raw.at, who=raw.who, cause=raw.cause or "", event=event)


def claims(type_: str, body: bytes) -> list[Claim]:
    """What an event says about outputs, notes and definitions, for the journal's verification."""
    found: list[Claim] = []
    if type_ in ("attempt_ended", "attempt_in_doubt"):
        recorded = from_body(body)
        event = recorded.event
        if isinstance(event, e.AttemptEnded | e.AttemptInDoubt) and event.report.output.sha256:
            name = attempt_name(recorded.stream, event.path, event.visit, event.attempt)
            found.append(OutputClaim(name, event.report.output.bytes, event.report.output.sha256))
    elif type_ == "run_started":
        event = from_body(body).event
        if isinstance(event, e.RunStarted):
            found += [DefinitionClaim(digest) for digest in event.files.values()]
            found.append(DefinitionClaim(event.definition))
    if b'"note":"' in body or b'"reason":"' in body:
        event = from_body(body).event
        for name in ("note", "reason"):
            value = getattr(event, name, None)
            if isinstance(value, str) and is_note_id(value):
                found.append(NoteClaim(value))
    return found


def is_note_id(text: str) -> bool:
    """Whether a text is the digest of a note."""
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def attempt_name(stream: str, path: str, visit: int, attempt: int) -> str:
    """The name of an attempt in the output file and in its process's marker."""
    return f"{stream}/{path}/{visit}/{attempt}"
