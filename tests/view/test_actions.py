from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.words import RollbackState, RunState, StepState, TaskKind
from console.protocol import RunView
from console.view import commandline
from console.view.actions import ACTIONS, BY_ID, actions_at, hints_at, menu_at
from console.view.situation import Place, Situation, Tier
from tests.view.samples import at_approval, at_failure, at_manual, attempt, provision, step, waiting

FORBIDDEN = {
    "ctrl+a", "ctrl+b", "ctrl+s", "ctrl+q", "ctrl+h", "ctrl+i", "ctrl+m", "ctrl+left_square_bracket", "ctrl+enter",
    "shift+enter", "alt+enter", "ctrl+slash", "ctrl+underscore", "ctrl+g", "ctrl+n", "ctrl+o", "ctrl+p", "ctrl+t",
}  # fmt: skip


def why(action: str, run: RunView | None, step_path: str | None = None, **more: object) -> str | None:
    chosen = next((one for one in run.steps if one.path == step_path), None) if run is not None else None
    return BY_ID[action].why_not(Situation(Place.RUN, run=run, step=chosen, **more))  # type: ignore[arg-type]


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("place", [place for place in Place if place is not Place.EVERYWHERE])
def test_no_key_means_two_things_in_one_place(place: Place) -> None:
    keys = [key for action in actions_at(place) for key in action.keys]
    assert sorted(keys) == sorted(set(keys))


def test_keys_that_terminals_and_multiplexers_take_are_never_bound() -> None:
    bound = {key for action in ACTIONS for key in action.keys}
    assert not bound & FORBIDDEN
    assert not [key for key in bound if key.startswith("alt+")]


def test_what_is_dangerous_has_no_key_and_stands_last_in_the_menu() -> None:
    assert not [action.id for action in ACTIONS if action.tier is Tier.DANGEROUS and action.keys]
    groups = [action.group for action, _ in menu_at(Situation(Place.RUN, run=provision()))]
    assert groups == sorted(groups, key=lambda group: group == "danger")
    assert groups[0] != "danger"


def test_every_action_of_the_menu_is_shown_whether_it_can_be_done_or_not() -> None:
    able = menu_at(Situation(Place.RUN, run=provision(), step=provision().steps[0]))
    unable = menu_at(Situation(Place.RUN))
    assert [action.id for action, _ in able] == [action.id for action, _ in unable]


@pytest.mark.parametrize("place", [place for place in Place if place is not Place.EVERYWHERE])
def test_hints_are_at_most_eight_and_always_show_help(place: Place) -> None:
    run = at_approval()
    hints = hints_at(Situation(place, run=run, step=run.steps[0], waiting=run.waiting[0]))
    assert len(hints) <= 8
    assert hints[-1].id == "help"


def test_hints_leave_out_letters_while_a_field_is_typed_in() -> None:
    at = Situation(Place.FORM, typing=True)
    shown = [action.keys_at(at)[0] for action in hints_at(at)]
    assert shown
    assert not [key for key in shown if len(key) == 1 or key in ("colon", "space", "question_mark")]


def test_a_run_that_ended_takes_no_verb_and_says_so() -> None:
    over = provision(RunState.SUCCEEDED)
    for action in ("run.pause", "run.resume", "run.cancel", "step.skip", "step.jump"):
        assert why(action, over, "network") == "the run has ended"


def test_pause_and_resume_exclude_each_other() -> None:
    running, paused = provision(), provision(RunState.PAUSED, paused=True)
    assert why("run.pause", running) is None
    assert why("run.resume", running) == "the run is not paused"
    assert why("run.pause", paused) == "the run is paused already"
    assert why("run.resume", paused) is None


def test_without_a_server_nothing_can_be_asked_of_it() -> None:
    assert why("run.pause", provision(), connected=False) == "the server does not answer"


def test_what_needs_a_step_at_rest_waits_for_the_process() -> None:
    running = provision()
    assert why("rollback.all", running) == "something of the run is still running"
    assert why("step.jump", running, "qa") == "something of the run is still running"
    assert why("step.stop", running, "network") is None
    assert why("step.stop", running, "qa") == "nothing of this step is running"
    assert why("step.skip", running, "qa") is None


def test_approvals_cannot_be_skipped() -> None:
    assert why("step.skip", at_approval(), "security-review") == "approvals cannot be skipped"


def test_what_the_run_is_past_cannot_be_skipped() -> None:
    assert why("step.skip", at_failure(), "network") == "the run is past this step already"
    assert why("step.skip", at_failure(), "configure") is None


def test_nothing_is_rolled_back_over_a_doubt() -> None:
    run = at_failure()
    doubt = replace(run, waiting=(waiting("configure", TaskKind.IN_DOUBT),))
    assert "in doubt" in (why("rollback.all", doubt) or "")
    assert "in doubt" in (why("run.cancel", doubt) or "")


def test_rollback_needs_something_to_undo() -> None:
    empty = provision(RunState.WAITING, steps=(step("qa", 1, StepState.WAITING, "manual"),))
    assert why("rollback.all", empty) == "there is nothing to undo"
    assert why("rollback.all", at_failure()) is None
    assert why("rollback.to", at_failure(), "tell") == "the run has not come to this step"
    assert why("rollback.all", provision(RunState.ROLLED_BACK)) == "the run is rolled back already"


def test_a_run_that_ended_can_still_be_rolled_back_as_a_whole() -> None:
    done = step("network", 1, StepState.SUCCEEDED, attempts=(attempt(),), rollback=RollbackState.STANDING)
    over = provision(RunState.FAILED, steps=(done,))
    assert why("rollback.all", over) is None
    assert why("rollback.to", over, "network") == "the run has ended: it can only be rolled back as a whole"


def test_a_jump_to_where_the_run_stands_is_none() -> None:
    assert why("step.jump", at_failure(), "configure") == "the run stands at this step"
    assert why("step.jump", at_failure(), "qa") is None


def test_only_what_is_asked_can_be_answered() -> None:
    run = at_manual()
    at = Situation(Place.REVIEW, run=run, waiting=run.waiting[0])
    assert BY_ID["answer.approve"].why_not(at) == "this is not asked here"
    assert BY_ID["row.tick"].why_not(at) is None
    assert BY_ID["next"].why_not(at) == "nothing else waits"


def test_the_command_line_names_only_actions_that_there_are() -> None:
    assert commandline.check_registry() == []
