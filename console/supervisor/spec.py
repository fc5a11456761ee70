"""What a supervisor is told to run: one JSON object on its standard input, never in argv and never on disk."""

from __future__ import annotations

from console.supervisor import layout
from console.supervisor.lean_json import parse
from console.supervisor.signals import number_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _window(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_natural(item) and item < 65536 for item in value)


def _environment(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _or_none(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or holds(value)


_FIELDS: dict[str, Callable[[object], bool]] = {
    "attempt": _text,
    "directory": _text,
    "argv": lambda value: _texts(value) and bool(value),
    "env": _environment,
    "cwd": _text,
    "stdin": _or_none(_text),
    "pty": _flag,
    "terminal": _flag,
    "hold_pipes": _flag,
    "window": _window,
    "timeout_ms": _or_none(_natural),
    "stop_signals": _texts,
    "grace_ms": _natural,
    "drain_ms": _natural,
    "redact": _texts,
    "ignore_signals": _texts,
    "umask": _natural,
    "output_limit": _or_none(_natural),
}


class Spec:
    """The checked spec. Milliseconds for times, bytes for `output_limit`, (columns, rows) for `window`."""

    attempt: str
    directory: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    stdin: str | None
    pty: bool
    terminal: bool
    hold_pipes: bool
    window: tuple[int, int]
    timeout_ms: int | None
    stop_signals: list[int]
    grace_ms: int
    drain_ms: int
    redact: list[str]
    ignore_signals: list[int]
    umask: int
    output_limit: int | None

    def __init__(self, fields: dict[str, Any]) -> None:
        for name, holds in _FIELDS.items():
            if name not in fields or not holds(fields[name]):
                raise ValueError(f"the spec's field {name!r} is missing or not what it must be")
            setattr(self, name, fields[name])
        self.window = (fields["window"][0], fields["window"][1])
        self.stop_signals = [number_of(name) for name in fields["stop_signals"]]
        self.ignore_signals = [number_of(name) for name in fields["ignore_signals"]]


def read_spec(data: bytes) -> Spec:
    """The spec in these bytes. Raises ValueError for one that is cut off, of another version, or not a spec."""
    fields = parse(data.decode("utf-8"))
    if not isinstance(fields, dict):
        raise ValueError("the spec is not an object")
    if fields.get("version") != layout.VERSION:
        raise ValueError(f"the spec has version {fields.get('version')!r}; this supervisor speaks {layout.VERSION}")
    return Spec(fields)
