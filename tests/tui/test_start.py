from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from console.client.aio import LinkState
from console.errors import InvalidRunbook, RefusedError
from console.protocol import PlanRun, StartRun
from tests.tui.driving import Driver, play
from tests.tui.scripted import ScriptedClient, with_everything
from tests.view.samples import provision


def starting() -> ScriptedClient:
    """A client that starts run 42."""
    client = with_everything()
    client.taken = lambda ask: client.set_run(provision()) if isinstance(ask, StartRun) else None
    return client


async def to_catalogue(on: Driver) -> None:
    await on.see("No runs yet")
    await on.press("n")
    await on.see("never run")


async def to_form(on: Driver) -> None:
    await to_catalogue(on)
    await on.press("enter")
    await on.see("-- Parameters", "Name of the environment")


async def to_plan(on: Driver) -> None:
    await to_form(on)
    await on.type("demo")
    await on.press("enter", "space", "enter")
    await on.see("== What will run", "terraform apply plan")


def test_what_is_wrong_is_said_while_it_is_typed() -> None:
    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.see("1 to mend")
        await on.type("De")
        await on.see("x name", "does not match")
        await on.press("backspace", "backspace")
        await on.type("demo")
        await on.see("+ name", "complete")

    play(starting(), scene)


def test_a_form_that_is_not_complete_goes_nowhere_and_shows_the_field() -> None:
    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.press("tab", "enter")
        await on.see("Mend what is marked", "name is still empty")
        await on.type("demo")
        await on.see("+ name            demo")
        assert not on.client.commands(PlanRun)

    play(starting(), scene)


def test_what_was_to_be_mended_is_not_said_any_more_once_it_is() -> None:
    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.press("tab", "enter")
        await on.see("Mend what is marked")
        await on.type("demo")
        await on.press("enter", "enter")
        await on.see("== What will run", "terraform apply plan")
        await on.gone("Mend what is marked")

    play(starting(), scene)


@pytest.mark.parametrize("to_screen", [to_form, to_plan, to_catalogue])
def test_a_stopped_server_is_started_by_ctrl_r_before_a_run_as_well(
    to_screen: Callable[[Driver], Awaitable[None]],
) -> None:
    async def scene(on: Driver) -> None:
        await to_screen(on)
        on.client._tell(on.client.link._replace(state=LinkState.STOPPED))
        await on.see("SERVER STOPPED", "ctrl+r starts")
        await on.press("ctrl+r")
        await on.gone("SERVER STOPPED")
        assert on.client.started_again == 1

    play(starting(), scene)


def test_letters_in_a_field_are_text_and_never_leave() -> None:
    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.type("qpxa")
        await on.see("+ name            qpxa")

    play(starting(), scene)


def test_a_choice_is_turned_by_space_and_takes_no_other_word() -> None:
    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.press("tab")
        await on.see("+ size            small")
        await on.press("space")
        await on.see("+ size            large")
        await on.press("z", "backspace", "ctrl+u", "delete")
        await on.see("+ size            large")
        await on.press("s")
        await on.see("+ size            small")

    play(starting(), scene)


def test_a_run_starts_only_after_what_will_run_was_shown_and_confirmed() -> None:
    async def scene(on: Driver) -> None:
        await to_plan(on)
        await on.see("name = demo", "size = large", "may roll back by itself", "undo: terraform: previous")
        await on.press("S")
        await on.question("Start Provision a new environment in STAGING?")
        await on.press("enter")
        await on.gone("Sure?")
        assert not on.client.commands(StartRun)
        await on.press("S")
        await on.question()
        await on.press("y")
        await on.see("STAGING  #42", "Run 42 is started")
        (start,) = on.client.commands(StartRun)
        assert start.parameters == {"name": "demo", "size": "large"}
        await on.press("escape")
        await on.see("-- Running")

    play(starting(), scene)


def test_the_same_plan_started_twice_is_one_command() -> None:
    client = starting()
    client.refuse = RefusedError("run 7 holds 'demo'", mend="let that run end")

    async def scene(on: Driver) -> None:
        await to_plan(on)
        for _ in range(2):
            await on.press("S")
            await on.question()
            await on.press("y")
            await on.see("Refused: run 7 holds 'demo'", "What to do: let that run end")
        first, second = on.client.commands(StartRun)
        assert first.command == second.command

    play(client, scene)


def test_a_run_can_wait_its_turn() -> None:
    async def scene(on: Driver) -> None:
        await to_plan(on)
        await on.press("W")
        await on.question("once no other run holds its key")
        await on.press("y")
        await on.see("Run 42 is started")
        (start,) = on.client.commands(StartRun)
        assert start.wait_for_lock

    play(starting(), scene)


def test_a_key_that_is_held_down_confirms_nothing() -> None:
    async def scene(on: Driver) -> None:
        await to_plan(on)
        await on.press("S", "y", "y")
        await on.see("Sure?")
        assert not on.client.commands(StartRun)

    play(starting(), scene)


def test_a_runbook_that_cannot_be_used_shows_every_problem() -> None:
    class Broken(ScriptedClient):
        async def ask(self, ask: object) -> object:
            if isinstance(ask, PlanRun):
                raise InvalidRunbook("It cannot be used.", problems=("line 3: no such step",), mend="correct it")
            return await super().ask(ask)

    client = Broken()
    client.runbooks, client.plans = starting().runbooks, starting().plans

    async def scene(on: Driver) -> None:
        await to_form(on)
        await on.type("demo")
        await on.press("enter", "enter")
        await on.see("It cannot be used.", "line 3: no such step", "what to do: correct it")
        await on.press("escape")
        await on.see("+ name            demo")

    play(client, scene)


def test_the_screens_open_on_the_form_of_a_runbook() -> None:
    async def scene(on: Driver) -> None:
        await on.see("STAGING  start provision-environment", "Name of the environment")
        await on.press("escape")
        await on.see("No runs yet")

    play(starting(), scene, open_runbook="provision-environment")
