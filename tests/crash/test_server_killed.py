"""The server killed at every point of the main job, and the job taken up by the next server to the same end.

The points are enumerated by a run in which nothing dies; each then gets a home of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest

from console.errors import ServerUnreachable
from console.journal import open_reader
from tests.crash.job import Job, Place

APPROVED = {"review": "approve", "qa": "done"}
REJECTED = {"review": "reject"}
LATE = {"review": "approve", "qa": "not_done"}
PATHS = {"approved": APPROVED, "rejected": REJECTED, "late": LATE}
CHUNKS = 8


@cache
def undisturbed(path: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The story of the job when nobody dies, and the points that its server passed."""
    with Place() as (root, runtime):
        job = Job(root, runtime, PATHS[path])
        try:
            client = job.lab.client()
            view = job.drive(client)
            job.check(client, view)
            return job.story(client, view), tuple(job.points())
        finally:
            job.close()


def killed_at(path: str, *faults: str) -> None:
    """Run the job with servers dying at these points, one after another; it must come to the same end."""
    story, _ = undisturbed(path)
    with Place() as (root, runtime):
        job = Job(root, runtime, PATHS[path], CONSOLE_FAULT_AT=",".join(faults))
        try:
            client = job.lab.client()
            view = job.drive(client)
            # How often the output is looked at while it grows differs from one time to the next.
            if not faults[0].startswith("before_append"):
                assert job.kills() >= 1, "the server was not killed"
            assert job.story(client, view) == story
            job.check(client, view)
        except Exception as problem:
            problem.add_note(f"killed at {', '.join(faults)} ({path})\n{job.lab.log()[-3000:]}")
            raise
        finally:
            job.close()


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("path", ["approved", "rejected"])
def test_nothing_was_begun_that_the_journal_does_not_hold(path: str) -> None:
    _, points = undisturbed(path)
    for point in [point for point in points if point.startswith("before_commit")]:
        with Place() as (root, runtime):
            job = Job(root, runtime, PATHS[path], CONSOLE_FAULT_AT=point)
            try:
                job.lab.client().welcome  # noqa: B018  (it starts the server, the only one)
                job.lab.restarts = False
                with pytest.raises(ServerUnreachable):
                    job.drive(job.lab.client())
                begun = {path.name for path in job.lab.home.spool.glob("1/*")}
                assert begun <= recorded(job), f"killed at {point}: begun without an event"
            finally:
                job.close()


def recorded(job: Job) -> set[str]:
    """The directories of the attempts that the journal permits."""
    reader = open_reader(job.lab.home.root)
    try:
        bodies = [msgspec.json.decode(body) for body in reader.bodies("run/1")]
    finally:
        reader.close()
    permits = [body["data"] for body in bodies if body["type"] == "attempt_started"]
    return {f"{one['path']}.v{one['visit']}.a{one['attempt']}" for one in permits}


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("path", ["approved", "rejected"])
def test_the_job_ends_the_same_wherever_its_server_dies(path: str, chunk: int) -> None:
    _, points = undisturbed(path)
    assert len(points) > 40
    for point in points[chunk::CHUNKS]:
        killed_at(path, point)


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("point", ["after_spawn:8", "after_commit:10", "before_seal:9"])
def test_so_does_a_rollback_of_all_that_was_done(point: str) -> None:
    killed_at("late", point)


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize(
    "faults",
    [
        ("after_commit:1", "before_commit:1"),  # permitted and never started, said so, and that not recorded
        ("before_spawn:2", "after_commit:1", "after_spawn:1"),
        ("after_spawn:2", "before_seal:1"),  # adopted while terraform applies, and lost again at its end
        ("before_report:2", "before_report:1", "after_seal:1"),
        ("after_spawn:4", "before_append:1", "before_append:1"),
    ],
)
def test_so_it_does_when_the_next_servers_die_too(faults: tuple[str, ...]) -> None:
    killed_at("approved", *faults)
