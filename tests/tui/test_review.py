from __future__ import annotations

from msgspec.structs import replace

from console.engine.words import Answer, RunState, StepState, TaskKind
from console.protocol import AnswerStep
from console.tui.screens.review import ReviewScreen
from console.tui.screens.run import RunScreen
from tests.tui.driving import Driver, play
from tests.tui.scripted import ScriptedClient, with_everything
from tests.view.samples import DIGEST, at_approval, at_failure, at_manual, preview, provision, step, waiting


async def reviewing(on: Driver) -> None:
    await on.see("#42")
    await on.press("enter")
    await on.see("[a] review")
    await on.press("a")
    await on.see("Answers", "since 03:13Z")


def answered(client: ScriptedClient) -> AnswerStep:
    (answer,) = client.commands(AnswerStep)
    assert isinstance(answer, AnswerStep)
    return answer


def going_on(client: ScriptedClient) -> ScriptedClient:
    """Whatever is answered, the run goes on."""

    def taken(_: object) -> None:
        client.change(42, state=RunState.RUNNING, waiting=(), cursor="configure")

    client.taken = taken
    return client


def test_approving_with_a_note_sends_the_version_that_was_seen() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.see(f"sha256:{DIGEST}", "For security", "+1 to add")
        await on.press("A")
        await on.question('Approve: "Security review" of run 42 in STAGING?', DIGEST)
        await on.press("m")
        await on.type("looks fine")
        await on.press("enter")
        await on.question("note: looks fine")
        await on.press("y")
        await on.see("accepted as event", "== Steps ==")
        assert isinstance(on.app.screen, RunScreen)
        answer = answered(on.client)
        assert (answer.step, answer.answer, answer.note, answer.version) == (
            "security-review",
            Answer.APPROVE,
            "looks fine",
            12,
        )

    play(going_on(with_everything(at_approval())), scene)


def test_enter_means_no_and_opening_the_review_answers_nothing() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.press("X")
        await on.question("Reject:")
        await on.press("enter")
        await on.gone("Sure?")
        await on.press("A")
        await on.question()
        await on.press("A", "n")
        await on.gone("Sure?")
        await on.press("escape")
        await on.see("== Steps ==")
        assert on.client.commands(AnswerStep) == []

    play(with_everything(at_approval()), scene)


def test_a_stale_answer_is_refused_and_shown_as_that() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.press("A")
        await on.question()
        # The step changes behind the question: what is sent still carries the version that was shown.
        run = on.client.runs[42]
        newer = replace(run.steps[1], version=200)
        on.client.runs[42] = replace(run, steps=(run.steps[0], newer, *run.steps[2:]))
        await on.press("y")
        await on.see("Refused: security-review changed since you looked at it", "look at it again")
        assert answered(on.client).version == 12

    play(with_everything(at_approval()), scene)


def test_a_change_of_what_is_asked_is_said() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        run = on.client.runs[42]
        on.client.change(42, waiting=(replace(run.waiting[0], version=20),))
        await on.see("What is asked here changed just now")

    play(with_everything(at_approval()), scene)


def test_what_somebody_else_answered_is_said() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        on.client.change(42, waiting=(), state=RunState.RUNNING)
        await on.see("Nothing waits for an answer any more", "It was answered")
        assert isinstance(on.app.screen, ReviewScreen)

    play(with_everything(at_approval()), scene)


def test_a_manual_step_is_done_when_all_is_ticked_and_typed() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.see("[ ] The page loads", "not yet: 2 still to tick", "0 of 2 ticked")
        await on.press("space", "space")
        await on.see("[x] The page loads", "[x] The version is right", "not yet: 1 to fill in")
        await on.press("tab")
        await on.type("1.x")
        await on.see("does not match")
        await on.press("backspace")
        await on.type("4")
        await on.see("+ version         1.4")
        await on.press("enter", "enter")
        await on.question('Done: "Qa" of run 42')
        await on.press("y")
        await on.see("accepted")
        answer = answered(on.client)
        assert (answer.answer, answer.values, answer.version) == (Answer.DONE, {"version": "1.4"}, 15)

    play(going_on(with_everything(at_manual())), scene)


def test_done_too_early_leads_to_what_is_missing() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.press("tab", "tab", "enter")
        await on.see("Done: 2 still to tick.")
        await on.press("space", "space", "tab", "tab", "enter")
        await on.see("Done: 1 to fill in above.", "version is still empty")
        assert on.client.commands(AnswerStep) == []

    play(with_everything(at_manual()), scene)


def test_not_done_wants_a_reason() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.press("tab", "tab", "j", "enter")
        await on.question("Not done:", "a reason is required")
        await on.type("page is blank")
        await on.press("enter")
        await on.question("reason: page is blank")
        await on.press("y")
        await on.see("accepted")
        answer = answered(on.client)
        assert (answer.answer, answer.note, answer.values) == (Answer.NOT_DONE, "page is blank", {})

    play(going_on(with_everything(at_manual())), scene)


def test_a_failed_step_offers_each_way_on_with_what_follows() -> None:
    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.see("Retry", "Runs it again", "Done by hand", "Stop here", "Undoes 1 step")
        await on.press("G", "enter")
        await on.question("Roll back all:", "type demo")
        await on.type("demo")
        await on.press("enter")
        await on.see("accepted")
        assert answered(on.client).answer is Answer.ROLLBACK

    play(going_on(with_everything(at_failure())), scene)


def test_the_output_of_a_step_can_be_read_from_its_evidence() -> None:
    client = with_everything(at_approval())
    client.outputs[("network", 1, 2)] = ["applied all of it"]

    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.press("shift+tab", "G", "enter")
        await on.see("applied all of it", "attempt 1.2")
        await on.press("escape")
        await on.see("Answers")

    play(client, scene)


def test_approving_what_destroys_is_typed() -> None:
    asking = step("network", 1, StepState.WAITING, "terraform", preview=preview(2), version=12)
    task = waiting("network", TaskKind.APPROVAL, Answer.APPROVE, Answer.REJECT, preview=preview(2), digest=DIGEST)
    run = provision(RunState.WAITING, steps=(asking,), waiting=(task,))

    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.see("2 to destroy")
        await on.press("A")
        await on.question("type network", "2 to destroy")
        await on.press("y", "enter")
        await on.see("Sure?")
        assert on.client.commands(AnswerStep) == []

    play(with_everything(run), scene)


def test_an_undo_asked_for_after_another_keeps_the_review_open() -> None:
    first = waiting("configure", TaskKind.ROLLBACK, Answer.UNDO, Answer.DONE, Answer.LEAVE, version=13)
    second = waiting("network", TaskKind.ROLLBACK, Answer.UNDO, Answer.DONE, Answer.LEAVE, version=11)
    run = replace(at_failure(), state=RunState.ROLLING_BACK, waiting=(first,))
    client = with_everything(run)
    client.taken = lambda _: client.change(42, waiting=(second,))

    async def scene(on: Driver) -> None:
        await reviewing(on)
        await on.see("Review  Configure")
        await on.press("enter")
        await on.question("Undo it:")
        await on.press("y")
        await on.see("Review  Network")
        assert answered(on.client).answer is Answer.UNDO

    play(client, scene)
