"""The kind `wait`: for a time, or until a moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from console.engine.prepared import WaitWork
from console.engine.runbook import Step
from console.engine.words import Effect
from console.steps.durations import parse_duration
from console.steps.kind import CannotPrepare, Context, Kind, Problem, Ready


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of `for` (a duration) and `until` (ISO 8601 with an offset)."""

    for_: str | None = msgspec.field(name="for", default=None)
    until: str | None = None


class Wait(Kind):
    """Lets time pass, durably: the moment is recorded when it is set."""

    name = "wait"
    keys = ("wait",)
    body = Body
    effect = Effect.READS
    open_outputs = False

    def expand(self, key: str, raw: object) -> object:
        """`wait: 10m` is short for `wait: {for: 10m}`."""
        return {"for": raw} if isinstance(raw, str) else raw

    def check(self, body: Body, step: Step) -> Iterable[Problem]:
        """One of for and until, well formed where it is no template."""
        if (body.for_ is None) == (body.until is None):
            yield Problem(
                (), "a wait says either for or until", "write `wait: 10m` or `wait: {until: 2030-01-01T06:00Z}`"
            )
        for key, text, parse in (("for", body.for_, parse_duration), ("until", body.until, moment)):
            if text is not None and "{{" not in text:
                try:
                    parse(text)
                except ValueError as error:
                    yield Problem((key,), str(error))

    def prepare(self, body: Body, context: Context) -> Ready:
        """The absolute moment, so that a restart does not begin the wait again."""
        try:
            until = moment(body.until) if body.until else context.now + parse_duration(body.for_ or "")
        except ValueError as error:
            raise CannotPrepare(str(error)) from None
        shown = datetime.fromtimestamp(until / 1000, UTC).strftime("wait until %Y-%m-%d %H:%M:%SZ")
        return Ready(work=WaitWork(until=until), shown=(shown,))


def moment(text: str) -> int:
    """Milliseconds UTC of an ISO 8601 time that names its offset; raises ValueError otherwise."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2030-01-01T06:00:00Z") from None
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} does not say its offset: end it with Z or +01:00")
    return int(parsed.timestamp() * 1000)
