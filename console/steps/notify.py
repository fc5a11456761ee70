"""The kind `notify`: tells people something, in the console."""

from __future__ import annotations

import msgspec

from console.engine.prepared import TellWork
from console.engine.words import Effect
from console.steps.kind import Context, Kind, Ready


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom to tell (`requester`, a role, a name, or several), and what."""

    to: str | list[str] = "requester"
    message: str


class Notify(Kind):
    """Adds a notice that the people named find in the console."""

    name = "notify"
    keys = ("notify",)
    body = Body
    effect = Effect.READS
    open_outputs = False

    def expand(self, key: str, raw: object) -> object:
        """`notify: TEXT` tells the one who started the run."""
        return {"message": raw} if isinstance(raw, str) else raw

    def prepare(self, body: Body, context: Context) -> Ready:
        """`requester` becomes the name of the one who started the run."""
        names = [body.to] if isinstance(body.to, str) else body.to
        to = tuple(context.requester if name == "requester" else name for name in names)
        return Ready(work=TellWork(to=to, message=body.message), shown=(f"tell {', '.join(to)}: {body.message}",))
