"""Checking: verdicts, risk, paths, shellcheck, and single rules that whole cases do not show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.catalog.check import check_file, check_paths
from console.catalog.load import Loaded
from console.catalog.registry import Registry
from console.catalog.verdict import Process, judge, risk
from console.engine.problem import Problem, Severity
from console.engine.words import Effect
from console.errors import NotFoundError

ProblemsOf = Callable[[str], tuple[Problem, ...]]
Load = Callable[[str], Loaded]


@pytest.mark.parametrize(
    ("steps", "process", "reason"),
    [
        ("[{id: a, shell: ls, effect: reads}]", Process.PIPELINE, "it needs nobody"),
        ("[{id: a, shell: x, rollback: nothing}]", Process.PIPELINE, "nothing is compensated"),
        ("[{id: a, approval: Well?}]", Process.WORKFLOW, "1 approval"),
        ("[{id: a, shell: x, rollback: nothing, approve: {}}]", Process.WORKFLOW, "1 approval"),
        ("[{id: a, manual: x}, {id: b, manual: y}]", Process.WORKFLOW, "2 tasks for people"),
        ("[{id: a, shell: x, rollback: {shell: y}}]", Process.WORKFLOW, "1 step can be undone"),
        ("[{id: a, wait: 1h}]", Process.WORKFLOW, "it waits 1 time"),
        (
            "[{id: a, shell: x, effect: reads, then: {failed: {go_to: a, at_most: 2}}}]",
            Process.WORKFLOW,
            "1 jump between steps",
        ),
    ],
)
def test_what_kind_of_process_it_is(load: Load, registry: Registry, steps: str, process: Process, reason: str) -> None:
    verdict = judge(load(f"steps: {steps}").runbook, registry)
    assert verdict.process is process
    assert reason in verdict.reasons
    assert ("CI pipeline would serve better" in str(verdict)) is (process is Process.PIPELINE)


@pytest.mark.parametrize(
    ("steps", "effect"),
    [
        ("[{id: a, manual: x}, {id: b, shell: ls, effect: reads}]", Effect.READS),
        ("[{id: a, manual: x}, {id: b, shell: x, rollback: nothing}]", Effect.CHANGES),
        ("[{id: a, shell: x, effect: destroys, rollback: nothing}, {id: b, manual: x}]", Effect.DESTROYS),
    ],
)
def test_the_risk_is_computed_from_the_steps(load: Load, registry: Registry, steps: str, effect: Effect) -> None:
    assert risk(load(f"steps: {steps}").runbook, registry) is effect


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]


def test_a_dash_and_an_underscore_name_the_same_step(problems_of: ProblemsOf) -> None:
    text = """
steps:
  - {id: a-b, shell: x, effect: reads, outputs: {x: {type: string}}}
  - {id: c, notify: "{{ steps.a_b.outputs.x }} {{ steps['a-b'].outputs.x }}"}
"""
    assert problems_of(text) == ()


def test_a_jump_back_makes_a_later_step_readable_with_default(problems_of: ProblemsOf) -> None:
    text = """
steps:
  - {id: a, shell: x, effect: reads, env: {X: "{{ steps.b.outputs.x %s }}"}}
  - {id: b, shell: x, effect: reads, outputs: {x: {type: string}}, then: {failed: {go_to: a, at_most: 2}}}
"""
    assert codes(problems_of(text % "")) == ["may-be-missing"]
    assert problems_of(text % "| default('')") == ()


def test_a_guard_by_is_defined_counts(problems_of: ProblemsOf) -> None:
    text = """
parameters: {x: {type: boolean}}
steps:
  - {id: a, shell: x, effect: reads, when: params.x, outputs: {x: {type: string}}}
  - {id: b, notify: "{{ steps.a.outputs.x if steps.a.outputs.x is defined else '-' }}"}
"""
    assert problems_of(text) == ()


def test_the_approval_that_a_rejection_rolls_back_from_may_stand_behind_an_impossible_step(
    problems_of: ProblemsOf,
) -> None:
    text = """
steps:
  - {id: a, shell: x, rollback: {impossible: It is sent., instead: Call them.}}
  - {id: b, shell: x, rollback: {shell: y}}
  - {id: c, approval: Well?, then: {rejected: {rollback_to: a}}}
"""
    assert problems_of(text) == ()
    assert codes(problems_of(text.replace("rollback_to: a", "rollback: all"))) == ["rollback-impossible"]


def test_a_refused_approve_option_has_nothing_of_its_own_to_undo(problems_of: ProblemsOf) -> None:
    text = """
steps:
  - {id: a, shell: x, rollback: {shell: y}}
  - id: b
    shell: x
    rollback: {impossible: It is sent., instead: Call them.}
    approve: {from: [ops]}
    then: {rejected: {rollback: all}}
"""
    assert problems_of(text) == ()
    assert codes(problems_of(text.replace("rejected:", "failed:"))) == ["rollback-impossible"]


def test_paths_may_be_files_and_directories(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "runbooks").mkdir()
    good = tmp_path / "runbooks" / "a.yaml"
    good.write_text("runbook: a\ntitle: A\nsteps: [{id: a, shell: ls, effect: reads}]\n")
    bad = tmp_path / "b.yml"
    bad.write_text("runbook: [")
    checked = check_paths([tmp_path, good], registry)
    assert [(one.path, one.errors > 0) for one in checked] == [(bad, True), (good, False), (good, False)]
    assert checked[0].verdict is None
    assert checked[1].verdict is not None
    assert checked[1].risk is Effect.READS
    assert codes(checked[1].problems) == ["owner", "owner"]
    with pytest.raises(NotFoundError):
        check_paths([tmp_path / "none"], registry)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="no runbooks"):
        check_paths([tmp_path / "empty"], registry)


FAKE = """#!/bin/sh
grep -q 'echo \\$x' || { echo '{"comments": []}'; exit 0; }
echo '{"comments": [{"line": 2, "code": 2086, "message": "Double quote to prevent globbing."}]}'
exit 1
"""


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def install(script: str) -> None:
        program = tmp_path / "bin" / "shellcheck"
        program.parent.mkdir()
        program.write_text(script)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")

    return install


BOOK = """\
runbook: a
title: A
owner: a
contact: b
steps:
  - {id: quiet, shell: ls, effect: reads}
  - id: noisy
    shell: |
      x=1
      echo $x
    effect: reads
"""


def test_shellcheck_speaks_where_it_is_installed(
    tmp_path: Path, registry: Registry, path_with: Callable[[str], None]
) -> None:
    path_with(FAKE)
    book = tmp_path / "a.yaml"
    book.write_text(BOOK)
    (problem,) = check_file(book, registry).problems
    assert (problem.code, problem.line, problem.severity) == ("shellcheck", 7, Severity.WARNING)
    assert problem.message == "step 'noisy', line 2 of its text: Double quote to prevent globbing."
    assert problem.mend == "see SC2086 of shellcheck"


@pytest.mark.parametrize("script", ["#!/bin/sh\necho nonsense\n", "#!/bin/sh\necho '[1]'\n", "#!/no/such/shell\n"])
def test_a_shellcheck_that_fails_is_as_if_it_were_not_there(
    tmp_path: Path, registry: Registry, path_with: Callable[[str], None], script: str
) -> None:
    path_with(script)
    book = tmp_path / "a.yaml"
    book.write_text(BOOK)
    assert check_file(book, registry).problems == ()
