"""The kind `shell`: a literal shell text, or an argument list that needs no shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from console.engine.prepared import ProcessWork
from console.engine.runbook import Step
from console.engine.words import Effect, Outcome, Purpose
from console.steps.kind import CommandLine, Context, Exit, Kind, Place, Problem, Reading, Ready, read_exit_code
from console.steps.outputs import OUTPUT_FILE, read_outputs


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of `text` and `argv`; `cwd` is absolute or relative to the run's directory."""

    text: str | None = None
    argv: list[str] | None = None
    cwd: str | None = None


class Shell(Kind):
    """Runs a text with `/bin/sh -eu`, or an argument list, on a pseudo-terminal."""

    name = "shell"
    keys = ("shell", "argv")
    options = ("cwd",)
    literal = frozenset({"text"})
    body = Body
    effect = Effect.CHANGES
    open_outputs = False

    def expand(self, key: str, raw: object) -> object:
        """`shell: TEXT`, `shell: {text|argv, cwd}` and `argv: [...]` are one thing."""
        if key == "argv":
            return {"argv": raw}
        return {"text": raw} if isinstance(raw, str) else raw

    def check(self, body: Body, step: Step) -> Iterable[Problem]:
        """One of text and argv; no template in a shell text, because quoting cannot make that safe."""
        if (body.text is None) == (body.argv is None):
            yield Problem((), "a shell step has either a text or argv", "write `shell: TEXT` or `argv: [PROGRAM, …]`")
        if body.text is not None and "{{" in body.text:
            yield Problem(
                ("text",),
                "shell text is literal: a template in it would be run as code",
                'hand the value over with env:, such as `env: {NAME: "{{ … }}"}`, and write "$NAME" in the text',
            )
        if body.argv is not None and not body.argv:
            yield Problem(("argv",), "argv is empty", "name the program first")

    def prepare(self, body: Body, context: Context) -> Ready:
        """Pin the text or the arguments, and the directory."""
        argv = body.argv or ["/bin/sh", "-eu", "-c", body.text or ""]
        cwd = str(context.place.run / body.cwd) if body.cwd else str(context.place.run)
        shown = tuple((body.text or "").rstrip("\n").split("\n")) if body.argv is None else (_quoted(argv),)
        return Ready(work=ProcessWork(), spec={"argv": argv, "cwd": cwd}, shown=shown)

    def command(self, purpose: Purpose, spec: dict[str, Any], place: Place) -> CommandLine | None:
        """The same command forward and as an undo; a shell step can neither preview nor discover."""
        if purpose not in (Purpose.APPLY, Purpose.ROLLBACK) or place.attempt is None:
            return None
        env = {OUTPUT_FILE: str(place.attempt / "outputs")}
        return CommandLine(argv=tuple(spec["argv"]), env=env, cwd=spec["cwd"], pty=True)

    def read(self, purpose: Purpose, spec: dict[str, Any], ended: Exit, place: Place) -> Reading:
        """The exit code, and the `name=value` lines that the step wrote."""
        reading = read_exit_code(ended)
        if reading.outcome is not Outcome.SUCCEEDED or place.attempt is None:
            return reading
        return Reading(reading.outcome, reading.summary, outputs=read_outputs(place.attempt / "outputs"))


def _quoted(argv: list[str]) -> str:
    import shlex

    return shlex.join(argv)
