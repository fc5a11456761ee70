"""Help, key hints and the action menu: rows made from the registry of actions and nothing else."""

from __future__ import annotations

from console.view.actions import ACTIONS, hints_at, menu_at
from console.view.situation import Action, Place, Situation, Tier, key_name
from console.view.spans import Line, Row, Span, fit, fit_line, line_width, words, wrap

_NAMES = {
    Place.BOARD: "The board",
    Place.CATALOGUE: "The runbooks",
    Place.FORM: "The form",
    Place.PLAN: "What will run",
    Place.RUN: "A run",
    Place.REVIEW: "What waits",
    Place.STEP: "A step",
    Place.OUTPUT: "Output",
}
_TIERS = {Tier.LOOK: "", Tier.REVERSIBLE: " (y/n)", Tier.DANGEROUS: " (typed)"}


def place_name(place: Place) -> str:
    """A place as help calls it."""
    return _NAMES.get(place, "Everywhere")


def help_rows(place: Place, width: int) -> list[Row]:
    """The keys of this place first, then how to move, then what works everywhere."""
    here = [action for action in ACTIONS if place in action.places]
    own = [action for action in here if action.group != "move"]
    moving = [action for action in here if action.group == "move"]
    everywhere = [action for action in ACTIONS if Place.EVERYWHERE in action.places]
    rows: list[Row] = []
    for title, part in ((place_name(place), own), ("Moving", moving), ("Everywhere", everywhere)):
        if part:
            rows += [words(title, "title"), *(row for action in part for row in _help(action, width)), Row(())]
    rows += [words(line, "dim") for line in wrap(_NOTES, width)]
    return rows


_NOTES = (
    "Letters act only while no field is being typed in. Nothing you leave, close or lose here stops a run: the "
    "server does the work. (y/n) asks first; (typed) asks to type what it is done to. Dangerous actions have no key "
    "of their own: x lists them."
)


def _help(action: Action, width: int) -> list[Row]:
    keys = " ".join(key_name(key) for key in action.keys) or "x menu"
    lines = wrap(action.help + _TIERS[action.tier], width - 34)
    head: Line = (Span(f"  {fit(keys, 14)} ", "key"), Span(fit(action.label, 17)), Span(lines[0], "dim"))
    return [Row(fit_line(head, width)), *(words(" " * 34 + line, "dim") for line in lines[1:])]


def hint_line(at: Situation, width: int) -> Line:
    """The last row: as many of the hints as fit, help always."""
    *found, last = [_hint(action, at) for action in hints_at(at)]
    parts: list[Span] = []
    room = width - line_width(last)
    for hint in found:
        if (room := room - line_width(hint)) < 0:
            break
        parts += hint
    return (*parts, *last)


def _hint(action: Action, at: Situation) -> Line:
    key = key_name(action.keys_at(at)[0])
    return (Span(f" {key}", "key"), Span(f" {action.label} ", "dim"))


def menu_rows(at: Situation, width: int) -> list[Row]:
    """The action menu. A row's key is the action's id; what cannot be done says why and cannot be chosen."""
    rows: list[Row] = []
    danger = False
    for action, why_not in menu_at(at):
        if action.group == "danger" and not danger:
            danger = True
            rows.append(Row(()))
        name = "dim" if why_not else "danger" if action.tier is Tier.DANGEROUS else "strong"
        told = why_not or action.help + _TIERS[action.tier]
        line = (Span(f" {fit(action.key, 6)} ", "key"), Span(fit(action.label, 18), name), Span(told, "dim"))
        rows.append(Row(fit_line(line, width), key=action.id))
    return rows
