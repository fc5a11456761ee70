"""Whatever a file says, loading it gives a runbook or an InvalidRunbook, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.catalog.check import check_file
from console.catalog.load import Loaded, load_text
from console.catalog.registry import Registry, load_registry
from console.catalog.source import LARGEST
from console.engine.problem import Problem
from console.errors import InvalidRunbook

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "cases"
EVERYTHING = (CASES / "valid" / "everything.yaml").read_text(encoding="utf-8")
REGISTRY = load_registry([ROOT])

LINES = st.integers(0, EVERYTHING.count("\n"))
WORDS = "{{ }} {{params. [ ] { } : - # ' \" & * ! | > &a *a !x null true 7 steps id % @ ` --- ... é \U0001f600"
PHRASES = ["\n", "  ", " #", "\t", "\x00", "\x1b", "9" * 30, "---\n", "- ", "when: x\n", "rollback: nothing\n"]
SNIPPETS = st.sampled_from([*WORDS.split(), *PHRASES, "{{ 'a' * 10**9 }}", "{{ steps.look.x.y }}", "go_to: look"])


def load_or_refuse(text: str) -> Loaded | tuple[Problem, ...]:
    try:
        return load_text(text, REGISTRY, directory=CASES / "valid")
    except InvalidRunbook as error:
        problems: tuple[Problem, ...] = error.problems
        assert problems, "refused without saying why"
        assert all(problem.message for problem in problems)
        str(error)
        return problems


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(LINES, st.integers(0, 60), SNIPPETS), min_size=1, max_size=4))
def test_text_inserted_anywhere(insertions: list[tuple[int, int, str]]) -> None:
    lines = EVERYTHING.split("\n")
    for line, column, snippet in insertions:
        at = min(line, len(lines) - 1)
        lines[at] = lines[at][:column] + snippet + lines[at][column:]
    load_or_refuse("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(LINES, LINES), min_size=1, max_size=5), st.booleans())
def test_lines_moved_and_lost(moves: list[tuple[int, int]], lose: bool) -> None:
    lines = EVERYTHING.split("\n")
    for source, target in moves:
        line = lines.pop(min(source, len(lines) - 1))
        if not lose:
            lines.insert(target, line)
    load_or_refuse("\n".join(lines))


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 10), st.sampled_from(["x", "", "{{ params.where }}", "nothing", "5m"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "shell", "text", "from", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "id",
        "shell",
        "argv",
        "terraform",
        "ansible",
        "manual",
        "approval",
        "wait",
        "notify",
        "env",
        "when",
        "then",
        "rollback",
        "approve",
        "retry",
        "outputs",
        "timeout",
        "within",
        "effect",
        "tags",
        "confirm",
        "choice",
        "steps",
        "cwd",
        "zzz",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4), st.dictionaries(KEYS, VALUES, max_size=2))
def test_any_shape_of_steps(steps: list[object], top: dict[str, object]) -> None:
    import json

    text = json.dumps({"runbook": "x", "title": "x", "steps": steps, **top}, ensure_ascii=False)
    load_or_refuse(text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    check_file(path, REGISTRY)


def test_a_valid_runbook_survives_every_cut(registry: Registry) -> None:
    for end in range(0, len(EVERYTHING), 97):
        load_or_refuse(EVERYTHING[:end])


def test_a_text_that_is_too_large(problems_of: Callable[[str], tuple[Problem, ...]]) -> None:
    assert [problem.code for problem in problems_of("runbook: " + "x" * LARGEST)] == ["too-large"]


def test_very_many_steps_are_checked_in_time(load: Callable[[str], Loaded]) -> None:
    steps = "\n".join(
        f"  - {{id: s{n}, shell: ls, effect: reads, outputs: {{x: {{type: string}}}}, "
        f"env: {{A: '{{{{ steps.s{max(0, n - 1)}.outputs.x }}}}'}}}}"
        for n in range(1, 1_000)
    )
    loaded = load("steps:\n  - {id: s0, shell: ls, effect: reads, outputs: {x: {type: string}}}\n" + steps)
    assert len(loaded.runbook.steps) == 1_000


def test_problems_are_counted_beyond_the_hundredth(problems_of: Callable[[str], tuple[Problem, ...]]) -> None:
    text = "steps:\n" + "".join(f"  - {{id: s{n}, shel: ls}}\n" for n in range(300))
    problems = problems_of(text)
    assert len(problems) == 101
    assert problems[-1].message == "200 more problems are not listed"


@pytest.mark.slow
def test_the_runbooks_of_other_tools_are_refused_cleanly(console_corpus: Path) -> None:
    files = [path for path in console_corpus.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file()]
    assert files, f"there is no YAML below {console_corpus}"
    random.Random(7).shuffle(files)
    for path in files[:2_000]:
        checked = check_file(path, REGISTRY)
        assert checked.loaded is not None or checked.errors, path
        assert all(problem.line >= 0 and problem.message.isprintable() for problem in checked.problems), path
