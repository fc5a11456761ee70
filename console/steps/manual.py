"""The kind `manual`: a person does it, ticks the checklist and answers what is asked."""

from __future__ import annotations

import msgspec

from console.engine.prepared import AskWork
from console.engine.runbook import Field
from console.engine.words import Effect
from console.steps.kind import Context, Kind, Ready


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to do, what to tick, what to answer, and who may do it."""

    instructions: str
    checklist: list[str] = []
    asks: dict[str, Field] = {}
    from_: list[str] = msgspec.field(name="from", default_factory=list)


class Manual(Kind):
    """A task for a person; answered with done, or not_done and a reason."""

    name = "manual"
    keys = ("manual",)
    literal = frozenset({"asks"})
    body = Body
    effect = Effect.READS
    for_people = True
    open_outputs = False

    def expand(self, key: str, raw: object) -> object:
        """`manual: TEXT` is short for instructions alone."""
        return {"instructions": raw} if isinstance(raw, str) else raw

    def prepare(self, body: Body, context: Context) -> Ready:
        """The rendered instructions are what the person is shown."""
        work = AskWork(
            instructions=body.instructions,
            checklist=tuple(body.checklist),
            asks=body.asks,
            from_=tuple(body.from_),
        )
        shown = (*body.instructions.rstrip("\n").split("\n"), *(f"- {item}" for item in body.checklist))
        return Ready(work=work, spec={}, shown=shown)
