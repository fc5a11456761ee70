"""Compiling what follows an outcome, and the options `approve` and `retry`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from console.catalog import later
from console.catalog.authored import ApproveOption, FollowForm, RetryOption
from console.catalog.draft import Draft
from console.catalog.findings import nearest, shorten
from console.catalog.shape import BAD, Shape
from console.catalog.strict_yaml import Path
from console.engine.runbook import Approve, Follow, FollowWord, Retry
from console.engine.words import Outcome
from console.steps.durations import parse_duration

_WORDS = {"next": FollowWord.NEXT, "ask": FollowWord.ASK, "stop": FollowWord.STOP}
_FORMS = "next, ask, stop, {rollback: all}, {rollback_to: ID} or {go_to: ID, at_most: N}"


def compile_then(draft: Draft, path: Path, then: Mapping[Any, Any]) -> Any:
    """What follows each outcome, or `BAD`."""
    found: dict[Outcome, Follow] = {}
    for word, data in then.items():
        found[Outcome(word)] = _follow(draft, (*path, word), data)
    return BAD if any(follow is BAD for follow in found.values()) else found


def _follow(draft: Draft, path: Path, data: Any) -> Any:
    if isinstance(data, str):
        if data in _WORDS:
            return Follow(word=_WORDS[data])
        mend = nearest(data, _WORDS) or f"it may be {_FORMS}"
        draft.add("wrong-value", f"{shorten(data)} cannot follow an outcome", path, mend)
        return BAD
    document = draft.document
    for word in later.FOLLOWS:
        draft.other_ids |= later.nested_ids(data.get(word))
    shape = Shape(
        draft.findings,
        lambda inside: document.place((*path, *inside)),
        lambda inside: document.key_place((*path, *inside)),
        later=later.FOLLOWS,
    )
    errors = draft.findings.errors
    form = shape.fit(data, FollowForm, name="what follows")
    if form is BAD or draft.findings.errors > errors or set(data) & set(later.FOLLOWS):
        return BAD
    return _long_form(draft, path, form)


def _long_form(draft: Draft, path: Path, form: FollowForm) -> Any:
    given = [name for name in ("rollback", "rollback_to", "go_to") if getattr(form, name) is not None]
    if len(given) != 1:
        draft.add("wrong-value", f"what follows names {len(given)} things", path, f"it is {_FORMS}")
        return BAD
    if form.at_most is not None and form.go_to is None:
        draft.add("unknown-key", "`at_most` belongs to go_to", (*path, "at_most"), "leave it out")
    if form.unattended and form.go_to is not None:
        draft.add("unknown-key", "`unattended` belongs to a rollback", (*path, "unattended"), "leave it out")
    word = {
        "rollback": FollowWord.ROLLBACK_ALL,
        "rollback_to": FollowWord.ROLLBACK_TO,
        "go_to": FollowWord.GO_TO,
    }[given[0]]
    target = form.rollback_to or form.go_to
    return Follow(word=word, target=target, at_most=form.at_most, unattended=form.unattended)


def compile_approve(option: ApproveOption | None) -> Approve | None:
    """The model's form of `approve`."""
    if option is None:
        return None
    return Approve(
        from_=tuple(option.from_),
        quorum=option.quorum,
        within_ms=parse_duration(option.within) if option.within else None,
        evidence=tuple(option.evidence),
    )


def compile_retry(option: RetryOption | None) -> Retry | None:
    """The model's form of `retry`; the factor becomes percent."""
    if option is None:
        return None
    return Retry(
        attempts=option.attempts,
        wait_ms=parse_duration(option.wait),
        backoff_percent=int(Decimal(option.backoff) * 100),
        wait_at_most_ms=parse_duration(option.at_most),
    )
