"""What an action is, where it counts, how it is confirmed, and what is known where one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from console.protocol import RunView, StepView, WaitingView


class Tier(IntEnum):
    """How an action is confirmed: not at all, by a key that did not start it, or by typing its target."""

    LOOK = 0
    REVERSIBLE = 1
    DANGEROUS = 2


class Place(StrEnum):
    """Where on the screens an action counts."""

    BOARD = "board"
    CATALOGUE = "catalogue"
    FORM = "form"
    PLAN = "plan"
    RUN = "run"
    REVIEW = "review"
    STEP = "step"
    OUTPUT = "output"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known where an action is chosen: the place, the run, the step under the cursor, what waits there.

    `typing`: the keys go into a field, so that letters are text.
    """

    place: Place
    connected: bool = True
    run: RunView | None = None
    step: StepView | None = None
    waiting: WaitingView | None = None
    typing: bool = False


WhyNot = Callable[[Situation], str | None]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do. `key` is its first key; `hint` orders the hints in the last row, 0 is none."""

    id: str
    label: str
    help: str
    places: tuple[Place, ...]
    keys: tuple[str, ...] = ()
    tier: Tier = Tier.LOOK
    why_not: WhyNot = lambda _: None
    hint: int = 0
    menu: bool = False
    group: str = ""

    @property
    def key(self) -> str:
        """The key to show, or nothing."""
        return key_name(self.keys[0]) if self.keys else ""

    def keys_at(self, at: Situation) -> tuple[str, ...]:
        """The keys that do it here: none that would be text while a field is typed in."""
        return tuple(key for key in self.keys if not at.typing or (len(key_name(key)) > 1 and key != "space"))


_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "space": "space",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


def key_name(key: str) -> str:
    """A key as people call it."""
    return _NAMES.get(key, key)
