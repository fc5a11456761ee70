"""What clients ask of runs: each command counts once, whoever repeats it, whenever."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from console import protocol as p
from console.client.conversation import greeting
from console.engine.words import Answer
from console.errors import ConsoleError, NotFoundError, RefusedError
from tests.server.lab import Lab, fresh, refused, shell, step_of, task_of, until

ROUNDS = 100


def manual(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "manual": "Do it", **more}


def test_a_run_goes_from_start_to_end(lab: Lab) -> None:
    book = lab.runbook(
        "t", shell("one", "echo hello; echo x=5 >> $CONSOLE_OUTPUT"), {"id": "ok", "approval": "Fine?"}, manual("two")
    )
    ana = lab.client("ana")
    run = lab.start(ana, book)
    assert lab.wait_task(ana, run, "ok").answers == (Answer.APPROVE, Answer.REJECT)
    assert lab.output(ana, run, "one") == "hello"
    lab.answer(ana, run, "ok", "approve", note="looks right")
    lab.wait_task(ana, run, "two")
    lab.answer(ana, run, "two", "done")
    view = lab.wait_end(ana, run)
    assert view.state == "succeeded"
    assert step_of(view, "one").outputs == {"x": "5"}
    assert step_of(view, "ok").note == "looks right"
    lab.check_whole()


def test_a_repeated_command_does_nothing_twice_also_across_a_restart(lab: Lab) -> None:
    book = lab.runbook("t", {"id": "ok", "approval": {"ask": "Fine?", "quorum": 2}}, shell("one", "echo once"))
    ana, ben = lab.client("ana"), lab.client("ben")
    first = ana.ask(p.StartRun(runbook=book, parameters={}, command="s"))
    again = ana.ask(p.StartRun(runbook=book, parameters={}, command="s"))
    assert first.id == again.id == 1
    lab.wait_task(ana, 1, "ok")
    done = lab.answer(ana, 1, "ok", "approve", command="a")
    repeated = lab.answer(ana, 1, "ok", "approve", command="a")
    assert (done.repeated, repeated.repeated, repeated.seq) == (False, True, done.seq)
    lab.kill_server()
    after = lab.answer(ana, 1, "ok", "approve", command="a")
    assert (after.repeated, after.seq) == (True, done.seq)
    assert ana.ask(p.StartRun(runbook=book, parameters={}, command="s")).id == 1
    lab.answer(ben, 1, "ok", "approve", command="b")
    lab.wait_end(ana, 1)
    assert [one.id for one in ana.ask(p.ListRuns())] == [1]
    answers = [event for event in lab.events(ana, 1) if event["type"] == "task_answered"]
    assert [event["data"]["by"] for event in answers] == ["ana", "ben"]


def test_the_same_command_from_many_at_once_counts_once(lab: Lab) -> None:
    book = lab.runbook("t", manual("one"), manual("two"))
    clients = [lab.client("ana") for _ in range(8)]
    clients[0].welcome  # noqa: B018  (it starts the server)
    with ThreadPoolExecutor(8) as pool:
        start = p.StartRun(runbook=book, parameters={}, command="s")
        started = list(pool.map(lambda client: client.ask(start), clients))
        assert {one.id for one in started} == {1}
        ask = p.AnswerStep(run=1, step="one", answer=Answer.DONE, command="a")
        lab.wait_task(clients[0], 1, "one")
        done = list(pool.map(lambda client: client.ask(ask), clients))
    assert sorted(one.repeated for one in done) == [False] + [True] * 7
    assert len({one.seq for one in done}) == 1


def test_of_two_who_answer_one_wins_and_the_other_is_told_who_and_what(lab: Lab) -> None:
    book = lab.runbook("t", *(manual(f"s{number}", then={"failed": "next"}) for number in range(ROUNDS)))
    ana, ben, cleo = lab.client("ana"), lab.client("ben"), lab.client("cleo")
    run = lab.start(cleo, book)
    lab.wait_task(cleo, run, "s0")
    told: dict[str, ConsoleError | p.Done] = {}
    gate = threading.Barrier(2)

    def answer(client: Any, name: str, step: str, word: str) -> None:
        gate.wait()
        try:
            told[name] = lab.answer(client, run, step, word, note="so it is")
        except ConsoleError as error:
            told[name] = error

    wins = {"ana": 0, "ben": 0}
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            step = f"s{number}"
            one = pool.submit(answer, ana, "ana", step, "done")
            two = pool.submit(answer, ben, "ben", step, "not_done")
            one.result()
            two.result()
            winner, loser = ("ana", "ben") if isinstance(told["ana"], p.Done) else ("ben", "ana")
            assert isinstance(told[winner], p.Done), told
            error = told[loser]
            assert isinstance(error, RefusedError), told
            word = "done" if winner == "ana" else "not_done"
            assert f"{winner} answered first: {word}" in error.message
            wins[winner] += 1
    view = lab.wait_end(cleo, run)
    assert {"ana": "succeeded", "ben": "failed"}.keys() == wins.keys()
    assert sum(one.outcome == "succeeded" for one in view.steps) == wins["ana"]
    assert sum(one.outcome == "failed" for one in view.steps) == wins["ben"]


def test_an_answer_to_what_is_no_longer_shown_is_refused(lab: Lab) -> None:
    book = lab.runbook("t", {"id": "ok", "approval": {"ask": "Fine?", "quorum": 2}})
    ana, ben = lab.client("ana"), lab.client("ben")
    run = lab.start(ana, book)
    seen = lab.wait_task(ana, run, "ok").version
    lab.answer(ana, run, "ok", "approve", version=seen)
    error = refused(lambda: lab.answer(ben, run, "ok", "approve", version=seen))
    assert isinstance(error, RefusedError)
    assert "changed since you looked" in error.message
    now = lab.wait_task(ben, run, "ok")
    assert [vote.by for vote in now.votes] == ["ana"]
    lab.answer(ben, run, "ok", "approve", version=now.version)
    assert lab.wait_end(ben, run).state == "succeeded"


def test_a_quorum_counts_names(lab: Lab) -> None:
    book = lab.runbook("t", {"id": "ok", "approval": {"ask": "Fine?", "quorum": 2}})
    ana, other_ana, ben = lab.client("ana"), lab.client("ana"), lab.client("ben")
    run = lab.start(ana, book)
    lab.wait_task(ana, run, "ok")
    lab.answer(ana, run, "ok", "approve")
    error = refused(lambda: lab.answer(other_ana, run, "ok", "approve"))
    assert "ana approved already" in error.message
    view = ana.ask(p.ShowRun(run=run))
    assert view.state == "waiting"
    lab.answer(ben, run, "ok", "approve")
    assert lab.wait_end(ana, run).state == "succeeded"
    votes = [event["data"] for event in lab.events(ana, run) if event["type"] == "task_answered"]
    assert [(one["by"], one.get("self_approved", False)) for one in votes] == [("ana", True), ("ben", False)]


@pytest.mark.parametrize(
    "ask",
    [
        p.ShowRun(run=99),
        p.ReadOutput(run=99, step="x"),
        p.ReadEvents(run=99),
        p.AnswerStep(run=99, step="x", answer=Answer.DONE, command="c"),
        p.DoRun(run=99, verb="pause", command="c"),
        p.AnswerStep(run=1, step="nowhere", answer=Answer.DONE, command="d"),
        p.DoRun(run=1, verb="skip", step="nowhere", reason="x", command="d"),
        p.StartRun(runbook="nowhere", parameters={}, command="e"),
        p.SendInput(run=1, step="one", text="x"),
    ],
)
def test_what_is_not_there_is_said(lab: Lab, ask: p.Ask[Any]) -> None:
    ana = lab.client()
    lab.start(ana, lab.runbook("t", manual("one")))
    error = refused(lambda: ana.ask(ask))
    assert isinstance(error, NotFoundError)
    assert error.exit_code == NotFoundError.exit_code


def test_a_client_that_leaves_right_after_its_commands_leaves_whole_runs(lab: Lab) -> None:
    """Several runs at once, so that their turns are on their way to the disk when the client goes."""
    steps = [manual(f"s{number}") for number in range(12)]
    ana = lab.client("ana")
    book = lab.runbook("t", *steps)
    runs = [lab.start(ana, book) for _ in range(8)]
    for number in range(12):
        for run in runs:
            lab.wait_task(ana, run, f"s{number}")
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(lab.socket))
            hasty.sendall(greeting("ben"))
            assert hasty.recv(65_536), "it was greeted"
            asks = [p.AnswerStep(run=run, step=f"s{number}", answer=Answer.DONE, command=fresh()) for run in runs]
            hasty.sendall(b"".join(p.frame(p.Request(id=run, ask=ask)) for run, ask in zip(runs, asks, strict=True)))
    for run in runs:
        assert lab.wait_end(ana, run).state == "succeeded"
    lab.check_whole()


def test_a_run_waits_for_nobody_who_is_gone(lab: Lab) -> None:
    ana = lab.client("ana")
    run = lab.start(ana, lab.runbook("t", shell("one", "sleep 0.2; echo done"), manual("two")))
    ana.close()
    ben = lab.client("ben")
    lab.wait_task(ben, run, "two")
    assert lab.output(ben, run, "one") == "done"
    view = ben.ask(p.ShowRun(run=run))
    assert task_of(view, "two")
    until(lambda: ben.ask(p.ServerStatus()).clients == 1, saying="only one client is left")
