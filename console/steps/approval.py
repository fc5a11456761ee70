"""The kind `approval`: people agree, or do not."""

from __future__ import annotations

import msgspec

from console.engine.prepared import ApprovalWork
from console.engine.words import Effect
from console.steps.durations import Duration, parse_duration
from console.steps.kind import Context, Kind, Ready


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The question, who is asked, how many must agree, for how long, and the steps that stand as evidence."""

    ask: str
    from_: list[str] = msgspec.field(name="from", default_factory=list)
    quorum: int = 1
    within: Duration | None = None
    evidence: list[str] = []


class Approval(Kind):
    """A question answered with approve or reject; it cannot be skipped or jumped over."""

    name = "approval"
    keys = ("approval",)
    literal = frozenset({"evidence"})
    body = Body
    effect = Effect.READS
    for_people = True
    open_outputs = False

    def expand(self, key: str, raw: object) -> object:
        """`approval: TEXT` is short for the question alone."""
        return {"ask": raw} if isinstance(raw, str) else raw

    def prepare(self, body: Body, context: Context) -> Ready:
        """The rendered question is what is agreed to."""
        work = ApprovalWork(
            ask=body.ask,
            from_=tuple(body.from_),
            quorum=max(1, body.quorum),
            within_ms=parse_duration(body.within) if body.within else context.step.within_ms,
            evidence=tuple(body.evidence),
        )
        return Ready(work=work, shown=(body.ask,))
