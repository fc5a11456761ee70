"""Short ways to write runbooks for the engine's tests: each step with what the host makes of it when it renders it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from console.engine.prepared import ApprovalWork, AskWork, Prepared, PreparedUndo, ProcessWork, TellWork, WaitWork, Work
from console.engine.runbook import Field, Follow, FollowWord, Runbook, Step, Undo, UndoForm
from console.engine.words import Outcome


@dataclass(frozen=True)
class Plan:
    """A step and how it is rendered. `waits_ms` is the length of a wait, counted from the rendering."""

    step: Step
    work: Work
    repeatable: bool = False
    undo: PreparedUndo | None = None
    waits_ms: int | None = None

    def prepared(self, times: int, now: int) -> Prepared:
        """What rendering it for the nth time gives: a digest of its own, so that a stale one would be noticed."""
        work = WaitWork(until=now + self.waits_ms) if self.waits_ms is not None else self.work
        undo = None
        if self.undo is not None:
            undo = PreparedUndo(**{**_fields(self.undo), "digest": f"undo-{self.step.id}-{times}"})
        digest = f"{self.step.id}-{times}"
        return Prepared(digest=digest, kind=self.step.kind, work=work, repeatable=self.repeatable, undo=undo)


def _fields(struct: PreparedUndo) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


@dataclass(frozen=True)
class Book:
    """A runbook with the plan of each of its steps."""

    plans: tuple[Plan, ...]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def runbook(self) -> Runbook:
        """The compiled runbook."""
        steps = tuple(plan.step for plan in self.plans)
        return Runbook(id="the-book", title="The book", steps=steps, **self.options)

    def plan(self, path: str) -> Plan:
        """The plan of a step."""
        return next(plan for plan in self.plans if plan.step.id == path)


def book(*plans: Plan, **options: Any) -> Book:
    """A runbook of these steps."""
    return Book(plans, options)


def process(
    id_: str,
    *,
    previews: bool = False,
    discovers: bool = False,
    repeatable: bool = False,
    undo: str | None = "step",
    undo_previews: bool = False,
    undo_discovers: bool = False,
    undo_unattended: bool = False,
    **options: Any,
) -> Plan:
    """A step that is a process. `undo`: step, nothing, impossible or None."""
    made = None
    if undo is not None:
        form = UndoForm(undo)
        why: dict[str, Any] = {"why": "it cannot be", "instead": "call somebody"} if form is UndoForm.IMPOSSIBLE else {}
        options["undo"] = Undo(form=form, kind="shell" if form is UndoForm.STEP else None, **why)
        made = PreparedUndo(
            form=form, previews=undo_previews, discovers=undo_discovers, unattended=undo_unattended, **why
        )
    return Plan(
        Step(id=id_, kind="shell", idempotent=repeatable, **options),
        ProcessWork(previews=previews, discovers=discovers),
        repeatable=repeatable,
        undo=made,
    )


def manual(id_: str, *, asks: dict[str, Field] | None = None, **options: Any) -> Plan:
    """A step that a person does."""
    return Plan(Step(id=id_, kind="manual", **options), AskWork(instructions=f"do {id_}", asks=asks or {}))


def approval(id_: str, *, quorum: int = 1, allows_ms: int | None = None, **options: Any) -> Plan:
    """A step that is an approval."""
    work = ApprovalWork(ask=f"May {id_}?", from_=("security",), quorum=quorum, within_ms=allows_ms)
    return Plan(Step(id=id_, kind="approval", **options), work)


def wait(id_: str, ms: int, **options: Any) -> Plan:
    """A step that waits."""
    return Plan(Step(id=id_, kind="wait", **options), WaitWork(until=0), waits_ms=ms)


def tell(id_: str, **options: Any) -> Plan:
    """A step that tells somebody something."""
    return Plan(Step(id=id_, kind="notify", **options), TellWork(to=("ana",), message=f"{id_} it is"))


def then(**follows: Follow) -> dict[Outcome, Follow]:
    """What follows which outcome."""
    return {Outcome(word): follow for word, follow in follows.items()}


NEXT = Follow(word=FollowWord.NEXT)
ASK = Follow(word=FollowWord.ASK)
STOP = Follow(word=FollowWord.STOP)
ROLLBACK_ALL = Follow(word=FollowWord.ROLLBACK_ALL)
UNATTENDED_ROLLBACK = Follow(word=FollowWord.ROLLBACK_ALL, unattended=True)


def rollback_to(target: str) -> Follow:
    """Undo what started after a step."""
    return Follow(word=FollowWord.ROLLBACK_TO, target=target)


def go_to(target: str, at_most: int | None = 3) -> Follow:
    """Go on at a step."""
    return Follow(word=FollowWord.GO_TO, target=target, at_most=at_most)
