"""Fitting data to msgspec types, with every problem at its place and the nearest right name.

`msgspec.convert` stops at the first problem; a person who mends a file wants all of them. What it builds is what
msgspec would have built, except that an expression in a body may stand where a number or a boolean belongs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from msgspec import inspect

from console.catalog.findings import Findings, Mark, listed, nearest, shorten

Path = tuple[str | int, ...]
BAD: Any = object()
_NAMES = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "a mapping"}


@dataclass(slots=True)
class Shape:
    """How to fit: where problems go, where a path stands in the file, and which words are not of this version.

    With `templates`, a text that holds `{{` fits a number, a boolean or a pattern, whose default (else a sample) then
    stands in for it: kinds check bodies before anything is rendered. With `rendered`, a number fits where a text is
    wanted, and a text of digits where a number is: what an expression hands on has the type of where it came from.
    """

    findings: Findings
    place: Callable[[Path], Mark]
    key_place: Callable[[Path], Mark]
    templates: bool = False
    rendered: bool = False
    later: Mapping[str, str] = field(default_factory=dict)

    def fit(self, data: Any, kind: type | inspect.Type, path: Path = (), name: str = "the value") -> Any:
        """The value that the type makes of the data, or `BAD` with the problems recorded."""
        wanted = kind if isinstance(kind, inspect.Type) else type_of(kind)
        description = ""
        if isinstance(wanted, inspect.Metadata):
            description = (wanted.extra_json_schema or {}).get("description", "")
            wanted = wanted.type
        return self._fit(data, wanted, path, name, description)

    def _fit(self, data: Any, wanted: inspect.Type, path: Path, name: str, description: str) -> Any:
        match wanted:
            case inspect.AnyType():
                return data
            case inspect.UnionType(types=types):
                return self._union(data, types, path, name, description)
            case inspect.StructType():
                return self._struct(data, wanted, path, name)
            case inspect.DictType():
                return self._dict(data, wanted, path, name)
            case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
                return self._list(data, wanted, path, name)
            case inspect.EnumType(cls=cls):
                return self._word(data, {member.value: member for member in cls}, path, name)
            case inspect.LiteralType(values=values):
                return self._word(data, {value: value for value in values}, path, name)
        return self._scalar(data, wanted, path, name, description)

    def _union(self, data: Any, types: tuple[inspect.Type, ...], path: Path, name: str, description: str) -> Any:
        if self.rendered and not any(_accepts(candidate, data) for candidate in types):
            data = next((fitting for each in types if _accepts(each, fitting := _converted(each, data))), data)
        for candidate in types:
            if _accepts(candidate, data):
                return self.fit(data, candidate, path, name)
        real = [candidate for candidate in types if not isinstance(candidate, inspect.NoneType)]
        if len(real) == 1:
            return self._fit(data, real[0], path, name, description)
        expected = " or ".join(dict.fromkeys(_name(candidate) for candidate in real))
        return self._wrong(data, expected, path, name)

    def _struct(self, data: Any, wanted: inspect.StructType, path: Path, name: str) -> Any:
        if not isinstance(data, dict):
            return self._wrong(data, "a mapping", path, name)
        fields = {info.encode_name: info for info in wanted.fields}
        for key in data:
            if key not in fields:
                self.unknown_key(key, list(fields), (*path, key), name)
        values: dict[str, Any] = {}
        whole = True
        for key, info in fields.items():
            if key in data:
                value = self.fit(data[key], info.type, (*path, key), f"`{key}`")
                if value is not BAD:
                    values[info.name] = value
                else:
                    whole = whole and not info.required
            elif info.required:
                whole = False
                mend = f"write `{key}:`, which is {_name(info.type)}"
                self.findings.add("missing-key", f"{name} has no `{key}`", self.place(path), mend)
        return wanted.cls(**values) if whole else BAD

    def unknown_key(self, key: str, known: list[str], path: Path, name: str) -> None:
        """Record a key that does not exist, or does not exist yet."""
        mark = self.key_place(path)
        if key in self.later:
            self.findings.add("not-yet", not_yet(key), mark, self.later[key])
            return
        mend = nearest(key, [*known, *self.later]) or (f"there are {listed(known)}" if known else "leave it out")
        self.findings.add("unknown-key", f"{name} has no key {shorten(key)}", mark, mend)

    def _dict(self, data: Any, wanted: inspect.DictType, path: Path, name: str) -> Any:
        if not isinstance(data, dict):
            return self._wrong(data, "a mapping", path, name)
        result: dict[Any, Any] = {}
        for key, item in data.items():
            shape = Shape(self.findings, self.key_place, self.key_place)
            fitted = shape.fit(key, wanted.key_type, (*path, key), "the name")
            value = self.fit(item, wanted.value_type, (*path, key), f"`{key}`")
            if fitted is not BAD and value is not BAD:
                result[fitted] = value
        return result

    def _list(self, data: Any, wanted: Any, path: Path, name: str) -> Any:
        if self.templates and _is_template(data):
            return [] if isinstance(wanted, inspect.ListType) else ()
        if not isinstance(data, list):
            mend = f"write [{data}]" if isinstance(data, str) and len(data) < 40 else ""
            return self._wrong(data, "a list", path, name, mend)
        least = getattr(wanted, "min_length", None) or 0
        if len(data) < least:
            return self._bad("wrong-value", f"{name} is empty", path)
        items = [
            self.fit(item, wanted.item_type, (*path, at), f"entry {at + 1} of {name}") for at, item in enumerate(data)
        ]
        if any(item is BAD for item in items):
            return BAD
        return items if isinstance(wanted, inspect.ListType) else tuple(items)

    def _word(self, data: Any, words: dict[Any, Any], path: Path, name: str) -> Any:
        if isinstance(data, (str, int)) and data in words:
            return words[data]
        if self.templates and _is_template(data):
            return next(iter(words.values()))
        mend = nearest(data, [word for word in words if isinstance(word, str)])
        expected = listed(str(word) for word in words)
        return self._bad("wrong-value", f"{name} is {shorten(data)}, not one of {expected}", path, mend)

    def _scalar(self, data: Any, wanted: inspect.Type, path: Path, name: str, description: str) -> Any:
        if self.templates and _is_template(data) and not isinstance(wanted, inspect.StrType):
            return _sample(wanted)
        if self.rendered:
            data = _converted(wanted, data)
        if not _accepts(wanted, data):
            return self._wrong(data, description or _name(wanted), path, name)
        if isinstance(wanted, inspect.IntType):
            return self._bounded(data, wanted, path, name)
        if isinstance(wanted, inspect.StrType) and not (self.templates and _is_template(data)):
            return self._text(data, wanted, path, name, description)
        return data

    def _bounded(self, data: int, wanted: inspect.IntType, path: Path, name: str) -> Any:
        if wanted.ge is not None and data < wanted.ge:
            return self._bad("wrong-value", f"{name} is {data}, and at least {wanted.ge} is needed", path)
        if wanted.le is not None and data > wanted.le:
            return self._bad("wrong-value", f"{name} is {data}, and at most {wanted.le} is allowed", path)
        return data

    def _text(self, data: str, wanted: inspect.StrType, path: Path, name: str, description: str) -> Any:
        if wanted.pattern is not None and not re.fullmatch(wanted.pattern, data):
            expected = description or f"of the form {wanted.pattern}"
            return self._bad("wrong-value", f"{name} is {shorten(data)}, which is not {expected}", path)
        if wanted.min_length is not None and len(data) < wanted.min_length:
            return self._bad("wrong-value", f"{name} is empty" if not data else f"{name} is too short", path)
        if wanted.max_length is not None and len(data) > wanted.max_length:
            most = wanted.max_length
            return self._bad("wrong-value", f"{name} has {len(data)} characters, and at most {most} are allowed", path)
        return data

    def _wrong(self, data: Any, expected: str, path: Path, name: str, mend: str = "") -> Any:
        found = "nothing" if data is None else _NAMES.get(type(data), "something else")
        if not mend and expected.startswith("a text") and isinstance(data, (int, bool)):
            word = str(data).lower() if isinstance(data, bool) else str(data)
            mend = f'put it in quotes: "{word}"'
        if not mend and expected == "true or false" and isinstance(data, str):
            mend = "write true or false, without quotes"
        return self._bad("wrong-type", f"{name} must be {expected}, not {found}", path, mend)

    def _bad(self, code: str, message: str, path: Path, mend: str = "") -> Any:
        self.findings.add(code, message, self.place(path), mend)
        return BAD


def not_yet(word: str) -> str:
    """What is said of a word that the language has and this version does not run."""
    return f"`{word}` is part of the language but not yet of this version"


@lru_cache(maxsize=256)
def type_of(kind: Any) -> inspect.Type:
    """The description of a type; cached, because a file asks for the same few again and again."""
    return inspect.type_info(kind)


def _unwrapped(wanted: inspect.Type) -> inspect.Type:
    return wanted.type if isinstance(wanted, inspect.Metadata) else wanted


def _accepts(wanted: inspect.Type, data: Any) -> bool:
    match _unwrapped(wanted):
        case inspect.AnyType():
            return True
        case inspect.NoneType():
            return data is None
        case inspect.StrType():
            return isinstance(data, str)
        case inspect.BoolType():
            return isinstance(data, bool)
        case inspect.IntType():
            return isinstance(data, int) and not isinstance(data, bool)
        case inspect.EnumType(cls=cls):
            return isinstance(data, str) and data in {member.value for member in cls}
        case inspect.LiteralType(values=values):
            return isinstance(data, (str, int)) and data in values
        case inspect.StructType() | inspect.DictType():
            return isinstance(data, dict)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return isinstance(data, list)
    return False


def _name(wanted: inspect.Type) -> str:
    if isinstance(wanted, inspect.Metadata):
        return str((wanted.extra_json_schema or {}).get("description") or _name(wanted.type))
    match wanted:
        case inspect.StrType():
            return "a text"
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return "a whole number"
        case inspect.StructType() | inspect.DictType():
            return "a mapping"
        case inspect.UnionType(types=types):
            return " or ".join(_name(each) for each in types if not isinstance(each, inspect.NoneType))
        case inspect.EnumType(cls=cls):
            return "one of " + listed(str(member.value) for member in cls)
        case inspect.LiteralType(values=values):
            return "one of " + listed(str(value) for value in values)
        case inspect.AnyType():
            return "a value"
    return "a list"


def _converted(wanted: inspect.Type, data: Any) -> Any:
    match _unwrapped(wanted):
        case inspect.StrType() if isinstance(data, bool):
            return str(data).lower()
        case inspect.StrType() if isinstance(data, int):
            return str(data)
        case inspect.IntType() if isinstance(data, str) and re.fullmatch("-?[0-9]{1,18}", data):
            return int(data)
        case inspect.BoolType() if data in ("true", "false"):
            return data == "true"
    return data


def _sample(wanted: inspect.Type) -> Any:
    match wanted:
        case inspect.IntType(ge=least):
            return max(1, least or 0)
        case inspect.BoolType():
            return False
    return None


def _is_template(data: Any) -> bool:
    return isinstance(data, str) and "{{" in data
