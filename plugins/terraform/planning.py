"""Preview: init, plan to a file, and what that plan would do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from console.engine.reports import Preview
from console.engine.words import Effect
from console.steps.driving import Result, say, write_whole

from .plan import planned_lines, read_plan
from .stream import Tally, listener
from .tool import FLAG, NotReady, unheard
from .workspace import Seen, Workspace


def preview(work: Workspace) -> Result:
    """Lay out the configuration, plan, and say what it would do; the plan stays for the apply."""
    work.lay_out()
    if work.spec.form == "destroy-created" and not work.created():
        # Without a target, plan -destroy would be about everything.
        nothing = Preview(summary="nothing was created by this run", digest="", effect=Effect.READS)
        return _shown(work, nothing, empty=True)
    initialise(work)
    plan(work, work.plan)
    shown = read(work, work.plan, digest="")
    return _shown(work, shown)


def initialise(work: Workspace) -> None:
    """`init`, whose text is only of interest when it fails. Raises NotReady then."""
    build = work.tool.build
    code, text, errors = work.tool.capture(build.init(), work.base / "init.out")
    if code:
        said = [line.strip("│╷╵ \t") for line in (errors or text).decode("utf-8", "replace").splitlines()]
        for line in said:
            say(line)
        raise NotReady("init failed: " + " ".join(line for line in said if line)[:600])


def plan(work: Workspace, target: Path, quiet: bool = False) -> Tally:
    """`plan` to a file. Raises NotReady with what Terraform says when it fails."""
    tally = Tally()
    values = work.base / "variables.tfvars.json"
    write_whole(values, json.dumps(work.variables, ensure_ascii=False).encode())
    argv = work.tool.build.plan(json=FLAG, out=target, var_file=str(values), detailed_exitcode=None, **work.options())
    try:
        heard = listener(tally, unheard if quiet else say)
        code = work.tool.run(argv, work.base / "plan.jsonl", heard)
    finally:
        values.unlink()
        (work.base / "plan.jsonl").unlink(missing_ok=True)
    if work.stop.asked():
        raise NotReady("stopped while planning; nothing was changed")
    if code:
        raise NotReady(explain(tally, f"plan failed with exit code {code}"))
    return tally


def read(work: Workspace, target: Path, digest: str) -> Preview:
    """What a saved plan would do. Raises NotReady when it cannot be shown."""
    argv = work.tool.build.cmd("show", str(target), json=FLAG, no_color=FLAG)
    code, text, errors = work.tool.capture(argv, work.base / "show.json")
    if code:
        raise NotReady(f"show failed: {errors.decode('utf-8', 'replace').strip()[-300:]}")
    try:
        document = json.loads(text)
    except ValueError:
        raise NotReady("show did not print the plan as JSON") from None
    created = work.created() if work.spec.form == "destroy-created" else None
    return read_plan(document, digest, created)


def explain(tally: Tally, otherwise: str) -> str:
    """The first error of a stream, with what people need to know about locks and stale plans."""
    if not tally.errors:
        return otherwise
    title = tally.titles[0]
    if "stale" in title:
        return "the plan is stale: the state was changed after it was made; nothing was applied; retry plans again"
    if "state lock" in title:
        return f"the state is locked; nothing was changed: {_holder(tally.errors[0])}"
    more = f" (and {len(tally.errors) - 1} more)" if len(tally.errors) > 1 else ""
    return tally.errors[0] + more


def _holder(text: str) -> str:
    wanted = ("Who:", "Operation:", "Created:", "ID:")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return ", ".join(line for line in lines if line.startswith(wanted)) or text[:300]


def _shown(work: Workspace, found: Preview, empty: bool = False) -> Result:
    seen_plan, tree = work.plan_digest(), work.tree()
    digest = hashlib.sha256(f"{seen_plan} {tree}".encode()).hexdigest()
    work.show(Seen(digest=digest, plan=seen_plan, tree=tree, empty=empty))
    preview = Preview(
        summary=found.summary, digest=digest, effect=found.effect, added=found.added, changed=found.changed,
        destroyed=found.destroyed, changes=found.changes,
    )  # fmt: skip
    for line in planned_lines(preview):
        say(line)
    return Result(ok=True, summary=preview.summary, preview=preview, changes=preview.changes)
