"""A preview as rows: the counts first, then what is destroyed, replaced, changed and added, in this order."""

from __future__ import annotations

from console.engine.reports import Change, Preview
from console.view.sanitise import line as clean
from console.view.sanitise import text as clean_text
from console.view.spans import Row, Span, fit_line, words, wrap

_ORDER = {"destroy": 0, "delete": 0, "replace": 1, "forget": 2, "change": 3, "update": 3, "add": 4, "create": 4}
_SIGN = {0: ("-", "destroy"), 1: ("-", "destroy"), 2: ("~", "change"), 3: ("~", "change"), 4: ("+", "add")}
MOST_CHANGES = 500


def preview_rows(preview: Preview, width: int) -> list[Row]:
    """What a step would do. What cannot be foretold is said last."""
    rows = [Row(_counts(preview))]
    rows += [words(line, key="") for line in wrap(clean(preview.summary, limit=400), width, indent=2)]
    ordered = sorted(preview.changes, key=lambda change: _ORDER.get(change.action, 5))
    rows += [Row(fit_line(_change(change), width)) for change in ordered[:MOST_CHANGES]]
    if len(ordered) > MOST_CHANGES:
        rows.append(words(f"  and {len(ordered) - MOST_CHANGES} more; the output of the step has them all", "dim"))
    for what in preview.unpredicted:
        rows.append(Row(fit_line((Span("  ? cannot be foretold: ", "waiting"), Span(clean(what))), width)))
    return rows


def _counts(preview: Preview) -> tuple[Span, ...]:
    destroyed = "destroy" if preview.destroyed else "dim"
    return (
        Span("  "),
        Span(f" {preview.destroyed} to destroy ", destroyed),
        Span(" "),
        Span(f"~{preview.changed} to change", "change" if preview.changed else "dim"),
        Span("  "),
        Span(f"+{preview.added} to add", "add" if preview.added else "dim"),
    )


def _change(change: Change) -> tuple[Span, ...]:
    sign, role = _SIGN.get(_ORDER.get(change.action, 5), ("*", ""))
    detail = f"  {clean(change.detail, limit=300)}" if change.detail else ""
    head = Span(f"  {sign} {clean(change.action, limit=12):<8} ", role)
    return (head, Span(clean(change.target)), Span(detail, "dim"))


def shown_rows(shown: tuple[str, ...], width: int, *, role: str = "") -> list[Row]:
    """The lines that say what runs, each with a bar at its left so that it is not taken for our own words."""
    rows = []
    for text in shown:
        for line in clean_text(text).expandtabs(4).splitlines():
            rows += [Row((Span("  | ", "dim"), Span(part, role))) for part in wrap(line, width - 4)]
    return rows
