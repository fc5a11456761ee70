"""The ten rules hold whatever operators, processes and clocks do: in a state machine, and in many long lives.

`CONSOLE_HYPOTHESIS=thorough` looks for minutes instead of seconds.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from console.engine.evolve import fold
from console.engine.run import Run
from tests.engine.desk import Desk
from tests.engine.generated import Pick, T
from tests.engine.lives import Life
from tests.engine.obliging import oblige

THOROUGH = os.environ.get("CONSOLE_HYPOTHESIS") == "thorough"
LIVES = 100_000 if THOROUGH else 2_000
BATCH = 250
_RUN = msgspec.msgpack.Decoder(Run)


def picking(data: st.DataObject) -> Pick:
    """Choices that Hypothesis makes."""

    def pick(options: Sequence[T], /) -> T:
        return data.draw(st.sampled_from(options))

    return pick


class Operations(RuleBasedStateMachine):
    """Everything that can happen to a run, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.life: Life | None = None

    @property
    def alive(self) -> Life:
        assert self.life is not None
        return self.life

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.life = Life(picking(data))

    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        self.alive.happens(picking(data))

    @rule(data=st.data())
    def goes_on(self, data: st.DataObject) -> None:
        self.alive.goes_on(picking(data))

    @rule(data=st.data())
    def an_operator_interferes(self, data: st.DataObject) -> None:
        if len(self.alive.sent) % 3 == 0:
            self.alive.an_operator_interferes(picking(data))

    @rule(late=st.sampled_from([1, 1_000, 30_000]))
    def time_passes(self, late: int) -> None:
        self.alive.desk.now += late

    def teardown(self) -> None:
        if self.life is not None:
            comes_to_an_end(self.life.desk)


def comes_to_an_end(desk: Desk) -> None:
    """The journal and the snapshot restore the run wherever it stands, and an outside that means well ends it."""
    for _ in range(2):
        assert fold(desk.journal) == desk.run
        assert _RUN.decode(msgspec.msgpack.encode(desk.run)) == desk.run
        oblige(desk)


TestOperations = Operations.TestCase
TestOperations.settings = settings(
    max_examples=3_000 if THOROUGH else 100,
    stateful_step_count=60 if THOROUGH else 40,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("first", range(0, LIVES, BATCH))
def test_no_life_breaks_a_rule(first: int) -> None:
    for seed in range(first, first + BATCH):
        rng = random.Random(seed)
        try:
            live(rng.choice, rng.choice([30, 80, 150]))
        except Exception as problem:
            problem.add_note(f"in the life of seed {seed}")
            raise


def live(pick: Pick, happenings: int) -> None:
    """Live through so many happenings, and come to an end."""
    life = Life(pick)
    try:
        for _ in range(happenings):
            if not life.over:
                life.happens(pick)
        comes_to_an_end(life.desk)
    except AssertionError as problem:
        problem.add_note(life.desk.story())
        raise
