"""Checking that a plugin's class is a kind, when it is loaded and not in the middle of a run."""

from __future__ import annotations

import inspect

import msgspec

from console.catalog.shape import type_of
from console.engine.words import Effect
from console.steps.kind import Kind

_METHODS = ("expand", "check", "files", "prepare", "expand_undo", "prepare_undo", "command", "read")


class NotAKind(Exception):
    """A class that does not keep to the interface; the text says where."""


def instance_of(found: object, name: str) -> Kind:
    """The one instance of a kind's class. Raises NotAKind when it does not keep to the interface."""
    if not isinstance(found, type) or not issubclass(found, Kind):
        raise NotAKind(f"{getattr(found, '__name__', found)!s} is not a subclass of console.steps.kind.Kind")
    _check_words(found, name)
    _check_body(found)
    for method in _METHODS:
        _check_method(found, method)
    if found.prepare is Kind.prepare:
        raise NotAKind(f"{found.__name__} has no method prepare")
    return found()


def _check_words(found: type[Kind], name: str) -> None:
    if getattr(found, "name", None) != name:
        raise NotAKind(f"{found.__name__}.name is {getattr(found, 'name', None)!r}, and plugin.toml calls it {name!r}")
    for attribute in ("keys", "options", "needs"):
        words = getattr(found, attribute)
        if not isinstance(words, tuple) or not all(isinstance(word, str) and word for word in words):
            raise NotAKind(f"{found.__name__}.{attribute} must be a tuple of texts")
    if not found.keys:
        raise NotAKind(f"{found.__name__}.keys is empty: no step could name it")
    if not isinstance(found.effect, Effect):
        raise NotAKind(f"{found.__name__}.effect must be an Effect")


def _check_body(found: type[Kind]) -> None:
    body = getattr(found, "body", None)
    if not isinstance(body, type) or not issubclass(body, msgspec.Struct):
        raise NotAKind(f"{found.__name__}.body must be a msgspec.Struct")
    described = type_of(body)
    fields = {info.encode_name for info in getattr(described, "fields", ())}
    if unknown := set(found.literal) - fields:
        raise NotAKind(f"{found.__name__}.literal names {sorted(unknown)[0]!r}, which its body does not have")


def _check_method(found: type[Kind], method: str) -> None:
    wanted = list(inspect.signature(getattr(Kind, method)).parameters)
    given = inspect.signature(getattr(found, method)).parameters.values()
    required = [each for each in given if each.default is each.empty and each.kind is not each.VAR_POSITIONAL]
    most = sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in given)
    open_end = any(each.kind is each.VAR_POSITIONAL for each in given)
    if len(required) > len(wanted) or (most < len(wanted) and not open_end):
        raise NotAKind(f"{found.__name__}.{method} must take ({', '.join(wanted)})")
