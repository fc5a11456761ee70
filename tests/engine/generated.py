"""Generated runbooks: every form of work, undo and follow, in short runbooks whose steps jump to one another."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from console.engine.reports import Process
from console.engine.runbook import Approve, Field, Follow, FollowWord, ParameterType, Retry
from console.engine.words import Outcome
from tests.engine import plans
from tests.engine.plans import Book, Plan

PEOPLE = ("ana", "ben", "cem", "dee")
FOUND = (Process(pid=4711, started=99, command="terraform apply"), Process(pid=815, started=7, command="sleep \x1b[2J"))
_OUTCOMES = [one for one in Outcome if one is not Outcome.CANCELLED]
_rarely = st.sampled_from([False, False, False, True])


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), strategy)


@st.composite
def follows(draw: st.DrawFn, ids: list[str]) -> Follow:
    """What follows an outcome; targets lie before, after, or nowhere at all."""
    word = draw(st.sampled_from([*FollowWord, FollowWord.NEXT, FollowWord.GO_TO, FollowWord.ROLLBACK_TO]))
    if word not in (FollowWord.GO_TO, FollowWord.ROLLBACK_TO):
        return Follow(word=word, unattended=draw(st.booleans()))
    target = draw(st.sampled_from([*ids, *ids, *ids, "nowhere"]))
    return Follow(word=word, target=target, at_most=draw(st.sampled_from([1, 2, 2, None])), unattended=draw(_rarely))


@st.composite
def _options(draw: st.DrawFn, ids: list[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["then"] = draw(st.dictionaries(st.sampled_from(_OUTCOMES), follows(ids), max_size=3))
    if draw(_rarely):
        options["approve"] = Approve(
            from_=("security",), quorum=draw(st.integers(1, 2)), within_ms=draw(_maybe(st.just(60_000)))
        )
    options["within_ms"] = draw(_maybe(st.sampled_from([5_000, 90_000])))
    return options


@st.composite
def processes(draw: st.DrawFn, id_: str, ids: list[str]) -> Plan:
    """A step that is a process."""
    options = draw(_options(ids))
    if draw(st.booleans()):
        options["retry"] = Retry(attempts=3, wait_ms=draw(st.sampled_from([0, 3_000])), backoff_percent=200)
    if draw(_rarely):
        options["outputs"] = {"port": Field(type=ParameterType.INTEGER, min=1)}
    return plans.process(
        id_,
        previews=draw(st.booleans()),
        discovers=draw(st.booleans()),
        repeatable=draw(st.booleans()),
        undo=draw(st.sampled_from(["step", "step", "step", "nothing", "impossible", None])),
        undo_previews=draw(st.booleans()),
        undo_discovers=draw(st.booleans()),
        undo_unattended=draw(_rarely),
        **options,
    )


@st.composite
def _for_people(draw: st.DrawFn, id_: str, ids: list[str]) -> Plan:
    options = draw(_options(ids))
    match draw(st.sampled_from(["manual", "approval", "wait", "tell"])):
        case "manual":
            asks = {"version": Field(), "count": Field(type=ParameterType.INTEGER, optional=True)}
            return plans.manual(id_, asks=asks if draw(_rarely) else None, **options)
        case "approval":
            allows = draw(_maybe(st.just(60_000)))
            return plans.approval(id_, quorum=draw(st.integers(1, 2)), allows_ms=allows, **options)
        case "wait":
            return plans.wait(id_, draw(st.sampled_from([0, 10_000])), **options)
        case _:
            return plans.tell(id_, **options)


@st.composite
def books(draw: st.DrawFn) -> Book:
    """A runbook of up to six steps."""
    ids = [f"s{number}" for number in range(1, draw(st.sampled_from([1, 2, 3, 4, 5, 5, 6, 6])) + 1)]
    steps = [draw(st.one_of(processes(id_, ids), processes(id_, ids), _for_people(id_, ids))) for id_ in ids]
    deadline = draw(_maybe(st.just(120_000)))
    return plans.book(*steps, deadline_ms=deadline, unattended_rollback=draw(_rarely))
