"""Text from outside never becomes markup, and never reaches a cell as a control character."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from console.engine.reports import Change
from console.engine.runbook import Field
from console.protocol import Notice, NoticeView
from tests.tui.driving import Driver, play
from tests.tui.scripted import ScriptedClient, with_everything
from tests.view.samples import at_approval, at_manual, plans, preview, runbook

MARKUP = "[/] [b]x[/b] [@click=app.quit]y[/] array[0] [red"
CONTROLS = "a\x1b]52;c;cm0=\x07b\x1b[2J\x1b]0;t\x07\x9b31m\x9d0;x\x9c\x00\x08\u202ec\u200bd\x1bP+q\x1b\\e"
EVIL = f"{MARKUP} {CONTROLS}"


def evil_client() -> ScriptedClient:
    approval, manual = at_approval(), replace(at_manual(), id=43)
    bad = preview(1)
    bad = replace(bad, summary=EVIL, changes=(Change(action="destroy", target=EVIL, detail=EVIL),), unpredicted=(EVIL,))
    network = replace(
        approval.steps[0], title=EVIL, summary=EVIL, note=EVIL, shown=(EVIL,), undo=(EVIL,), outputs={EVIL: EVIL},
        preview=bad, kind=EVIL,
    )  # fmt: skip
    task = replace(approval.waiting[0], title=EVIL, question=EVIL, for_=(EVIL,), preview=bad)
    first = replace(
        approval, runbook=EVIL, title=EVIL, environment=EVIL, started_by=EVIL, params={"name": EVIL},
        steps=(network, *approval.steps[1:]), waiting=(task,),
    )  # fmt: skip
    asked = replace(
        manual.waiting[0], question=EVIL, checklist=(EVIL, EVIL), asks={EVIL: Field(help=EVIL, default=EVIL)}
    )
    client = with_everything(first, replace(manual, waiting=(asked,)))
    client.outputs[("network", 1, 2)] = [EVIL, "\x1b[31mred\x1b[0m " + EVIL] * 20
    book = runbook()
    summary = replace(book.summary, id="evil", title=EVIL, owner=EVIL, purpose=EVIL, environment=EVIL, tags=(EVIL,))
    client.runbooks = {"evil": replace(book, summary=summary, when_not=EVIL, warnings=(EVIL,), verdict=EVIL)}
    steps = tuple(replace(one, title=EVIL, shown=(EVIL,), undo=EVIL, when=EVIL, approval=(EVIL,)) for one in plans())
    client.plans = {"evil": steps}
    return client


def check(on: Driver) -> None:
    """Nothing drawn holds a character that a terminal could act on, and markup stands there as it was written."""
    text = on.text.replace("\n", "")
    bad = [char for char in text if ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F or char in "\u202e\u200b"]
    assert bad == [], on.text


async def literally(on: Driver, *more: str) -> None:
    await on.see("[/] [b]", *more)
    check(on)


def test_board_run_and_review() -> None:
    async def scene(on: Driver) -> None:
        await literally(on, "#42")
        await on.press("j", "enter")
        await literally(on, "Steps", "red")
        await on.press("x")
        await literally(on, "Actions")
        await on.press("escape", "enter")
        await literally(on, "Step ")
        for _ in range(4):
            await on.press("pagedown")
            check(on)
        await on.press("escape", "a")
        await literally(on, "Answers", "to destroy")
        for _ in range(3):
            await on.press("pagedown")
            check(on)
        await on.press("A")
        await on.question()
        check(on)

    play(evil_client(), scene)


def test_a_manual_step() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#43")
        await on.press("enter")
        await on.see("5 Qa")
        await on.press("a")
        await literally(on, "Checklist", "[ ] [/]")

    play(evil_client(), scene)


def test_runbooks_form_and_plan() -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        await on.press("n")
        await literally(on, "evil")
        await on.press("enter")
        await literally(on, "Parameters")
        await on.type("demo")
        await on.press("enter", "enter")
        await literally(on, "What will run")
        await on.press("G")
        check(on)

    play(evil_client(), scene)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_notices_and_errors(width: int) -> None:
    async def scene(on: Driver) -> None:
        await on.see("#42")
        on.client.push(Notice(notice=NoticeView(at="2026-05-01T03:15:00Z", to=(EVIL,), message=EVIL, run=42)))
        await literally(on, "run 42:")

    play(evil_client(), scene, size=(width, 24))


def test_a_paste_of_several_lines_is_no_command_and_controls_are_shown() -> None:
    from textual.events import Paste

    async def scene(on: Driver) -> None:
        await on.see("#42")
        await on.press("colon")
        await on.see("tab completes")
        on.app.screen.post_message(Paste("runs\nquit\n"))
        field = on.app.screen.query_one("#typed")
        field.post_message(Paste("runs\nquit\n"))
        await on.see("Several lines were pasted")
        field.post_message(Paste(f"x{CONTROLS}"))
        await on.see(":x")
        check(on)

    play(evil_client(), scene)
