r"""Matching a whole text against an author's pattern, in time that grows with the text and never explodes.

Python's `re` needs 27 seconds for `(\w+\s?)*` on 29 characters, and a pattern meets text that anybody may have typed.
Its parser is used to read the pattern; the matching follows all ways at once (Thompson), one character after the other.
Not supported, because they need backtracking: lookaround, back references, and possessive or atomic groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

MOST_STATES = 2_000
_LONGEST_PATTERN = 1_000
_NO_FLAGS = "a pattern has no flags such as (?i)"
_Test = Callable[[str], bool]
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class Pattern:
    """A compiled pattern: numbered states, each with a test for one character or with free ways onwards."""

    def __init__(self, source: str) -> None:
        if len(source) > _LONGEST_PATTERN:
            raise ValueError(f"a pattern has at most {_LONGEST_PATTERN} characters")
        try:
            tree = sre_parser.parse(source)
        except RecursionError:
            raise ValueError("the pattern is nested too deeply") from None
        except (re.error, OverflowError) as error:
            raise ValueError(f"the pattern cannot be read: {error}") from None
        if tree.state.flags & ~sre.SRE_FLAG_UNICODE:
            raise ValueError(_NO_FLAGS)
        items = list(tree)
        if items and (str(items[0][0]), str(items[0][1])) == ("AT", "AT_BEGINNING"):
            items.pop(0)
        if items and (str(items[-1][0]), str(items[-1][1])) == ("AT", "AT_END"):
            items.pop()
        self._tests: list[_Test | None] = []
        self._ways: list[list[int]] = []
        self._end = self._state()
        try:
            self._begin = self._sequence(items, self._end)
        except RecursionError:
            raise ValueError("the pattern is nested too deeply") from None

    def matches(self, text: str) -> bool:
        """Whether the whole text is of this form."""
        current = self._spread({self._begin})
        for character in text:
            found = {
                way
                for state in current
                if (test := self._tests[state]) and test(character)
                for way in self._ways[state]
            }
            if not found:
                return False
            current = self._spread(found)
        return self._end in current

    def _state(self, test: _Test | None = None, ways: Iterable[int] = ()) -> int:
        if len(self._tests) >= MOST_STATES:
            raise ValueError("the pattern is too large: use smaller repetitions")
        self._tests.append(test)
        self._ways.append(list(ways))
        return len(self._tests) - 1

    def _spread(self, states: set[int]) -> set[int]:
        seen: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                if self._tests[state] is None:
                    waiting += self._ways[state]
        return seen

    def _sequence(self, items: Any, after: int) -> int:
        for operator, argument in reversed(list(items)):
            after = self._item(str(operator), argument, after)
        return after

    def _item(self, operator: str, argument: Any, after: int) -> int:
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self._state(_test(operator, argument), [after])
            case "BRANCH":
                return self._state(None, [self._sequence(branch, after) for branch in argument[1]])
            case "SUBPATTERN":
                if argument[1] or argument[2]:
                    raise ValueError(_NO_FLAGS)
                return self._sequence(argument[3], after)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, items = argument
                return self._repeat(least, most, items, after)
            case "AT":
                raise ValueError("a pattern stands for the whole text: ^, $ and \\b have no place inside it")
        raise ValueError(f"a pattern cannot hold {operator.lower().replace('_', ' ')}")

    def _repeat(self, least: int, most: Any, items: Any, after: int) -> int:
        if most is sre.MAXREPEAT or most == sre.MAXREPEAT:
            again = self._state()
            self._ways[again] = [self._sequence(items, again), after]
            after = again
            most = least
        for _ in range(most - least):
            after = self._state(None, [self._sequence(items, after), after])
        for _ in range(least):
            after = self._sequence(items, after)
        return after


@lru_cache(maxsize=256)
def compile_pattern(source: str) -> Pattern:
    """The compiled form of a pattern. Raises ValueError, with a text for its author, for what is not supported."""
    return Pattern(source)


def full_match(source: str, text: str) -> bool:
    """Whether the pattern matches the whole text. Raises ValueError as `compile_pattern`."""
    return compile_pattern(source).matches(text)


def _test(operator: str, argument: Any) -> _Test:
    if operator == "LITERAL":
        wanted = chr(argument)
        return lambda character: character == wanted
    if operator == "NOT_LITERAL":
        unwanted = chr(argument)
        return lambda character: character != unwanted
    if operator == "ANY":
        return lambda character: character != "\n"
    return _set_test(argument)


def _set_test(items: Any) -> _Test:
    negated = str(items[0][0]) == "NEGATE"
    tests = [_member_test(str(operator), argument) for operator, argument in items[negated:]]
    return lambda character: any(test(character) for test in tests) is not negated


def _member_test(operator: str, argument: Any) -> _Test:
    if operator == "LITERAL":
        code = argument
        return lambda character: ord(character) == code
    if operator == "RANGE":
        low, high = argument
        return lambda character: low <= ord(character) <= high
    if operator == "CATEGORY":
        category = re.compile(_CATEGORIES[str(argument)])
        return lambda character: category.match(character) is not None
    raise ValueError(f"a pattern cannot hold {operator.lower()} in a set")
