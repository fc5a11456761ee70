"""The ways through a runbook: which step may follow which, and what has surely succeeded on the way to each."""

from __future__ import annotations

from dataclasses import dataclass, field

from console.catalog.draft import DraftStep
from console.engine.runbook import Follow, FollowWord
from console.engine.words import Outcome

_DEFAULTS = {Outcome.SUCCEEDED: FollowWord.NEXT, Outcome.SKIPPED: FollowWord.NEXT}


@dataclass(slots=True)
class Ways:
    """`edges[i]` are the positions that may follow step i, each with whether i has succeeded then.

    What an operator decides (skip, jump) is not counted: it is not in the file. `provided[i]` is a bit set of the steps
    that have succeeded on every way to i.
    """

    edges: list[set[tuple[int, bool]]]
    reached: set[int] = field(default_factory=set)
    provided: list[int] = field(default_factory=list)
    _after: dict[int, int] = field(default_factory=dict)

    def may_precede(self, earlier: int, later: int) -> bool:
        """Whether some way leads from one step to the other."""
        if earlier not in self._after:
            seen = 0
            waiting = [target for target, _ in self.edges[earlier]]
            while waiting:
                position = waiting.pop()
                if not seen >> position & 1:
                    seen |= 1 << position
                    waiting += [target for target, _ in self.edges[position]]
            self._after[earlier] = seen
        return bool(self._after[earlier] >> later & 1)

    def surely_provided(self, earlier: int, later: int) -> bool:
        """Whether `earlier` has succeeded whenever `later` begins."""
        return bool(self.provided[later] >> earlier & 1)


def find_ways(steps: list[DraftStep]) -> Ways:
    """The ways through compiled steps; jumps to nowhere are left out."""
    positions = {step.id: step.index for step in steps}
    ways = Ways([_edges(step, positions, len(steps)) for step in steps])
    _reach(ways)
    _provide(ways, len(steps))
    return ways


def follow_of(step: DraftStep, outcome: Outcome) -> Follow:
    """What follows an outcome of a step, said or by default."""
    assert step.step is not None
    said = step.step.then.get(outcome)
    return said or Follow(word=_DEFAULTS.get(outcome, FollowWord.ASK))


def _edges(step: DraftStep, positions: dict[str, int], count: int) -> set[tuple[int, bool]]:
    assert step.step is not None
    edges = set()
    for outcome in Outcome:
        if outcome is Outcome.CANCELLED or (outcome is Outcome.SKIPPED and step.step.when is None):
            continue
        if outcome is Outcome.REJECTED and not step.asks_approval:
            continue
        follow = follow_of(step, outcome)
        target = None
        if follow.word is FollowWord.NEXT:
            target = step.index + 1
        elif follow.word is FollowWord.GO_TO:
            target = positions.get(follow.target or "")
        if target is not None and target < count:
            edges.add((target, outcome is Outcome.SUCCEEDED))
    return edges


def _reach(ways: Ways) -> None:
    waiting = [0] if ways.edges else []
    while waiting:
        position = waiting.pop()
        if position not in ways.reached:
            ways.reached.add(position)
            waiting += [target for target, _ in ways.edges[position]]


def _provide(ways: Ways, count: int) -> None:
    everything = (1 << count) - 1
    ways.provided = [everything] * count
    if count:
        ways.provided[0] = 0
    waiting = sorted(ways.reached, reverse=True)
    while waiting:
        position = waiting.pop()
        for target, succeeded in ways.edges[position]:
            given = ways.provided[position] | (1 << position if succeeded else 0)
            narrowed = ways.provided[target] & given
            if narrowed != ways.provided[target]:
                ways.provided[target] = narrowed
                waiting.append(target)
