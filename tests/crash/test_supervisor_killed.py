"""The supervisor of an apply killed, with all under it or alone: in doubt, and a person says what became of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from console.client.connection import Client
from console.supervise import find_survivors, look
from tests.crash.job import Job, Place
from tests.server.lab import View, alive, refused, step_of, task_of, told, until

PORT = "terraform_data.port"
pytestmark = [pytest.mark.crash, pytest.mark.slow]


@pytest.fixture
def job() -> Iterator[Job]:
    """The main job; terraform comes to the second of two resources and is held there."""
    with Place() as (root, runtime):
        job = Job(root, runtime, {"review": "approve", "qa": "done"})
        job.standins.hold(PORT)
        yield job
        job.close()


def in_the_middle(job: Job) -> Client:
    """Start the job and wait until terraform is in the middle of its apply."""
    client = job.lab.client()
    job.lab.start(client, job.book, name="blue", place=str(job.place))
    until(lambda: f"terraform create {PORT} begin" in job.standins.effects(), saying="terraform is in its apply")
    return client


def attempt(job: Job, number: int = 2) -> Path:
    return job.lab.home.spool / "1" / f"network.v1.a{number}"


def kill_all(job: Job) -> None:
    """Kill the supervisor of the apply and everything under it, as when the host dies."""
    found = look(attempt(job))
    assert found.state == "running"
    assert found.supervisor is not None
    below = find_survivors(found.supervisor.attempt, found.supervisor)
    assert len(below) >= 2, "the driver and terraform were expected under the supervisor"
    kill_at_once(found.supervisor.supervisor.pid, *(one.pid for one in below))
    until(lambda: not any(alive(one.pid) for one in below), saying="they are gone")


def kill_at_once(*pids: int) -> None:
    """None of them gets to do anything about the death of another."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def in_doubt(job: Job, client: Client) -> View:
    view = job.lab.wait(client, 1, lambda view: task_of(view, "network", "in_doubt"), saying="the question about doubt")
    assert view.state == "in_doubt"
    assert step_of(view, "network").state == "in_doubt"
    task = task_of(view, "network")
    assert task is not None
    assert set(task.answers) == {"look_again", "done", "not_done", "partly"}
    return view


def facts(view: View) -> tuple[str, ...]:
    evidence = step_of(view, "network").evidence
    assert evidence is not None, told(view)
    return evidence.facts


def go_on(job: Job, client: Client) -> View:
    """Let terraform work again, and the job go to its end."""
    job.standins.release(PORT)
    job.lab.answer(client, 1, "review", "approve")
    job.lab.wait_task(client, 1, "qa")
    job.lab.answer(client, 1, "qa", "done", values={"version": "1.0"})
    return job.lab.wait_end(client, 1)


@pytest.mark.parametrize("server_dies_too", [False, True])
def test_it_is_in_doubt_and_looking_again_says_what_is_known(job: Job, server_dies_too: bool) -> None:
    client = in_the_middle(job)
    if server_dies_too:
        job.lab.kill_server()
    kill_all(job)
    first = facts(in_doubt(job, client))
    assert "None of its processes is left." in first
    assert any(fact.startswith("It had printed") for fact in first), first
    job.lab.answer(client, 1, "network", "look_again")
    view = job.lab.wait(
        client, 1, lambda view: task_of(view, "network") and len(step_of(view, "network").attempts) == 3
    )
    found = facts(view)
    assert f"started and not seen to end: {PORT}" in found
    assert set(first) <= set(found), "what was known before is still said"
    assert view.state == "in_doubt", told(view)
    assert step_of(view, "network").attempts[-1].purpose == "discover"


def test_done_goes_on_under_its_own_name(job: Job) -> None:
    client = in_the_middle(job)
    kill_all(job)
    in_doubt(job, client)
    missing = refused(lambda: job.lab.answer(client, 1, "network", "done"))
    assert "port" in missing.message
    job.lab.answer(client, 1, "network", "done", values={"port": "18080"})
    job.lab.wait_task(client, 1, "review")
    view = go_on(job, client)
    assert view.state == "succeeded"
    network = step_of(view, "network")
    assert (network.state, network.answered_by) == ("done_by_hand", "ana")
    assert network.rollback == "standing"
    assert job.standins.repeated() == {}
    job.lab.check_whole()


def test_not_done_may_be_tried_again_once_survivors_were_sought(job: Job) -> None:
    client = in_the_middle(job)
    kill_all(job)
    in_doubt(job, client)
    job.lab.answer(client, 1, "network", "not_done")
    task = job.lab.wait_task(client, 1, "network", "failed")
    assert "retry" in task.answers
    job.standins.release(PORT)
    job.lab.answer(client, 1, "network", "retry")
    job.lab.wait_task(client, 1, "review")
    view = go_on(job, client)
    assert view.state == "succeeded"
    assert step_of(view, "network").state == "succeeded"
    kinds = [event["type"] for event in job.lab.events(client, 1)]
    doubt, sought = kinds.index("attempt_in_doubt"), kinds.index("survivors_sought")
    assert doubt < sought < kinds.index("attempt_started", doubt)
    # The one resource whose end nobody saw, and no other, is made twice: a person said so.
    assert job.standins.repeated() == {f"terraform create {PORT} begin": 2}
    job.lab.check_whole()


def test_partly_is_rolled_back_with_what_was_made(job: Job) -> None:
    client = in_the_middle(job)
    kill_all(job)
    in_doubt(job, client)
    job.lab.answer(client, 1, "network", "partly")
    task = job.lab.wait_task(client, 1, "network", "failed")
    assert "rollback" in task.answers
    job.lab.answer(client, 1, "network", "rollback")
    undo = job.lab.wait_task(client, 1, "network", "rollback")
    assert undo.preview is not None
    assert (undo.preview.added, undo.preview.destroyed) == (0, 1)
    job.lab.answer(client, 1, "network", "undo")
    view = job.lab.wait_end(client, 1)
    assert view.state == "rolled_back", told(view)
    assert "terraform delete terraform_data.directory end" in job.standins.effects()
    assert state(job)["resources"] == []
    job.lab.check_whole()


def state(job: Job) -> dict[str, list[object]]:
    [file] = job.lab.home.root.glob("state/**/terraform.tfstate")
    found: dict[str, list[object]] = json.loads(file.read_text())
    return found


@pytest.mark.parametrize("answer", ["end_them", "look_again"])
def test_what_survived_is_shown_before_a_new_start(job: Job, answer: str) -> None:
    client = in_the_middle(job)
    found = look(attempt(job))
    assert found.supervisor is not None
    below = find_survivors(found.supervisor.attempt, found.supervisor)
    tool = [one for one in below if str(job.standins.terraform) in one.command]
    assert tool, below
    # Everything but terraform itself: it goes on by itself, and nobody watches it.
    kill_at_once(found.supervisor.supervisor.pid, *(one.pid for one in below if one not in tool))
    view = in_doubt(job, client)
    assert step_of(view, "network").evidence
    job.lab.answer(client, 1, "network", "not_done")
    job.lab.wait_task(client, 1, "network", "failed")
    job.lab.answer(client, 1, "network", "retry")
    task = job.lab.wait_task(client, 1, "network", "survivors")
    assert str(tool[0].pid) in task.question
    assert job.standins.repeated() == {}, "nothing was started beside the survivor"
    if answer == "look_again":
        job.standins.release(PORT)
        until(lambda: not any(alive(one.pid) for one in tool), saying="terraform ends by itself")
    job.lab.answer(client, 1, "network", answer)
    job.standins.release(PORT)
    job.lab.wait_task(client, 1, "review")
    assert not any(alive(one.pid) for one in tool)
    assert go_on(job, client).state == "succeeded"
    job.lab.check_whole()
