"""Everything an operator can do, in one registry: bindings, key hints, the action menu and help come from it.

An action judges for itself whether it can be done now; where it cannot, it says why, and stays visible.
"""

from __future__ import annotations

from console.view import possible
from console.view.situation import Action, Place, Situation, Tier

_BOARD, _CATALOGUE, _FORM, _PLAN = Place.BOARD, Place.CATALOGUE, Place.FORM, Place.PLAN
_RUN, _REVIEW, _STEP, _OUTPUT = Place.RUN, Place.REVIEW, Place.STEP, Place.OUTPUT
_RUNS = (_RUN, _STEP)
_LISTS = (_BOARD, _CATALOGUE, _RUN, _REVIEW, _STEP, _PLAN, _OUTPUT)
_ALL = (Place.EVERYWHERE,)
_ASKS, _TYPED = Tier.REVERSIBLE, Tier.DANGEROUS

# fmt: off
LOOKING = (
    Action("open", "Open", "Open what is under the cursor", (_BOARD, _CATALOGUE), ("enter",), hint=10),
    Action("review", "Review", "What waits for a person, with its evidence", (_BOARD, *_RUNS), ("a",),
           why_not=possible.review, hint=10, menu=True),
    Action("step.open", "Details", "What the step runs, its attempts, outputs and undo", (_RUN,), ("enter",),
           hint=20, menu=True),
    Action("row.open", "Open", "Open the output under the cursor", (_STEP,), ("enter",), hint=10),
    Action("output", "Output", "The output of the step on the whole screen", (_RUN, _STEP, _REVIEW), ("o",),
           why_not=possible.printed, hint=50, menu=True),
    Action("follow", "Follow", "Follow the newest line, at the step the run is at", (_RUN, _OUTPUT), ("f",), hint=60),
    Action("timestamps", "Times", "Show or hide when each line came", (_RUN, _OUTPUT), ("t",), hint=75),
    Action("zoom", "Zoom", "Give the pane the whole screen, or take it back", (_RUN,), ("z",), hint=70),
    Action("new", "New run", "Choose a runbook and start a run", (_BOARD, _CATALOGUE), ("n",),
           why_not=possible.server, hint=20),
    Action("filter", "Filter", "Show only what contains these words", (_BOARD, _CATALOGUE), ("slash",), hint=30),
    Action("next", "Next", "The next attempt, or the next thing that waits", (_OUTPUT, _REVIEW),
           ("right_square_bracket",), why_not=possible.several, hint=35),
    Action("previous", "Previous", "The one before", (_OUTPUT, _REVIEW), ("left_square_bracket",),
           why_not=possible.several),
)

MOVING = (
    Action("move.down", "Down", "One down", _LISTS, ("j", "down"), group="move"),
    Action("move.up", "Up", "One up", _LISTS, ("k", "up"), group="move"),
    Action("move.page_down", "Page down", "A page down", (*_LISTS, _FORM), ("pagedown", "ctrl+d"), group="move"),
    Action("move.page_up", "Page up", "A page up", (*_LISTS, _FORM), ("pageup", "ctrl+u"), group="move"),
    Action("move.top", "Top", "To the top", _LISTS, ("g", "home"), group="move"),
    Action("move.end", "End", "To the end; output is followed from there", _LISTS, ("G", "end"), group="move"),
    Action("move.left", "Left", "Long lines: to the left", (_RUN, _OUTPUT), ("left",), group="move"),
    Action("move.right", "Right", "Long lines: to the right", (_RUN, _OUTPUT), ("right",), group="move"),
    Action("pane.next", "Next pane", "To the next pane or field", (_FORM, _RUN, _REVIEW), ("tab",), hint=80,
           group="move"),
    Action("pane.previous", "Previous pane", "To the pane or field before", (_FORM, _RUN, _REVIEW), ("shift+tab",),
           group="move"),
)

DOING = (
    Action("plan", "What will run", "Check the parameters and show what will run", (_FORM,), ("enter",),
           why_not=possible.server, hint=10),
    Action("start", "Start", "Start the run", (_PLAN,), ("S",), _ASKS, possible.server, hint=10),
    Action("start.queue", "Start in turn", "Start the run; where another holds the same key, behind it", (_PLAN,),
           ("W",), _ASKS, possible.server, hint=12),
    Action("run.pause", "Pause", "Start nothing new; what runs goes on. Asks nothing", _RUNS, ("p",),
           why_not=possible.pause, hint=30, menu=True),
    Action("run.resume", "Resume", "Go on after a pause", _RUNS, (), _ASKS, possible.resume, menu=True),
    Action("step.skip", "Skip step", "Pass over the step; a reason is required", _RUNS, (), _ASKS, possible.skip,
           menu=True),
    Action("step.jump", "Jump here", "Go on at this step instead", _RUNS, (), _TYPED, possible.jump, menu=True),
    Action("run.cancel", "Cancel run", "Let what runs finish, then end the run", _RUNS, (), _ASKS, possible.cancel,
           menu=True, group="danger"),
    Action("step.stop", "Stop step", "Stop what this step runs, in the middle of it", _RUNS, (), _TYPED,
           possible.stop_step, menu=True, group="danger"),
    Action("run.cancel_stop", "Cancel and stop", "Stop what runs now, and end the run", _RUNS, (), _TYPED,
           possible.cancel, menu=True, group="danger"),
    Action("rollback.to", "Roll back to here", "Undo what started after this step, newest first", _RUNS, (), _TYPED,
           possible.rollback_to, menu=True, group="danger"),
    Action("rollback.all", "Roll back all", "Undo everything that started, newest first", _RUNS, (), _TYPED,
           possible.rollback, menu=True, group="danger"),
)

ANSWERING = (
    Action("answer.approve", "Approve", "Approve exactly what is shown", (_REVIEW,), ("A",), _ASKS,
           possible.answers("approve"), hint=10),
    Action("answer.reject", "Reject", "Reject what is shown", (_REVIEW,), ("X",), _ASKS, possible.answers("reject"),
           hint=12),
    Action("answer.retry", "Retry", "Run the step again", (_REVIEW,), ("r",), _ASKS, possible.answers("retry"),
           hint=14),
    Action("answer.skip", "Skip", "Pass over the step; a reason is required", (_REVIEW,), ("s",), _ASKS,
           possible.answers("skip"), hint=16),
    Action("row.tick", "Tick", "Tick or untick the line under the cursor", (_REVIEW,), ("space",),
           why_not=possible.checklist, hint=17),
    Action("row.choose", "Choose", "Take the answer, or open the output, under the cursor", (_REVIEW,), ("enter",),
           hint=18),
)

EVERYWHERE = (
    Action("menu", "Actions", "Everything that can be done here, and why not where it cannot", _RUNS, ("x",), hint=40),
    Action("back", "Back", "Back to where you came from; nothing is lost", _ALL, ("escape",), hint=90),
    Action("command", "Command", "The command line: a run's number, runs, runbooks, quit", _ALL, ("colon",), hint=94),
    Action("reload", "Reload", "Read everything again; starts a server that was stopped", _ALL, ("ctrl+r",)),
    Action("help", "Help", "The keys of this screen, then those that work everywhere", _ALL, ("question_mark", "f1"),
           hint=99),
    Action("quit", "Leave", "Leave the console; runs go on without you", _ALL, ("q",), hint=95),
)
# fmt: on

ACTIONS: tuple[Action, ...] = (*LOOKING, *MOVING, *DOING, *ANSWERING, *EVERYWHERE)
BY_ID = {action.id: action for action in ACTIONS}
MOST_HINTS = 8


def actions_at(place: Place) -> list[Action]:
    """The actions of a place, then those of everywhere."""
    here = [action for action in ACTIONS if place in action.places]
    return here + [action for action in ACTIONS if Place.EVERYWHERE in action.places]


def menu_at(at: Situation) -> list[tuple[Action, str | None]]:
    """The action menu: each action with the reason why it cannot be done, dangerous ones last."""
    found = [action for action in ACTIONS if action.menu and at.place in action.places]
    found.sort(key=lambda action: action.group == "danger")
    return [(action, action.why_not(at)) for action in found]


def hints_at(at: Situation) -> list[Action]:
    """The actions to hint at in the last row, most wanted first: at most eight, help always, only what can be done."""
    found = [action for action in actions_at(at.place) if action.hint and action.why_not(at) is None]
    found = [action for action in found if action.keys_at(at) and action.id != "help"]
    if at.place is Place.BOARD:
        found.remove(BY_ID["back"])
    found.sort(key=lambda action: action.hint)
    return [*found[: MOST_HINTS - 1], BY_ID["help"]]
