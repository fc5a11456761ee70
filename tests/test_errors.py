from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys

import pytest

from console import errors
from console.errors import ConsoleError, InvalidRunbook, JournalFull, RefusedError


def every_error() -> list[type[ConsoleError]]:
    return [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ConsoleError)]


def test_the_error_says_what_where_what_is_unaffected_and_what_to_do() -> None:
    error = RefusedError("no", where="step plan", unaffected="run 4 goes on", mend="ask ada")
    assert str(error).splitlines() == [
        "no",
        "  where: step plan",
        "  unaffected: run 4 goes on",
        "  to mend: ask ada",
    ]


def test_parts_that_are_not_known_are_left_out() -> None:
    assert RefusedError("no", mend="ask ada").lines() == ["no", "  to mend: ask ada"]


def test_every_problem_of_a_runbook_has_a_line_of_its_own() -> None:
    error = InvalidRunbook("2 problems", problems=["line 3: a", "line 9: b"], where="x.yaml")
    assert error.lines() == ["2 problems", "  - line 3: a", "  - line 9: b", "  where: x.yaml"]


@pytest.mark.parametrize("cls", every_error(), ids=lambda cls: cls.__name__)
def test_an_error_survives_pickling(cls: type[ConsoleError]) -> None:
    error = cls("what", where="there", unaffected="the rest", mend="do this")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert copy.lines() == error.lines()


def test_codes_are_kebab_case_and_unique() -> None:
    codes = [cls.code for cls in every_error()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_the_docstring_lists_every_error_with_its_code_and_exit_code() -> None:
    listed = re.findall(r"(\w+) +([a-z-]+) +(\d)\b", errors.__doc__ or "")
    assert {(cls.__name__, cls.code, str(cls.exit_code)) for cls in every_error()} == set(listed)


def test_a_full_journal_is_still_a_journal_error_for_the_shell() -> None:
    assert JournalFull.exit_code == 9


def test_the_errors_load_nothing_but_the_standard_library() -> None:
    code = "import sys; before = set(sys.modules); import console.errors; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in done.stdout.split()}
    assert packages - sys.stdlib_module_names == {"console"}
