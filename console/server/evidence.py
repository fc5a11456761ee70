"""What can be found out about attempts that nobody watches any more: from directories, and among processes."""

from __future__ import annotations

from msgspec.structs import replace

from console.config import Home
from console.engine.reports import Evidence
from console.engine.run import Run
from console.engine.words import AttemptState
from console.server import reporting
from console.server.places import attempt_directory
from console.server.records import attempt_name
from console.supervise import Standing, Survivor, find_survivors, look


class Seeking:
    """Looks; changes nothing. `marker` names the home in the environment of every step. All of it blocks."""

    def __init__(self, home: Home, marker: str) -> None:
        self._home = home
        self._marker = marker

    def survivors(self, run: Run, path: str) -> list[Survivor]:
        """Processes of any attempt of a step, in any of its visits."""
        found: dict[tuple[int, int], Survivor] = {}
        for visit in run.steps[path].visits:
            for attempt in visit.attempts:
                supervisor = self._standing(run, path, visit.number, attempt.number).supervisor
                for one in find_survivors(self._marked(run, path, visit.number, attempt.number), supervisor):
                    found[one.pid, one.start] = one
        return list(found.values())

    def evidence(self, run: Run, path: str, visit: int) -> Evidence:
        """What was known of an attempt in doubt, and what is to be found of it now."""
        found = run.visit_of(path, visit)
        known = found.evidence if found is not None and found.evidence is not None else Evidence()
        return self.with_traces(known, run, path, visit)

    def with_traces(self, evidence: Evidence, run: Run, path: str, visit: int) -> Evidence:
        """Evidence, and beside it what the directory of the attempt in doubt and the live processes say now."""
        survivors = self.survivors(run, path)
        facts = [fact for fact in evidence.facts if not reporting.is_about_survivors(fact)]
        facts += [fact for fact in self._traces(run, path, visit) if fact not in facts]
        facts.append(reporting.survivors_fact(len(survivors)))
        return replace(evidence, facts=tuple(facts), survivors=reporting.processes(survivors))

    def _traces(self, run: Run, path: str, number: int) -> list[str]:
        visit = run.visit_of(path, number)
        attempts = visit.attempts if visit is not None else ()
        doubtful = next((one for one in reversed(attempts) if one.state is AttemptState.IN_DOUBT), None)
        if doubtful is None:
            return []
        facts = reporting.facts_of(self._standing(run, path, number, doubtful.number))
        return [fact for fact in facts if not reporting.is_about_survivors(fact)]

    def _standing(self, run: Run, path: str, visit: int, attempt: int) -> Standing:
        directory = attempt_directory(self._home, run.number, path, visit, attempt)
        return look(directory, self._marked(run, path, visit, attempt))

    def _marked(self, run: Run, path: str, visit: int, attempt: int) -> str:
        return f"{self._marker}/{attempt_name(run.stream, path, visit, attempt)}"
