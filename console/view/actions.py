"""Everything an operator can do, in one registry: bindings, key hints, the action menu and help come from it.

An action judges for itself whether it can be done now; where it cannot, it says why, and stays visible.
"""

from __future__ import annotations

from console.view import possible
from console.view.situation import Action, Place, Situation, Tier

_LISTS = frozenset({Place.BOARD, Place.CATALOGUE, Place.RUN, Place.REVIEW, Place.STEP, Place.PLAN, Place.OUTPUT})
_RUNS = frozenset({Place.RUN, Place.STEP})
_ALL = frozenset({Place.EVERYWHERE})


def _in(*places: Place) -> frozenset[Place]:
    return frozenset(places)


ACTIONS: tuple[Action, ...] = (
    # Looking
    Action("open", "Open", "Open what is under the cursor", _in(Place.BOARD, Place.CATALOGUE), ("enter",), hint=10),
    Action(
        "step.open",
        "Details",
        "What the step runs, its attempts, outputs and undo",
        _in(Place.RUN),
        ("enter",),
        hint=30,
        menu=True,
        group="look",
    ),
    Action("row.open", "Open", "Open the output or the row under the cursor", _in(Place.STEP), ("enter",), hint=10),
    Action(
        "review",
        "Review",
        "What waits for a person, with its evidence",
        _in(Place.RUN, Place.STEP, Place.BOARD),
        ("a",),
        why_not=possible.review,
        hint=10,
        menu=True,
        group="look",
    ),
    Action(
        "output",
        "Output",
        "The output of the step on the whole screen",
        _in(Place.RUN, Place.STEP, Place.REVIEW),
        ("o",),
        why_not=possible.printed,
        hint=40,
        menu=True,
        group="look",
    ),
    Action(
        "follow",
        "Follow",
        "Follow the newest line, at the step that the run is at",
        _in(Place.RUN, Place.OUTPUT),
        ("f",),
        hint=50,
    ),
    Action("timestamps", "Times", "Show or hide when each line came", _in(Place.RUN, Place.OUTPUT), ("t",)),
    Action("zoom", "Zoom", "Give the pane the whole screen, or take it back", _in(Place.RUN), ("z",), hint=60),
    Action(
        "new",
        "New run",
        "Choose a runbook and start a run",
        _in(Place.BOARD, Place.CATALOGUE),
        ("n",),
        why_not=possible.server,
        hint=20,
    ),
    Action(
        "filter",
        "Filter",
        "Show only what contains these words",
        _in(Place.BOARD, Place.CATALOGUE),
        ("slash",),
        hint=30,
    ),
    Action("reload", "Reload", "Read everything again", _ALL, ("ctrl+r",), why_not=possible.server),
    # Moving
    Action("move.down", "Down", "One down", _LISTS, ("j", "down"), group="move"),
    Action("move.up", "Up", "One up", _LISTS, ("k", "up"), group="move"),
    Action("move.page_down", "Page down", "A page down", _LISTS, ("pagedown", "ctrl+d"), group="move"),
    Action("move.page_up", "Page up", "A page up", _LISTS, ("pageup", "ctrl+u"), group="move"),
    Action("move.top", "Top", "To the top", _LISTS, ("g", "home"), group="move"),
    Action("move.end", "End", "To the end; output is followed from there", _LISTS, ("G", "end"), group="move"),
    Action("move.left", "Left", "Long lines: to the left", _LISTS, ("left",), group="move"),
    Action("move.right", "Right", "Long lines: to the right", _LISTS, ("right",), group="move"),
    Action("pane.next", "Next pane", "To the next pane or field", _ALL, ("tab",), group="move"),
    Action("pane.previous", "Previous pane", "To the pane or field before", _ALL, ("shift+tab",), group="move"),
    Action(
        "next",
        "Next",
        "The next attempt, or the next thing that waits",
        _in(Place.OUTPUT, Place.REVIEW),
        ("right_square_bracket",),
        hint=35,
    ),
    Action("previous", "Previous", "The one before", _in(Place.OUTPUT, Place.REVIEW), ("left_square_bracket",)),
    # Starting
    Action(
        "plan",
        "What will run",
        "Check the parameters and show what will run",
        _in(Place.FORM),
        ("enter",),
        why_not=possible.server,
        hint=10,
    ),
    Action(
        "start",
        "Start",
        "Start the run",
        _in(Place.PLAN),
        ("S",),
        tier=Tier.REVERSIBLE,
        why_not=possible.server,
        hint=10,
    ),
    # The run
    Action(
        "run.pause",
        "Pause",
        "Start nothing new; what runs goes on. Asks nothing",
        _RUNS,
        ("p",),
        why_not=possible.pause,
        hint=70,
        menu=True,
        group="run",
    ),
    Action(
        "run.resume",
        "Resume",
        "Go on after a pause",
        _RUNS,
        tier=Tier.REVERSIBLE,
        why_not=possible.resume,
        menu=True,
        group="run",
    ),
    Action(
        "step.skip",
        "Skip step",
        "Pass over the step; a reason is required",
        _RUNS,
        tier=Tier.REVERSIBLE,
        why_not=possible.skip,
        menu=True,
        group="step",
    ),
    Action(
        "step.jump",
        "Jump here",
        "Go on at this step instead",
        _RUNS,
        tier=Tier.DANGEROUS,
        why_not=possible.jump,
        menu=True,
        group="danger",
    ),
    Action(
        "step.stop",
        "Stop step",
        "Stop what this step runs, in the middle of it",
        _RUNS,
        tier=Tier.DANGEROUS,
        why_not=possible.stop_step,
        menu=True,
        group="danger",
    ),
    Action(
        "run.cancel",
        "Cancel run",
        "Let what runs finish, then end the run",
        _RUNS,
        tier=Tier.REVERSIBLE,
        why_not=possible.cancel,
        menu=True,
        group="danger",
    ),
    Action(
        "run.cancel_stop",
        "Cancel and stop",
        "Stop what runs now, and end the run",
        _RUNS,
        tier=Tier.DANGEROUS,
        why_not=possible.cancel,
        menu=True,
        group="danger",
    ),
    Action(
        "rollback.to",
        "Roll back to here",
        "Undo what started after this step, newest first",
        _RUNS,
        tier=Tier.DANGEROUS,
        why_not=possible.rollback_to,
        menu=True,
        group="danger",
    ),
    Action(
        "rollback.all",
        "Roll back all",
        "Undo everything that started, newest first",
        _RUNS,
        tier=Tier.DANGEROUS,
        why_not=possible.rollback,
        menu=True,
        group="danger",
    ),
    # Answering
    Action(
        "answer.approve",
        "Approve",
        "Approve exactly what is shown",
        _in(Place.REVIEW),
        ("A",),
        tier=Tier.REVERSIBLE,
        why_not=possible.answers("approve"),
        hint=10,
        group="answer",
    ),
    Action(
        "answer.reject",
        "Reject",
        "Reject what is shown",
        _in(Place.REVIEW),
        ("X",),
        tier=Tier.REVERSIBLE,
        why_not=possible.answers("reject"),
        hint=20,
        group="answer",
    ),
    Action(
        "answer.retry",
        "Retry",
        "Run the step again",
        _in(Place.REVIEW),
        ("r",),
        tier=Tier.REVERSIBLE,
        why_not=possible.answers("retry"),
        hint=20,
        group="answer",
    ),
    Action(
        "answer.skip",
        "Skip",
        "Pass over the step; a reason is required",
        _in(Place.REVIEW),
        ("s",),
        tier=Tier.REVERSIBLE,
        why_not=possible.answers("skip"),
        hint=25,
        group="answer",
    ),
    Action(
        "row.choose",
        "Choose",
        "Take the answer, or open the row, under the cursor",
        _in(Place.REVIEW),
        ("enter",),
        hint=15,
        group="answer",
    ),
    Action(
        "row.tick",
        "Tick",
        "Tick or untick the line under the cursor",
        _in(Place.REVIEW),
        ("space",),
        hint=12,
        group="answer",
    ),
    # Everywhere
    Action(
        "menu", "Actions", "Everything that can be done here, and why not where it cannot", _in(*_RUNS), ("x",), hint=80
    ),
    Action("back", "Back", "Back to where you came from; nothing is lost", _ALL, ("escape",), group="console"),
    Action(
        "command",
        "Command",
        "The command line: a run's number, runs, runbooks, quit",
        _ALL,
        ("colon",),
        hint=90,
        group="console",
    ),
    Action(
        "help",
        "Help",
        "The keys of this screen, then those that work everywhere",
        _ALL,
        ("question_mark", "f1"),
        hint=99,
        group="console",
    ),
    Action("quit", "Leave", "Leave the console; runs go on without you", _ALL, ("q",), hint=95, group="console"),
)

BY_ID = {action.id: action for action in ACTIONS}


def actions_at(place: Place) -> list[Action]:
    """The actions of a place, then those of everywhere."""
    here = [action for action in ACTIONS if place in action.places]
    return here + [action for action in ACTIONS if Place.EVERYWHERE in action.places]


def menu_at(at: Situation) -> list[tuple[Action, str | None]]:
    """The action menu: each action with the reason why it cannot be done, dangerous ones last."""
    found = [action for action in ACTIONS if action.menu and at.place in action.places]
    found.sort(key=lambda action: action.group == "danger")
    return [(action, action.why_not(at)) for action in found]


MOST_HINTS = 8


def hints_at(at: Situation) -> list[Action]:
    """The actions to hint at in the last row: at most eight, those that can be done first to be kept."""
    possible = [action for action in actions_at(at.place) if action.hint and action.why_not(at) is None]
    return sorted(possible, key=lambda action: action.hint)[:MOST_HINTS]
