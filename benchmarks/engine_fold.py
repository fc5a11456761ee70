"""The pure engine on long runs: deciding, folding, restoring.

    python -m benchmarks.engine_fold [--steps 1000 10000] [--rounds 5] [--json FILE]

Times are CPU time, the least of the rounds. The ratios do not depend on the machine: folding is set against decoding
the same events, a snapshot against both, and deciding at the end of a run against deciding at the end of a short one.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from console.engine import commands as c
from console.engine import events as e
from console.engine.decide import decide, take
from console.engine.due import Attend, Prepare, due
from console.engine.evolve import fold
from console.engine.prepared import Prepared, PreparedUndo, ProcessWork
from console.engine.reports import AttemptReport, OutputDigest
from console.engine.run import Run
from console.engine.runbook import Runbook, Step, Undo, UndoForm
from console.engine.words import Ending, Outcome

ANA = c.Actor(kind=c.ActorKind.OPERATOR, name="ana", uid=1000, unprotected=True)
SERVER = c.Actor(kind=c.ActorKind.SERVER, name="server")
SHORT = 10
WORK = Prepared(
    digest="0" * 64,
    kind="shell",
    work=ProcessWork(),
    spec={"argv": ["/bin/sh", "-c", "true"], "cwd": "/"},
    shown=("true",),
    undo=PreparedUndo(form=UndoForm.STEP, digest="1" * 64, kind="shell", spec={"argv": ["/bin/true"]}),
)
REPORT = AttemptReport(
    ending=Ending.EXITED,
    outcome=Outcome.SUCCEEDED,
    exit_code=0,
    started_at=1,
    ended_at=2,
    output=OutputDigest(bytes=120, lines=3, sha256="2" * 64),
)
_EVENT = msgspec.json.Decoder(e.Recorded)
_RUN = msgspec.msgpack.Decoder(Run)
_PACK = msgspec.msgpack.Encoder()


def start(steps: int) -> tuple[Run, list[e.Recorded]]:
    """A run of so many steps that change something and can be undone."""
    undo = Undo(form=UndoForm.STEP, kind="shell", body="true")
    book = Runbook(
        id="long", title="Long", steps=tuple(Step(id=f"s{n}", kind="shell", undo=undo) for n in range(steps))
    )
    command = c.StartRun(id="start", who=ANA, run=1, runbook=book, definition="d", source="b", parameters={})
    return take(None, command, 1_000)


def report_to(run: Run, number: int) -> c.AnyCommand | None:
    """What the host says next."""
    for action in due(run):
        match action:
            case Prepare(path=path, visit=visit):
                return c.StepRendered(id=f"c{number}", who=SERVER, path=path, visit=visit, prepared=WORK)
            case Attend(path=path, visit=visit, attempt=attempt):
                return c.AttemptReported(
                    id=f"c{number}", who=SERVER, path=path, visit=visit, attempt=attempt, report=REPORT
                )
    return None


def through(steps: int, stop_before: int = 0) -> tuple[Run, list[e.Recorded]]:
    """The run when so many of its steps are left."""
    run, journal = start(steps)
    number = 0
    last = f"s{steps - stop_before}" if stop_before else None
    while (command := report_to(run, number)) is not None and run.cursor != last:
        run, recorded = take(run, command, 1_000 + number, owned=True)
        journal += recorded
        number += 1
    return run, journal


def least(rounds: int, work: Callable[[], Any], times: int = 1) -> float:
    """The least CPU time of one go, in ms."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(times):
            work()
        found.append((time.process_time() - began) / times)
    return 1000 * min(found)


def measure(steps: int, rounds: int) -> dict[str, float]:
    """What a run of so many steps costs."""
    began = time.process_time()
    ended, journal = through(steps)
    walked = 1000 * (time.process_time() - began)
    lines = [msgspec.json.encode(one, order="sorted") for one in journal]
    snapshot = _PACK.encode(ended)
    recorded = [_EVENT.decode(line) for line in lines]
    if fold(recorded) != ended or _RUN.decode(snapshot) != ended:
        raise SystemExit("the journal does not restore the run")
    almost, _ = through(steps, stop_before=1)
    command = report_to(almost, 0)
    if command is None:
        raise SystemExit("nothing is due before the end")
    return {
        "steps": steps,
        "events": len(journal),
        "decode_events_ms": least(rounds, lambda: [_EVENT.decode(line) for line in lines]),
        "fold_ms": least(rounds, lambda: fold(recorded)),
        "snapshot_bytes": len(snapshot),
        "snapshot_encode_ms": least(rounds, lambda: _PACK.encode(ended)),
        "snapshot_decode_ms": least(rounds, lambda: _RUN.decode(snapshot)),
        "decide_us": 1000 * least(rounds, lambda: decide(almost, command, 9_000_000), 50),
        "due_us": 1000 * least(rounds, lambda: due(almost), 50),
        "walk_us_per_step": 1000 * walked / steps,
    }


def main() -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    gc.freeze()
    gc.disable()  # as the server does while it restores; its runs are long-lived
    short = measure(SHORT, args.rounds)
    results = [measure(steps, args.rounds) for steps in args.steps]
    for one in results:
        one["fold_to_decode"] = one["fold_ms"] / one["decode_events_ms"]
        one["snapshot_to_events"] = one["snapshot_decode_ms"] / (one["decode_events_ms"] + one["fold_ms"])
        one["decide_to_short"] = one["decide_us"] / short["decide_us"]
    for name in results[0]:
        print(f"{name:22}" + "".join(f"{one[name]:>14,.2f}" for one in results))
    if args.json:
        args.json.write_text(json.dumps({"short": short, "runs": results}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
