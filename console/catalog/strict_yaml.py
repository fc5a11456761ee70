"""YAML, read strictly: what stands there is what is meant, and every value knows its place.

No tags, anchors or aliases; text keys, each once; `true` and `false` as the only booleans; whole decimal numbers of at
most 18 digits; `null`, `~` and nothing as None; all else is text (`no`, `22:22`, `012`, dates). Nesting is bounded
while the events come in: building a tree from 200 KB of `[` kills the process in libyaml's own composer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from console.catalog.findings import MOST, Findings, Mark, shorten
from console.catalog.source import control_character

DEPTH = 40
MOST_VALUES = 50_000
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_TOO_LONG = re.compile(r"[-+]?[0-9]{19,}")
# Two spaces before and one after (as yamllint has it) make a comment; anything closer could belong to the text.
_COMMENT = re.compile(r"(?:[ ]{2,}|[ ]*\t[ \t]*)#(?:[ \t\r\n]|$)")
_CUT = re.compile(r"[ \t]+#")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """The data of a file (text, int, bool, None, lists and dicts), and where each value and key of it stands."""

    data: Any = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)

    def place(self, path: Path) -> Mark:
        """Where the value at a path stands; for a path that the file does not have, the nearest one around it."""
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, Mark(1, 1))

    def key_place(self, path: Path) -> Mark:
        """Where the key that ends a path stands."""
        return self.keys.get(path) or self.place(path)


class _Stop(Exception):
    """Nothing after this can be trusted."""


@dataclass(slots=True)
class _Open:
    """A list or a mapping that is being read; `key` waits for its value, `taken` is false for a key to be dropped."""

    value: list[Any] | dict[str, Any]
    path: Path
    key: str | None = None
    taken: bool = True
    spare: int = 0


def parse(text: str, findings: Findings) -> Document | None:
    """The document in a text, or None with the problems recorded; keys that stand twice keep their first value."""
    reader = _Reader(text, findings)
    try:
        for event in _events(text, findings):
            reader.take(event)
    except _Stop:
        return None
    if reader.document.data is None and not findings.failed:
        findings.add("empty", "the file holds nothing", Mark(1, 1), "begin with `runbook: ID`")
    return None if findings.failed and not reader.complete else reader.document


def _events(text: str, findings: Findings) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        findings.add("yaml-syntax", _readable(error), mark, _syntax_mend(error))
        raise _Stop from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        findings.add("yaml-syntax", f"the text cannot be read as YAML: {str(error)[:200]}", Mark(1, 1))
        raise _Stop from None


class _Reader:
    """Builds the document from events, with its own stack."""

    def __init__(self, text: str, findings: Findings) -> None:
        self.text = text
        self.findings = findings
        self.document = Document()
        self.complete = False
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._refuse_decoration(event)
                self._scalar(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_decoration(event)
                self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                mark = _mark(event)
                self._problem("yaml-anchor", f"the alias *{event.anchor} is not read", mark, "write the value out")
                self._place(None, f"*{event.anchor}", mark)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._problem(
                        "yaml-documents", "a second document begins here", _mark(event), "one file, one runbook"
                    )
                    raise _Stop
            case yaml.StreamEndEvent():
                self.complete = True

    def _problem(self, code: str, message: str, mark: Mark, mend: str = "") -> None:
        self.findings.add(code, message, mark, mend)
        if self.findings.errors > 2 * MOST:  # nobody reads so many; the text is hostile or no runbook
            raise _Stop

    def _refuse_decoration(self, event: Any) -> None:
        if event.tag is not None:
            mend = "leave it out; quotes make a text"
            self._problem("yaml-tag", f"the tag {shorten(event.tag)} is not read", _mark(event), mend)
        if event.anchor is not None:
            self._problem("yaml-anchor", f"the anchor &{event.anchor} is not read", _mark(event), "write the value out")

    def _open(self, value: list[Any] | dict[str, Any], event: Any) -> None:
        mark = _mark(event)
        if len(self._stack) >= DEPTH:
            self._problem("yaml-depth", f"the nesting is deeper than {DEPTH}", mark)
            raise _Stop
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            braces = self.text[event.start_mark.index - 1 : event.end_mark.index] == "{{"
            mend = 'put an expression in quotes: "{{ … }}"' if braces else "keys are text"
            self._problem("yaml-key", "a list or mapping cannot be a key", mark, mend)
            raise _Stop
        path = self._put(value, mark)
        self._stack.append(_Open(value, path))

    def _close(self) -> None:
        self._stack.pop()

    def _scalar(self, event: Any) -> None:
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1, event.style in ("|", ">"))
        plain = event.implicit[0] and event.style in (None, "")
        value = self._resolve(event.value, mark) if plain else event.value
        if plain:
            self._refuse_cut(event, mark)
        elif (bad := control_character(event.value)) is not None:
            self._problem("control-character", f"the text holds the character {bad}", mark, "leave it out")
        self._place(value, event.value, mark)

    def _place(self, value: str | int | bool | None, text: str, mark: Mark) -> None:
        """Take a scalar as the key or the value that is due."""
        parent = self._stack[-1] if self._stack else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._key(parent, value, text, mark)
        else:
            self._put(value, mark)

    def _resolve(self, text: str, mark: Mark) -> str | int | bool | None:
        if text in ("true", "false"):
            return text == "true"
        if text in ("", "~", "null"):
            return None
        if _INTEGER.fullmatch(text):
            return int(text)
        if _TOO_LONG.fullmatch(text):
            message = f"a whole number has at most 18 digits, not {len(text.lstrip('+-'))}"
            self._problem("yaml-number", message, mark, "put it in quotes if it is text")
        return text

    def _refuse_cut(self, event: Any, mark: Mark) -> None:
        end = event.end_mark.index
        found = _CUT.match(self.text, end)
        if found is None or _COMMENT.match(self.text, end):
            return
        # `key: # words` before a nested block is a comment; `contact: #channel` is a text that YAML drops.
        if not event.value and self.text[found.end() : found.end() + 1] in ("", " ", "\t", "\r", "\n"):
            return
        at = Mark(event.end_mark.line + 1, event.end_mark.column + 1 + len(found[0]) - 1)
        message = f"YAML cuts the text at this #: {shorten(event.value)} would be all that is left"
        mend = "put the text in quotes, or write the comment with two spaces before # and one after it"
        self._problem("yaml-cut-text", message, at if event.value else mark, mend)

    def _key(self, parent: _Open, key: object, text: str, mark: Mark) -> None:
        assert isinstance(parent.value, dict)
        if not isinstance(key, str):
            self._problem("yaml-key", f"the key {text or 'null'} is not text", mark, f'write it in quotes: "{text}"')
        parent.taken = isinstance(key, str) and text not in parent.value
        if not isinstance(key, str):
            parent.key = text
            return
        if not parent.taken:
            first = self.document.keys[*parent.path, text].line
            self._problem("yaml-key", f"the key {shorten(text)} stands twice, first on line {first}", mark, "keep one")
        else:
            self.document.keys[*parent.path, text] = mark
        parent.key = text

    def _put(self, value: Any, mark: Mark) -> Path:
        """Add a value to what is open, and return its path; what belongs to a key that stands twice goes nowhere."""
        if not self._stack:
            self.document.data = value
            self.document.values[()] = mark
            return ()
        parent = self._stack[-1]
        if isinstance(parent.value, list):
            path: Path = (*parent.path, len(parent.value))
            parent.value.append(value)
        elif parent.taken:
            assert parent.key is not None
            path = (*parent.path, parent.key)
            parent.value[parent.key] = value
        else:
            parent.spare += 1
            path = (*parent.path, "", parent.spare)
        parent.key = None
        self.document.values[path] = mark
        if len(self.document.values) > MOST_VALUES:
            self._problem("too-many", f"the file holds more than {MOST_VALUES} values", mark, "split it up")
            raise _Stop
        return path


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _readable(error: yaml.MarkedYAMLError) -> str:
    context = f" {error.context}" if error.context else ""
    return f"not YAML: {error.problem or 'the text cannot be read'}{context}"[:300]


def _syntax_mend(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if "start any token" in problem:
        return "indent with spaces; put a text that begins with @, ` or % in quotes"
    if "mapping values are not allowed" in problem:
        return "put a text that holds `: ` in quotes, or check the indentation"
    if "did not find expected" in problem:
        return "check indentation, brackets and quotes here and on the lines before"
    return "check indentation and quotes"
