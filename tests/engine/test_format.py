"""Journals are kept for ever: what was written once is read, folded and written in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from console.engine import commands as c
from console.engine import events as e
from console.engine.branches.registry import BRANCHES
from console.engine.decide import _HANDLERS
from console.engine.evolve import fold
from console.engine.run import Run
from console.engine.words import Answer, RollbackState, RunState, StepState, TaskKind
from tests.engine.desk import Desk
from tests.engine.golden.make import everything, lines

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
NEWEST = GOLDEN[-1]
_EVENT = msgspec.json.Decoder(e.Recorded)
_DRIFTED = "the engine writes other events than golden/{}. If that is meant, write a new file beside it with make.py"


def read(file: Path) -> list[e.Recorded]:
    """The events of a golden journal."""
    return [_EVENT.decode(line) for line in file.read_bytes().splitlines()]


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.name)
def test_what_was_written_once_is_written_in_the_same_way(file: Path) -> None:
    for number, (line, recorded) in enumerate(zip(file.read_bytes().splitlines(), read(file), strict=True), 1):
        assert msgspec.json.encode(recorded, order="sorted") == line, f"{file.name}:{number}"


def test_the_first_golden_journal_still_means_the_same() -> None:
    run = fold(read(GOLDEN[0]))
    assert run.state is RunState.FAILED
    assert {path: step.state for path, step in run.steps.items()} == {
        "network": StepState.SUCCEEDED,
        "review": StepState.SUCCEEDED,
        "configure": StepState.ROLLED_BACK,
        "healthy": StepState.SUCCEEDED,
        "look": StepState.CANCELLED,
        "sweep": StepState.ROLLED_BACK,
        "rest": StepState.PENDING,
        "done": StepState.PENDING,
    }
    assert {key: entry.state for key, entry in run.entries.items()} == {
        "network#1": RollbackState.UNDONE,
        "network#2": RollbackState.LEFT,
        "configure#1": RollbackState.UNDONE,
        "sweep#1": RollbackState.BY_HAND,
    }
    assert run.steps["look"].visits[0].answers == {"version": "1.2"}
    assert run.parameters == {"name": "blue", "small": True, "size": 3, "none": None}
    assert run.deadline_passed
    assert len(run.told) == 2


def test_the_engine_writes_what_the_newest_golden_journal_holds() -> None:
    for now, then in zip(lines(everything().journal), NEWEST.read_bytes().splitlines(), strict=True):
        assert _without_sentences(now) == _without_sentences(then), _DRIFTED.format(NEWEST.name)


def _without_sentences(line: bytes) -> object:
    """An event without what is only there to be read: sentences may be put better at any time."""
    body = msgspec.json.decode(line)
    for name in ("question", "summary", "detail", "message", "why", "error"):
        if name in body["event"]:
            body["event"][name] = "..."
    return body


def test_a_golden_journal_holds_every_type_of_event() -> None:
    held = {type(one.event) for one in read(NEWEST)}
    assert {kind.__name__ for kind in get_args(e.AnyEvent)} - {kind.__name__ for kind in held} == set()


def test_every_type_of_event_has_its_branch_in_the_fold() -> None:
    assert set(BRANCHES) | {e.RunStarted} == set(get_args(e.AnyEvent))


def test_every_command_has_its_handler() -> None:
    assert set(_HANDLERS) == set(get_args(c.AnyCommand))


def test_every_answer_is_accepted_by_some_question_and_every_question_is_asked() -> None:
    opened = [one.event for one in everything().journal if isinstance(one.event, e.TaskOpened)]
    assert {answer for task in opened for answer in task.answers} == set(Answer)
    assert {task.kind for task in opened} == set(TaskKind)


def test_events_of_an_unknown_type_or_with_wrong_values_are_refused() -> None:
    line = NEWEST.read_bytes().splitlines()[1]
    for wrong in (line.replace(b"run_admitted", b"run_adored"), line.replace(b'"seq":2', b'"seq":"two"'), line[:-9]):
        with pytest.raises(msgspec.DecodeError):
            _EVENT.decode(wrong)


def test_a_snapshot_restores_the_run_at_every_moment_of_a_golden_journal() -> None:
    journal = read(NEWEST)
    run: Run | None = None
    for number, recorded in enumerate(journal, 1):
        run = fold([recorded], run)
        body = msgspec.msgpack.encode(run)
        restored = msgspec.msgpack.decode(body, type=Run)
        assert restored == run, f"event {number}"
        if number % 10 == 0:
            rest = fold(journal[number:], restored) if number < len(journal) else restored
            assert rest == fold(journal)


def test_a_stream_that_does_not_begin_with_its_run_is_refused() -> None:
    journal = read(NEWEST)
    with pytest.raises(ValueError, match="a stream begins with run_started, not RunAdmitted"):
        fold(journal[1:])
    with pytest.raises(ValueError, match="there is no run to restore"):
        fold([])


def test_a_copy_is_not_touched_by_what_happens_to_the_other() -> None:
    desk = Desk(made=everything().book).start()
    twin = desk.run.copy()
    before = msgspec.msgpack.encode(twin)
    desk.pause()
    desk.resume()
    desk.skip("rest")
    assert msgspec.msgpack.encode(twin) == before
