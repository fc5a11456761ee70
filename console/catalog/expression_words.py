"""The sandbox behind expressions: how names are looked up, and the few filters, tests and operators there are.

Each bounds what it makes before it makes it: `'a' * 10**9` allocated a gigabyte in the sandbox as Jinja ships it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from console.catalog.findings import listed, nearest

LONGEST = 64 * 1024
_TESTS = (
    "defined", "undefined", "none", "string", "number", "integer", "boolean", "true", "false", "mapping", "sequence",
    "odd", "even", "in", "eq", "ne", "lt", "le", "gt", "ge",
)  # fmt: skip


class TooMuch(ValueError):
    """An operation that is refused: too large a result, or not a meaningful one."""


class Missing(jinja2.StrictUndefined):
    """What is not there. It says so as soon as it is used; asking it for more gives itself, so that default() works."""

    __slots__ = ()


def _text(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        value._fail_with_undefined_error()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    raise TooMuch(f"a text or a number is needed, not {'nothing' if value is None else 'a ' + type(value).__name__}")


def _bounded(size: int) -> None:
    if size > LONGEST:
        raise TooMuch(f"the result would be longer than {LONGEST}")


def _items(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return list(value)
    raise TooMuch("a list is needed")


def _default(value: Any, other: Any = "", also_when_empty: bool = False) -> Any:
    missing = value is None or isinstance(value, jinja2.Undefined)
    return other if missing or (also_when_empty and not value) else value


def _replace(value: Any, old: str, new: str) -> str:
    text = _text(value)
    if not old:
        raise TooMuch("there is nothing to replace")
    _bounded(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new)


def _join(value: Any, between: str = "") -> str:
    parts = [_text(item) for item in _items(value)]
    _bounded(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _split(value: Any, at: str | None = None) -> list[str]:
    return _text(value).split(at)


def _int(value: Any) -> int:
    text = _text(value).strip()
    if len(text) > 19 or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        raise TooMuch(f"{text[:40]!r} is not a whole number of at most 18 digits")
    return int(text)


def _first(value: Any) -> Any:
    items = _items(value)
    if not items:
        raise TooMuch("the list is empty")
    return items[0]


def _last(value: Any) -> Any:
    return _first(_items(value)[::-1])


def _length(value: Any) -> int:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise TooMuch("a text, a list or a mapping is needed")


FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "d": _default,
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "trim": lambda value: _text(value).strip(),
    "replace": _replace,
    "join": _join,
    "split": _split,
    "length": _length,
    "count": _length,
    "int": _int,
    "string": _text,
    "first": _first,
    "last": _last,
    "sort": lambda value: sorted(_items(value)),
    "unique": lambda value: list(dict.fromkeys(_items(value))),
    "keys": lambda value: list(value) if isinstance(value, Mapping) else _items(value),
}


class Environment(ImmutableSandboxedEnvironment):
    """Jinja with only expressions in it, and data as the only thing that can be reached."""

    intercepted_binops = frozenset({"+", "-", "*", "//", "%", "/", "**"})

    def __init__(self) -> None:
        # Control characters cannot occur in a runbook, so that statements and comments are plain text.
        super().__init__(
            block_start_string="\0{%",
            block_end_string="%\0}",
            comment_start_string="\0{#",
            comment_end_string="#\0}",
            keep_trailing_newline=True,
            undefined=Missing,
            autoescape=False,
            cache_size=0,
        )
        self.filters = dict(FILTERS)
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.globals = {}

    def parser(self, source: str) -> Any:
        """Jinja's parser in the state for an expression."""
        from jinja2.parser import Parser

        return Parser(self, source, state="variable")

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of a mapping; nothing else has attributes. A `-` in a name may be written `_`."""
        if isinstance(obj, jinja2.Undefined):
            return obj
        if not isinstance(obj, Mapping):
            return Missing(hint=f"{attribute!r} is asked of something that is no mapping")
        if attribute in obj:
            return obj[attribute]
        dashed = attribute.replace("_", "-")
        if dashed in obj:
            return obj[dashed]
        return Missing(hint=_hint(attribute, obj))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An entry of a mapping, a list or a text; never an attribute."""
        if isinstance(obj, jinja2.Undefined):
            return obj
        if isinstance(obj, Mapping):
            return obj[argument] if argument in obj else Missing(hint=_hint(argument, obj))
        if isinstance(obj, (str, list, tuple)) and isinstance(argument, (int, slice)):
            try:
                return obj[argument]
            except IndexError:
                return Missing(hint=f"there is no entry {argument} in {len(obj)}")
        return Missing(hint=f"{argument!r} is asked of something that has no entries")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on whole numbers, and joining two texts or two lists, within bounds."""
        for side in (left, right):
            if isinstance(side, jinja2.Undefined):
                side._fail_with_undefined_error()
        if type(left) is int and type(right) is int:
            if operator in ("//", "%") and right == 0:
                raise TooMuch("division by zero")
            if operator not in ("/", "**") and max(left.bit_length(), right.bit_length()) <= 64:
                return super().call_binop(context, operator, left, right)
            raise TooMuch("the numbers are too large")
        same = type(left) is type(right) and isinstance(left, (str, list))
        if operator != "+" or not same:
            raise TooMuch(f"{operator} is for whole numbers; join a text to something with ~")
        _bounded(len(left) + len(right))
        return left + right


def _hint(name: object, obj: Mapping[str, Any]) -> str:
    known = sorted(str(key) for key in obj)
    near = nearest(str(name), known)
    there = f"there are {listed(known)}" if known else "there is nothing in it"
    return f"there is no {str(name)[:60]!r}: {near or there}"
