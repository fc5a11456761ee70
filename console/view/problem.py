"""An error as rows: what failed, where, what is unaffected, what to do next."""

from __future__ import annotations

from console.errors import ConsoleError
from console.view.sanitise import line as clean
from console.view.spans import Row, words, wrap


def problem_rows(problem: ConsoleError, width: int) -> list[Row]:
    """The rows of an error, each part on its own lines."""
    rows = [words(part, "error") for part in wrap(clean(problem.message, limit=800), width)]
    for one in getattr(problem, "problems", ()):
        rows += [words(part) for part in wrap(clean(str(one), limit=800), width, indent=2)]
    labelled = (("where", problem.where), ("unaffected", problem.unaffected), ("what to do", problem.mend))
    for label, text in labelled:
        rows += [words(part, "dim") for part in wrap(f"{label}: {clean(text, limit=800)}", width)] if text else []
    return [*rows, Row(()), words("esc goes back, ctrl+r tries again.", "dim")]
