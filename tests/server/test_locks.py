"""`one_at_a_time`: of two runs with one key one works, and the other is refused or waits its turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from console import protocol as p
from console.client.connection import Client
from console.errors import ConsoleError, RefusedError
from tests.server.lab import Lab, fresh, refused, shell


@pytest.fixture
def book(lab: Lab) -> str:
    steps: tuple[dict[str, Any], ...] = ({"id": "one", "manual": "Do it"}, shell("two", "true"))
    return lab.runbook("t", *steps, parameters={"key": {"type": "string"}}, one_at_a_time="{{ params.key }}")


def start(client: Client, book: str, key: str, wait: bool = False) -> int:
    ask = p.StartRun(runbook=book, parameters={"key": key}, command=fresh(), wait_for_lock=wait)
    return client.ask(ask).id


def test_a_second_run_is_refused_or_waits(lab: Lab, book: str) -> None:
    ana = lab.client()
    first = start(ana, book, "blue")
    error = refused(lambda: start(ana, book, "blue"))
    assert isinstance(error, RefusedError)
    assert f"run {first} holds" in error.message
    assert error.mend
    assert "--wait" in error.mend
    other = start(ana, book, "green")
    assert ana.ask(p.ShowRun(run=other)).state == "waiting"
    second, third = start(ana, book, "blue", wait=True), start(ana, book, "blue", wait=True)
    view = ana.ask(p.ShowRun(run=second))
    assert (view.state, view.queued_behind) == ("queued", first)
    assert not view.steps[0].visit
    lab.answer(ana, first, "one", "done")
    lab.wait_task(ana, second, "one")
    assert ana.ask(p.ShowRun(run=third)).state == "queued"
    lab.do(ana, second, "cancel")
    lab.wait_task(ana, third, "one")
    lab.answer(ana, third, "one", "done")
    lab.wait_end(ana, third)
    lab.check_whole()


def test_of_many_that_start_at_once_one_has_the_key(lab: Lab, book: str) -> None:
    clients = [lab.client() for _ in range(6)]
    clients[0].welcome  # noqa: B018  (it starts the server)

    def begin(client: Client) -> int | None:
        try:
            return start(client, book, "blue")
        except ConsoleError:
            return None

    with ThreadPoolExecutor(6) as pool:
        started = [number for number in pool.map(begin, clients) if number]
    assert len(started) == 1


def test_a_rollback_takes_the_key_again_or_is_refused(lab: Lab) -> None:
    book = lab.runbook(
        "t",
        {"id": "one", "shell": "true", "rollback": {"shell": "true"}},
        {"id": "two", "manual": "Wait here"},
        parameters={"key": {"type": "string"}},
        one_at_a_time="{{ params.key }}",
    )
    ana = lab.client()
    first = start(ana, book, "blue")
    lab.wait_task(ana, first, "two")
    lab.answer(ana, first, "two", "done")
    lab.wait_end(ana, first)
    second = start(ana, book, "blue")
    error = refused(lambda: lab.do(ana, first, "rollback"))
    assert isinstance(error, RefusedError)
    assert f"run {second} holds" in error.message
    lab.wait_task(ana, second, "two")
    lab.do(ana, second, "cancel")
    lab.wait_end(ana, second)
    lab.do(ana, first, "rollback")
    assert "holds" in refused(lambda: start(ana, book, "blue")).message


@pytest.mark.parametrize("point", ["after_commit:3", "before_publish:3", "before_admit:1"])
def test_who_waits_is_admitted_though_the_server_died_in_between(lab: Lab, book: str, point: str) -> None:
    """The end of the first run gives the key back; the server dies before it can let the next one begin."""
    log = lab.root.parent / "faults.log"
    lab.environ |= {"CONSOLE_FAULT_LOG": str(log), "CONSOLE_FAULT_AT": point}
    book = lab.runbook("t", {"id": "one", "manual": "Do it"}, one_at_a_time="always")
    ana = lab.client()
    first = ana.ask(p.StartRun(runbook=book, parameters={}, command="f")).id
    second = ana.ask(p.StartRun(runbook=book, parameters={}, command="s", wait_for_lock=True)).id
    lab.wait_task(ana, first, "one")
    lab.answer(ana, first, "one", "done", command="a")
    lab.wait_task(ana, second, "one")
    assert "killed" in log.read_text().split()
    kinds = [event["type"] for event in lab.events(ana, second)]
    assert kinds.count("run_admitted") == 1
    lab.check_whole()
