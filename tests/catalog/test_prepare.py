"""Preparing a step: rendered, pinned, digested, with its undo; and the outputs it must give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.catalog.load import Loaded
from console.catalog.names import names
from console.catalog.outputs import check_outputs
from console.catalog.prepare import prepare_step
from console.catalog.registry import Registry
from console.engine.prepared import ApprovalWork, AskWork, Prepared, ProcessWork, TellWork, WaitWork
from console.engine.runbook import UndoForm
from console.engine.words import Effect
from console.steps.kind import CannotPrepare, Place

Load = Callable[[str], Loaded]
NOW = 1_700_000_000_000


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(files=tmp_path, run=tmp_path / "run", work=tmp_path / "work", state=tmp_path / "state")


@pytest.fixture
def prepare(load: Load, registry: Registry, place: Place) -> Callable[..., Prepared]:
    """Prepares the last step of a text, with these parameters and steps so far."""

    def run(text: str, params: dict[str, Any] | None = None, steps: dict[str, Any] | None = None) -> Prepared:
        step = load(text).runbook.steps[-1]
        known = names(params or {}, steps or {}, {"number": 7, "started_by": "ann"}, "bob")
        return prepare_step(step, registry, known, place, now=NOW, requester="ann", path=step.id)

    return run


ARGV = """
parameters: {name: {type: string, default: a}, port: {type: integer, default: 1}}
steps:
  - id: go
    argv: [echo, "{{ params.name }}", "{{ params.port }}", "port={{ params.port }}"]
    env: {NAME: "{{ params.name }}", PORT: "{{ params.port }}", FIXED: 012}
    timeout: 5s
    rollback: {shell: 'echo undo "$NAME"', env: {MORE: "{{ params.port }}"}, timeout: 9s, unattended: true}
"""


def test_everything_is_rendered_and_pinned(prepare: Callable[..., Prepared], place: Place) -> None:
    prepared = prepare(ARGV, {"name": "x'; rm -rf / #", "port": 80})
    assert prepared.work == ProcessWork()
    assert prepared.spec == {"argv": ["echo", "x'; rm -rf / #", "80", "port=80"], "cwd": str(place.run)}
    assert prepared.env == {"NAME": "x'; rm -rf / #", "PORT": "80", "FIXED": "012"}
    assert prepared.effect is Effect.CHANGES
    assert not prepared.repeatable
    assert prepared.timeout_ms == 5_000
    undo = prepared.undo
    assert undo is not None
    assert undo.form is UndoForm.STEP
    assert undo.spec["argv"][-1] == 'echo undo "$NAME"'
    assert undo.env == {**prepared.env, "MORE": "80"}
    assert (undo.timeout_ms, undo.unattended) == (9_000, True)


def test_the_digest_covers_what_will_run_and_nothing_else(prepare: Callable[..., Prepared]) -> None:
    first = prepare(ARGV, {"name": "x", "port": 80})
    assert prepare(ARGV, {"name": "x", "port": 80}).digest == first.digest
    assert prepare(ARGV, {"name": "y", "port": 80}).digest != first.digest
    assert prepare(ARGV.replace("FIXED: 012", "FIXED: 013"), {"name": "x", "port": 80}).digest != first.digest
    renamed = prepare(ARGV.replace("timeout: 5s", "timeout: 6s"), {"name": "x", "port": 80})
    assert renamed.digest == first.digest
    assert first.undo is not None
    assert first.undo.digest != first.digest


def test_what_people_are_asked_is_part_of_the_digest(prepare: Callable[..., Prepared]) -> None:
    text = 'parameters: {x: {type: string}}\nsteps: [{id: a, approval: "Well, {{ params.x }}?"}]'
    first, second = prepare(text, {"x": "one"}), prepare(text, {"x": "two"})
    assert isinstance(first.work, ApprovalWork)
    assert first.work.ask == "Well, one?"
    assert first.digest != second.digest


def test_the_kinds_for_people_and_time(prepare: Callable[..., Prepared]) -> None:
    manual = prepare("steps: [{id: a, manual: {instructions: 'Run {{ run.number }}', checklist: [x]}}]")
    assert isinstance(manual.work, AskWork)
    assert manual.work.instructions == "Run 7"
    assert manual.shown == ("Run 7", "- x")  # no box: whether it is ticked is not known here
    assert manual.effect is Effect.READS
    assert manual.repeatable
    tell = prepare('steps: [{id: a, notify: "By {{ operator }}"}]')
    assert tell.work == TellWork(to=("ann",), message="By bob")
    wait = prepare("steps: [{id: a, wait: 10m}]")
    assert wait.work == WaitWork(until=NOW + 600_000)


def test_a_shell_text_is_never_rendered(prepare: Callable[..., Prepared]) -> None:
    prepared = prepare("steps: [{id: a, shell: 'echo ${X:-{}} {%', effect: reads}]")
    assert prepared.spec["argv"][-1] == "echo ${X:-{}} {%"


@pytest.mark.parametrize(
    ("options", "repeatable"),
    [("effect: reads", True), ("idempotent: true, rollback: nothing", True), ("rollback: nothing", False)],
)
def test_only_what_reads_or_says_so_may_be_repeated(
    prepare: Callable[..., Prepared], options: str, repeatable: bool
) -> None:
    assert prepare(f"steps: [{{id: a, shell: ls, {options}}}]").repeatable is repeatable


@pytest.mark.parametrize(
    ("step", "params", "says"),
    [
        ('argv: [echo, "{{ params.x }}"]', {}, "there is no 'x'"),
        ('argv: [echo, "{{ params.x }}"]', {"x": None}, "entry 2 of `argv` must be a text"),
        ('argv: [echo, "{{ params.x }}"]', {"x": "a\0b"}, "NUL"),
        ('argv: [echo], env: {X: "{{ params.x }}"}', {"x": None}, "env X has no value"),
        ('argv: [echo], env: {X: "{{ [params.x] }}"}', {"x": "a"}, "env X is neither a text nor a number"),
        ('argv: [echo], env: {X: "{{ params.x }}"}', {"x": "a\0"}, "NUL"),
        ('argv: [echo], env: {X: "{{ params.x }}{{ params.x }}"}', {"x": "é" * 60_000}, "longer than a process"),
        ('argv: [echo], rollback: {argv: [rm, "{{ params.x }}"]}', {}, "its own outputs cannot be read"),
    ],
)
def test_a_step_that_cannot_be_rendered_says_why(
    prepare: Callable[..., Prepared], step: str, params: dict[str, Any], says: str
) -> None:
    rollback = "" if "rollback" in step else ", rollback: nothing"
    text = f"parameters: {{x: {{type: text, optional: true}}}}\nsteps: [{{id: a, {step}{rollback}}}]"
    with pytest.raises(CannotPrepare, match=says):
        prepare(text, params)


def test_an_impossible_rollback_keeps_its_reason(prepare: Callable[..., Prepared]) -> None:
    undo = prepare("steps: [{id: a, shell: send, rollback: {impossible: Sent., instead: Call them up.}}]").undo
    assert undo is not None
    assert (undo.form, undo.why, undo.instead) == (UndoForm.IMPOSSIBLE, "Sent.", "Call them up.")


OUTPUTS = """
steps:
  - id: a
    shell: x
    effect: reads
    outputs: {port: {type: integer, max: 99}, word: {type: choice, choices: [small, large]}, note: {optional: true}}
"""


def test_outputs_get_their_types_and_undeclared_ones_are_kept(load: Load) -> None:
    step = load(OUTPUTS).runbook.steps[0]
    given = {"port": "80", "word": "large", "extra": "as it came"}
    assert check_outputs(step, given) == {"port": 80, "word": "large", "extra": "as it came"}


def test_every_output_that_is_missing_or_wrong_is_named(load: Load) -> None:
    step = load(OUTPUTS).runbook.steps[0]
    with pytest.raises(ValueError, match="port") as caught:
        check_outputs(step, {"port": "100"})
    assert "at most 99" in str(caught.value)
    assert "the output word is missing; it gave port" in str(caught.value)
    assert "note" not in str(caught.value)
