"""Generated runbooks: every form of work, undo and follow, in short runbooks whose steps jump to one another.

All choices go through `Pick`, so that Hypothesis and a seeded random walk can make them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from console.engine.runbook import Approve, Field, Follow, FollowWord, ParameterType, Retry
from console.engine.words import Outcome
from tests.engine import plans
from tests.engine.plans import Book, Plan

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of several."""

    def __call__(self, options: Sequence[T], /) -> T: ...


def one_in(pick: Pick, count: int) -> bool:
    """True once in so many times."""
    return pick([False] * (count - 1) + [True])


def runbook(pick: Pick) -> Book:
    """A runbook of up to six steps."""
    ids = [f"s{number}" for number in range(1, pick([1, 2, 3, 4, 5, 6, 6]) + 1)]
    jumpy = pick([2, 5, 9])
    people = pick([2, 4, 9])
    steps = [(_for_people if one_in(pick, people) else _process)(pick, id_, ids, jumpy) for id_ in ids]
    deadline = pick([None, None, 120_000])
    return plans.book(*steps, deadline_ms=deadline, unattended_rollback=one_in(pick, 8))


def _process(pick: Pick, id_: str, ids: list[str], jumpy: int) -> Plan:
    options = _options(pick, ids, jumpy)
    if one_in(pick, 2):
        options["retry"] = Retry(attempts=3, wait_ms=pick([0, 3_000]), backoff_percent=200)
    if one_in(pick, 6):
        options["outputs"] = {"port": Field(type=ParameterType.INTEGER, min=1)}
    return plans.process(
        id_,
        previews=one_in(pick, 3),
        discovers=one_in(pick, 2),
        repeatable=one_in(pick, 3),
        undo=pick(["step", "step", "step", "step", "step", "nothing", "impossible", None]),
        undo_previews=one_in(pick, 2),
        undo_discovers=one_in(pick, 2),
        undo_unattended=one_in(pick, 5),
        **options,
    )


def _for_people(pick: Pick, id_: str, ids: list[str], jumpy: int) -> Plan:
    options = _options(pick, ids, jumpy)
    match pick(["manual", "manual", "approval", "approval", "wait", "tell"]):
        case "manual":
            asks = {"version": Field(), "count": Field(type=ParameterType.INTEGER, optional=True)}
            return plans.manual(id_, asks=asks if one_in(pick, 3) else None, **options)
        case "approval":
            allows = pick([None, None, 60_000])
            return plans.approval(id_, quorum=pick([1, 1, 2]), allows_ms=allows, **options)
        case "wait":
            return plans.wait(id_, pick([0, 10_000]), **options)
        case _:
            return plans.tell(id_, **options)


def _options(pick: Pick, ids: list[str], jumpy: int) -> dict[str, Any]:
    options: dict[str, Any] = {"within_ms": pick([None, None, None, 5_000, 90_000])}
    if one_in(pick, jumpy):
        options["then"] = {pick(_OUTCOMES): _follow(pick, ids) for _ in range(pick([1, 2, 3]))}
    if one_in(pick, 8):
        within = pick([None, 60_000])
        options["approve"] = Approve(from_=("security",), quorum=pick([1, 2]), within_ms=within)
    return options


_OUTCOMES = (
    *[Outcome.SUCCEEDED, Outcome.FAILED] * 3,
    *[Outcome.TIMED_OUT, Outcome.REJECTED] * 2,
    Outcome.UNVERIFIED,
    Outcome.SKIPPED,
)
_FOLLOWS = (
    *[FollowWord.GO_TO] * 6,
    *[FollowWord.NEXT, FollowWord.ROLLBACK_TO] * 3,
    FollowWord.ROLLBACK_ALL,
    FollowWord.ASK,
    FollowWord.STOP,
)


def _follow(pick: Pick, ids: list[str]) -> Follow:
    """What follows an outcome; targets lie before, after, or nowhere at all."""
    word = pick(_FOLLOWS)
    if word not in (FollowWord.GO_TO, FollowWord.ROLLBACK_TO):
        return Follow(word=word, unattended=one_in(pick, 2))
    target = "nowhere" if one_in(pick, 12) else pick(ids)
    return Follow(word=word, target=target, at_most=pick([1, 2, 2, None]), unattended=one_in(pick, 4))
