"""The command line of the screens: a few words, each of them also an action or a place."""

from __future__ import annotations

from dataclasses import dataclass

from console.view.actions import ACTIONS, BY_ID


@dataclass(frozen=True, slots=True)
class Order:
    """What a command line means: a verb, and the number or name after it."""

    verb: str
    argument: str = ""


class NotUnderstood(ValueError):
    """The line means nothing; the message says what would."""


_PLACES = {
    "runs": "runs",
    "board": "runs",
    "runbooks": "runbooks",
    "new": "runbooks",
    "help": "help",
    "quit": "quit",
    "q": "quit",
}
_ACTIONS = {
    "pause": "run.pause",
    "resume": "run.resume",
    "cancel": "run.cancel",
    "stop": "step.stop",
    "skip": "step.skip",
    "jump": "step.jump",
    "rollback": "rollback.all",
    "rollback-to": "rollback.to",
    "review": "review",
    "output": "output",
    "reload": "reload",
}
WORDS = tuple(sorted({*_PLACES, *_ACTIONS, "run", "start"} - {"q"}))


def read_order(typed: str) -> Order:
    """What a line means. Raises NotUnderstood."""
    text = typed.strip().lstrip(":")
    verb, _, argument = text.partition(" ")
    argument = argument.strip()
    number = verb.lstrip("#")
    if number.isascii() and number.isdigit():
        return Order("run", number)
    if verb in ("run", "open") and argument.lstrip("#").isdigit():
        return Order("run", argument.lstrip("#"))
    if verb in ("start", "run") and argument:
        return Order("start", argument)
    if verb in _PLACES and not argument:
        return Order(_PLACES[verb])
    if verb in _ACTIONS:
        return Order("do", _ACTIONS[verb])
    raise NotUnderstood(_mend(verb))


def _mend(verb: str) -> str:
    near = [word for word in WORDS if verb and word.startswith(verb[:2])]
    return f"There is no command {verb!r}. Try {', '.join(near or ('a run number', *WORDS[:6]))}."


def complete(typed: str) -> str | None:
    """What all commands that begin like this have in common, where that is more; else None."""
    found = [word for word in WORDS if typed and word.startswith(typed)]
    if not found:
        return None
    common = commonprefix(found)
    return common if len(common) > len(typed) else None


def commonprefix(texts: list[str]) -> str:
    """The longest beginning that all texts share."""
    first, last = min(texts), max(texts)
    size = next((at for at, char in enumerate(first) if last[at : at + 1] != char), len(first))
    return first[:size]


def check_registry() -> list[str]:
    """Commands that name no action: must be empty."""
    return [name for name in _ACTIONS.values() if name not in BY_ID] if ACTIONS else []
