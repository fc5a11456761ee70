from __future__ import annotations

from msgspec.structs import replace

from console.engine.words import RunState
from console.protocol import RunbookList
from console.tui.screens.board import BoardScreen
from console.tui.screens.run import RunScreen
from tests.tui.driving import Driver, play
from tests.tui.scripted import ScriptedClient, with_everything
from tests.view.samples import at_approval, provision

OVER = provision(RunState.SUCCEEDED, run=40, ended_at="2026-05-01T03:15:12.000Z", cursor=None)


def test_the_board_shows_what_needs_a_person_first_and_opens_it() -> None:
    async def scene(on: Driver) -> None:
        await on.see("Needs you", "#42", "Running", "#41", "Recent", "#40")
        await on.press("enter")
        await on.see("#42 provision-environment", "wants approval")
        assert isinstance(on.app.screen, RunScreen)
        await on.press("escape")
        await on.see("Needs you")

    play(with_everything(OVER, provision(run=41), at_approval()), scene)


def test_a_leads_from_the_board_to_what_waits() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42", "#41", "a Review")
        await on.press("j", "a")
        await on.see("Review: nothing of this run waits for an answer.")
        await on.press("k", "a")
        await on.see("Review  Security review", "Answers")
        await on.press("escape")
        await on.see("== Steps ==")
        await on.press("escape")
        await on.see("Needs you")

    play(with_everything(provision(run=41), at_approval()), scene)


def test_an_empty_board_counts_the_runbooks_and_leads_to_them() -> None:
    async def scene(on: Driver) -> None:
        await on.see("No runs yet. Press n to start one from 1 runbook.")
        await on.press("n")
        await on.see("provision-environment", "never run")

    play(with_everything(), scene)


def test_a_change_is_seen_without_a_key() -> None:
    async def scene(on: Driver) -> None:
        await on.see("► RUN")
        on.client.set_run(at_approval())
        await on.see("? ASK", "NEEDS YOU  1 thing waits")

    play(with_everything(provision()), scene)


def test_the_filter_takes_letters_as_text_and_esc_shows_all() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#40", "#41")
        await on.press("slash", "4", "1", "q")
        await on.see("No run matches '41q'")
        await on.press("backspace")
        await on.see("#41")
        await on.gone("#40")
        await on.press("enter", "escape")
        await on.see("#40")
        assert isinstance(on.app.screen, BoardScreen)

    play(with_everything(OVER, provision(run=41)), scene)


def test_leaving_asks_nothing_and_remembers_what_goes_on() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        await on.press("q")
        await on.until(lambda: on.app._exit, "the end")
        assert on.app.left_with == (42,)

    play(with_everything(provision(), OVER), scene)


def test_leaving_asks_before_a_form_is_lost_and_enter_means_no() -> None:
    async def scene(on: Driver) -> None:
        await on.see("Name of the environment")
        await on.press("tab", "tab", "q")
        await on.question("Leave the console?", "is lost")
        await on.press("enter")
        await on.gone("Sure?")
        await on.press("q")
        await on.question()
        await on.press("y")
        await on.until(lambda: on.app._exit, "the end")

    play(with_everything(), scene, open_runbook="provision-environment")


def test_ctrl_c_twice_leaves_from_anywhere() -> None:
    async def scene(on: Driver) -> None:
        await on.see("Name of the environment")
        await on.press("ctrl+c")
        await on.see("ctrl+c again leaves")
        assert not on.app._exit
        await on.press("ctrl+c")
        await on.until(lambda: on.app._exit, "the end")

    play(with_everything(), scene, open_runbook="provision-environment")


def test_the_command_line_opens_runs_and_says_what_it_does_not_know() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        await on.press("colon")
        await on.see("tab completes")
        await on.type("zzz")
        await on.press("enter")
        await on.see("There is no command 'zzz'")
        await on.press("ctrl+u")
        await on.type("42")
        await on.press("enter")
        await on.see("== Steps ==")

    play(with_everything(provision()), scene)


def test_help_is_made_of_this_screens_keys_first() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        await on.press("question_mark")
        await on.see("Help: the board", "Open what is under the cursor")
        await on.press("pagedown")
        await on.see("Everywhere")
        await on.press("escape")
        await on.see("-- Running")

    play(with_everything(provision()), scene)


def test_a_home_without_runbooks_is_told_apart() -> None:
    class Empty(ScriptedClient):
        async def ask(self, ask: object) -> object:
            found = await super().ask(ask)
            return replace(found, runbooks=()) if isinstance(found, RunbookList) else found

    async def scene(on: Driver) -> None:
        await on.see("Press n for the runbooks")

    play(Empty(), scene)
