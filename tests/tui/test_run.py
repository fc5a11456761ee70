from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from msgspec.structs import replace

from console.client.aio import LinkState
from console.engine.words import RunState, StepState
from console.errors import RefusedError
from console.protocol import DoRun, Notice, NoticeView, ReadOutput
from console.tui.desk import Desk
from console.tui.widgets.output import Output
from tests.tui.driving import Driver, play
from tests.tui.scripted import ScriptedClient, with_everything
from tests.view.samples import at_approval, at_failure, provision


def printing(lines: int = 500) -> ScriptedClient:
    client = with_everything(provision())
    client.outputs[("network", 1, 1)] = [f"line {number}" for number in range(lines)]
    return client


async def opened(on: Driver) -> None:
    await on.see("#42")
    await on.press("enter")
    await on.see("== Steps ==", "1 Network")


def test_output_is_followed_until_it_is_scrolled_and_from_f_again() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 499", "following | 500 lines")
        on.client.prints(42, "network", "one more")
        await on.see("one more", "501 lines")
        await on.press("tab", "k")
        await on.see("f follows")
        on.client.prints(42, "network", "unseen")
        await on.see("of 502 lines")
        assert "unseen" not in on.text
        await on.press("f")
        await on.see("unseen", "following")

    play(printing(), scene)


def test_a_run_of_one_step_shows_its_output_too() -> None:
    client = printing()
    client.runs[42] = replace(provision(), steps=provision().steps[:1])

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("Output  1 Network", "line 499")

    play(client, scene)


def test_g_and_shift_g_go_to_both_ends() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 499")
        await on.press("tab", "g")
        await on.see("line 0")
        await on.press("G")
        await on.see("line 499", "following")

    play(printing(), scene)


def test_only_windows_of_a_long_output_are_read() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 99999")
        await on.press("tab", "g")
        await on.see("line 0", "of 100,000 lines")
        asked = on.client.commands(ReadOutput)
        assert sum(ask.count for ask in asked) <= 2_000
        assert all(ask.width <= 4_000 for ask in asked)

    play(printing(100_000), scene)


def test_the_output_is_that_of_the_step_under_the_cursor() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 499")
        await on.press("j")
        await on.see("Output  2 Security review", "Not started yet")
        await on.press("k")
        await on.see("Output  1 Network", "line 499")

    play(printing(), scene)


def test_the_cursor_goes_along_with_the_run_and_stays_where_it_was_put() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        done = at_approval().steps
        on.client.change(42, done[0], done[1], cursor="security-review", state=RunState.WAITING)
        await on.see("Output  2 Security review")
        await on.press("k")
        await on.see("Output  1 Network")
        on.client.change(42, replace(done[1], state=StepState.SUCCEEDED), cursor="configure", state=RunState.RUNNING)
        await on.see("✓ OK        2 Security review")
        await on.see("Output  1 Network")

    play(printing(), scene)


def test_a_new_attempt_is_shown_from_its_beginning() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 499")
        on.client.prints(42, "network", "second attempt begins", attempt=2)
        await on.see("second attempt begins", "1 line")
        await on.gone("line 499")

    play(printing(), scene)


def test_pause_asks_nothing() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("p")
        await on.see("pause run 42: accepted")
        (pause,) = on.client.commands(DoRun)
        assert (pause.verb, pause.run) == ("pause", 42)

    play(printing(), scene)


def test_what_was_sent_is_waited_for_before_leaving() -> None:
    class Slow(ScriptedClient):
        async def ask(self, ask: object) -> object:
            if isinstance(ask, DoRun):
                await asyncio.sleep(0.2)
            return await super().ask(ask)

    client = Slow()
    client.runs = {42: provision()}

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("p", "q")
        await on.until(lambda: on.app._exit, "the end")
        assert len(on.client.commands(DoRun)) == 1
        assert not on.app.unanswered

    play(client, scene)


def test_leaving_says_when_the_last_command_has_no_answer() -> None:
    class Silent(ScriptedClient):
        async def ask(self, ask: object) -> object:
            if isinstance(ask, DoRun):
                await asyncio.sleep(60)
            return await super().ask(ask)

    client = Silent()
    client.runs = {42: provision()}

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("p", "q")
        await on.until(lambda: on.app._exit, "the end")
        assert on.app.unanswered

    play(client, scene)


def test_a_refusal_says_what_to_do() -> None:
    client = printing()
    client.refuse = RefusedError("the run is paused already", mend="resume it", unaffected="what runs goes on")

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("p")
        await on.see("Refused: the run is paused already", "What to do: resume it", "Unaffected: what runs goes on")

    play(client, scene)


def test_the_menu_says_why_not_and_does_only_what_can_be_done() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("x")
        await on.see("Actions  step 1 Network", "nothing waits for an answer", "something of the run is still running")
        await on.press("G", "enter")
        await on.see("Roll back all: something of the run is still running.")
        await on.press("escape")
        assert not on.client.commands(DoRun)

    play(printing(), scene)


def test_the_menu_notices_that_the_run_went_on() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("x")
        await on.see("Resume            the run is not paused")
        on.client.change(42, state=RunState.PAUSED, paused=True)
        await on.see("Resume            Go on after a pause")

    play(printing(), scene)


def test_rolling_back_is_typed_and_shows_what_is_undone() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("x", "G", "enter")
        await on.question("Roll back all: run 42 in STAGING?", "| terraform: previous", "type demo")
        await on.type("demx")
        await on.press("enter")
        await on.see("type demo")
        await on.press("backspace")
        await on.type("o")
        await on.see("enter does it")
        await on.press("tab")
        await on.type("wrong region")
        await on.press("enter")
        await on.see("rollback run 42: accepted")
        (rollback,) = on.client.commands(DoRun)
        assert (rollback.verb, rollback.step, rollback.reason) == ("rollback", None, "wrong region")

    play(with_everything(at_failure()), scene)


def test_skipping_wants_a_reason_before_it_can_be_said_yes_to() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("x")
        await on.see("Actions")
        for _ in range(10):
            if "Skip step: " in on.text or "Pass over the step; a reason is required." in on.text:
                break
            await on.press("j")
        await on.press("enter")
        await on.question('Skip step: "Configure"', "a reason is required")
        await on.press("enter")
        await on.see("Sure?")
        await on.type("not tonight")
        await on.press("enter")
        await on.question("reason: not tonight")
        await on.press("y")
        await on.see("skip run 42 configure: accepted")
        (skip,) = on.client.commands(DoRun)
        assert (skip.verb, skip.step, skip.reason) == ("skip", "configure", "not tonight")

    play(with_everything(at_failure()), scene)


def test_a_notice_is_shown_and_kept() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        on.client.push(
            Notice(notice=NoticeView(at="2026-05-01T03:15:00Z", to=("ana",), message="demo is ready", run=42))
        )
        await on.see("03:15Z run 42: demo is ready")
        await on.press("enter")
        await on.see("Step 1  Network", "demo is ready")

    play(printing(), scene)


def test_the_step_in_full_opens_the_output_of_an_attempt() -> None:
    client = with_everything(at_approval())
    client.outputs[("network", 1, 1)] = ["planned"]
    client.outputs[("network", 1, 2)] = ["applied"]

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("k", "enter")
        await on.see("Step 1  Network", "What ran", "1.1 ✓ OK")
        rows = [number for number, row in enumerate(on.rows) if "1.1 ✓ OK" in row]
        await on.press(*["j"] * (rows[0] - 3), "enter")
        await on.see("attempt 1.1 preview", "planned")
        await on.press("right_square_bracket")
        await on.see("attempt 1.2 apply", "applied")
        await on.press("escape", "escape")
        await on.see("== Steps ==")

    play(client, scene)


def test_what_the_server_says_too_early_or_too_late_breaks_nothing() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        on.app.open_run(42)
        # The screen is there, its panes are not.
        on.client.prints(42, "network", "early")
        on.client.set_run(replace(provision(), seq=130))
        await on.see("early")
        await on.press("escape")
        on.client.prints(42, "network", "late")
        on.client.set_run(replace(provision(), seq=140))
        await on.see("-- Running")

    play(with_everything(provision()), scene)


def test_an_error_of_the_screens_ends_them_and_not_the_conversation() -> None:
    async def playing() -> None:
        broken: list[Exception] = []
        client = with_everything(provision())

        def fails() -> None:
            raise KeyError("a bug")

        desk = Desk(client.make, changed=fails, heard=lambda _: fails(), failed=lambda _: None, broke=broken.append)
        client.connect()
        client.set_run(provision(seq=120))
        assert desk.connected
        assert [type(error) for error in broken] == [KeyError, KeyError]

    asyncio.run(playing())


def test_zoom_gives_a_pane_the_screen_and_takes_it_back() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("tab", "z")
        await on.gone("1 Network    ")
        await on.see("line 482")
        await on.press("z")
        await on.see("-- Steps --")

    play(printing(), scene)


def test_a_lost_server_is_said_what_is_shown_stays_and_all_is_read_when_it_is_back() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.see("line 499")
        on.client.lose()
        await on.see("NO SERVER", "1 Network", "line 499")
        await on.press("p")
        await on.see("Pause: the server does not answer.")
        on.client.outputs[("network", 1, 1)].append("printed meanwhile")
        on.client.runs[42] = replace(provision(), state=RunState.PAUSED, paused=True, seq=140)
        on.client.connect()
        await on.see("The server answers again", "= PAUSED", "printed meanwhile")
        await on.gone("NO SERVER")

    play(printing(), scene)


def test_a_stopped_server_is_started_by_ctrl_r() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        on.client._tell(on.client.link._replace(state=LinkState.STOPPED))
        await on.see("SERVER STOPPED", "ctrl+r starts")
        await on.press("ctrl+r")
        await on.gone("SERVER STOPPED")
        assert on.client.started_again == 1

    play(printing(), scene)


def test_every_size_draws_what_fits() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        for width, height in ((60, 20), (132, 40), (40, 10), (200, 60), (80, 24)):
            await on.resize(width, height)
            await on.until(lambda: on.app.size.width == width and len(on.rows) == height, "the size")  # noqa: B023
            await on.see("1 Network", "Output", "? Help")
            assert max(len(row) for row in on.rows) <= width
        await on.resize(30, 8)
        await on.gone("? Help")
        await on.see("STAGING  #42")
        await on.resize(80, 24)
        await on.see("? Help")

    play(printing(), scene)


def test_panes_stand_side_by_side_where_there_is_room() -> None:
    async def scene(on: Driver) -> None:
        await opened(on)
        await on.until(lambda: any("Steps" in row and "Output" in row for row in on.rows), "two columns")

    play(printing(), scene, size=(130, 30))


def test_time_ticks_in_its_own_cells() -> None:
    began = datetime.now(UTC).isoformat()

    async def scene(on: Driver) -> None:
        await opened(on)
        before = on.rows[0]
        await on.until(lambda: on.rows[0] != before, "a second to pass")
        assert on.rows[0].startswith(" STAGING  #42 provision-environment | ► RUN ")

    play(with_everything(provision(started_at=began)), scene)


def test_long_lines_are_read_by_going_sideways() -> None:
    client = with_everything(provision())
    client.outputs[("network", 1, 1)] = ["x" * 100 + "FINIS"]

    async def scene(on: Driver) -> None:
        await opened(on)
        await on.press("tab")
        assert "FINIS" not in on.text
        await on.press("right", "right")
        await on.see("FINIS")
        assert on.app.screen.query_one(Output).left == 32

    play(client, scene)
