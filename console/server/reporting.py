"""From what the supervisor's directory says to what the engine is told of an attempt."""

from __future__ import annotations

from typing import Any

from console.engine.reports import AttemptReport, Evidence, Finding, OutputDigest, Process
from console.engine.words import Ending, Outcome, Purpose
from console.server.clock import now_ms
from console.steps.kind import Reading
from console.supervise import ExitRecord, Leftover, Standing, Survivor

ENDINGS = {"exited": Ending.EXITED, "timed_out": Ending.TIMED_OUT, "cancelled": Ending.CANCELLED}


def not_started(why: str) -> AttemptReport:
    """Nothing of it has run, for certain; a person may have it tried again."""
    return AttemptReport(ending=Ending.NEVER_STARTED, outcome=Outcome.FAILED, error=why, summary=f"not started: {why}")


def never_came() -> AttemptReport:
    """It was permitted and did not come into being, as when the server died in between; it may start as a new one."""
    return AttemptReport(ending=Ending.NEVER_STARTED, outcome=Outcome.CANCELLED)


def ended(
    exit_: ExitRecord, reading: Reading, outputs: dict[str, Any], output: OutputDigest, purpose: Purpose
) -> AttemptReport:
    """Its end is known, and so is what its kind makes of it."""
    evidence = None
    if purpose is Purpose.DISCOVER or reading.facts:
        evidence = Evidence(facts=reading.facts or (reading.summary,), finding=Finding(reading.finding))
    return AttemptReport(
        ending=Ending.LOST if reading.in_doubt else ENDINGS[exit_.ending],
        outcome=reading.outcome,
        exit_code=exit_.exit_code,
        signal=exit_.signal,
        started_at=exit_.started_at,
        ended_at=exit_.ended_at,
        output=output,
        summary=reading.summary,
        outputs=outputs,
        changes=reading.changes,
        preview=reading.preview,
        evidence=evidence or (Evidence(facts=(reading.summary,)) if reading.in_doubt else None),
        leftovers=processes(exit_.leftovers),
        error=exit_.error,
    )


def lost(standing: Standing, output: OutputDigest, *first: str) -> AttemptReport:
    """Nobody saw its end; `first` are facts that come before what its directory says."""
    survivors = standing.evidence.survivors if standing.evidence else []
    return AttemptReport(
        ending=Ending.LOST,
        outcome=Outcome.FAILED,
        ended_at=now_ms(),
        output=output,
        summary="nobody saw its end",
        evidence=Evidence(facts=(*first, *facts_of(standing)), survivors=processes(survivors)),
    )


def facts_of(standing: Standing) -> tuple[str, ...]:
    """What can still be said of an attempt whose supervisor is gone."""
    evidence = standing.evidence
    if evidence is None:
        return ()
    facts = list(evidence.problems)
    facts.append(
        {"same": "The host was not restarted since.", "changed": "The host was restarted since."}.get(
            evidence.boot, "Whether the host was restarted is not known."
        )
    )
    facts.append(f"It had printed {evidence.output_bytes} bytes.")
    facts.append(survivors_fact(len(evidence.survivors)))
    return tuple(facts)


def survivors_fact(count: int) -> str:
    """How many of its processes are still there, as a sentence."""
    if count == 0:
        return "None of its processes is left."
    return "One of its processes is still there." if count == 1 else f"{count} of its processes are still there."


def is_about_survivors(fact: str) -> bool:
    """Whether a fact is one of `survivors_fact`: looking again replaces it."""
    return fact.endswith(("of its processes is left.", "still there."))


def processes(found: list[Survivor] | list[Leftover]) -> tuple[Process, ...]:
    """Processes as the engine keeps them."""
    return tuple(Process(pid=one.pid, started=one.start, command=one.command) for one in found)
