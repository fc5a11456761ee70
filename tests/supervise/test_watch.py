"""Following an attempt from an event loop: fresh, adopted, without its socket, and when its supervisor dies."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from console.supervise import AttemptSpec, ControlError, Standing, Watch, look
from console.supervisor import layout
from tests.supervise.lab import Lab

pytestmark = pytest.mark.crash


class Told:
    """What a watch has told."""

    def __init__(self) -> None:
        self.figures: list[tuple[int, int]] = []
        self.changed = asyncio.Event()

    def __call__(self, size: int, lines: int) -> None:
        self.figures.append((size, lines))
        self.changed.set()

    async def at_least(self, size: int) -> None:
        async with asyncio.timeout(20):
            while not self.figures or self.figures[-1][0] < size:
                self.changed.clear()
                await self.changed.wait()


async def follow(spec: AttemptSpec, told: Told) -> Standing:
    async with asyncio.timeout(20):
        return await Watch(spec.directory, grew=told).run()


def test_it_tells_the_growth_and_returns_the_end(lab: Lab) -> None:
    async def scene() -> None:
        told = Told()
        spec = lab.start(sh="echo one; sleep 0.1; echo two; exit 3")
        standing = await follow(spec, told)
        assert standing.state == "finished"
        assert standing.exit is not None
        assert standing.exit.exit_code == 3
        assert told.figures[-1] == (8, 2)
        assert told.figures == sorted(set(told.figures))

    asyncio.run(scene())


def test_the_end_is_told_at_once(lab: Lab) -> None:
    """Not only when the directory is looked at again."""

    async def scene() -> None:
        told = Told()
        spec = lab.start(sh="read _; exit 3", pty=True)
        watch = Watch(spec.directory, grew=told, poll_seconds=30)
        running = asyncio.create_task(watch.run())
        await watch.type_input(b"\n")
        async with asyncio.timeout(10):
            assert (await running).state == "finished"

    asyncio.run(scene())


def test_an_attempt_that_has_ended_already_is_told_with_its_figures(lab: Lab) -> None:
    async def scene() -> None:
        told = Told()
        spec = lab.start(sh="echo one; echo two")
        lab.finish(spec)
        assert (await follow(spec, told)).state == "finished"
        assert told.figures == [(8, 2)]

    asyncio.run(scene())


def test_the_death_of_the_supervisor_is_told(lab: Lab) -> None:
    async def scene() -> None:
        told = Told()
        spec = lab.start(sh="echo one; sleep 60")
        watching = asyncio.create_task(follow(spec, told))
        await told.at_least(4)
        os.kill(lab.supervisor(spec).supervisor.pid, signal.SIGKILL)
        standing = await watching
        assert standing.state == "lost"
        assert standing.evidence is not None
        assert standing.evidence.last_lines == ["one"]

    asyncio.run(scene())


def test_without_the_socket_the_directory_tells_everything(lab: Lab) -> None:
    async def scene() -> None:
        told = Told()
        spec = lab.start(sh="echo one; read _ < /dev/tty; echo two; exit 4")
        lab.wait_for_output(spec, b"one")
        control = Path(spec.directory) / layout.CONTROL
        control.rename(control.with_name("hidden"))
        watch = Watch(spec.directory, grew=told, poll_seconds=0.02)
        running = asyncio.create_task(watch.run())
        await told.at_least(4)
        assert told.figures[0] == (4, 1)
        control.with_name("hidden").rename(control)
        # It has come back by itself: what is typed arrives.
        await watch.type_input(b"\n")
        standing = await running
        assert standing.exit is not None
        assert standing.exit.exit_code == 4
        assert told.figures[-1][0] == standing.exit.output_bytes

    asyncio.run(scene())


def test_all_that_can_be_asked(lab: Lab) -> None:
    async def scene() -> None:
        told = Told()
        script = "trap 'stty size' WINCH; trap 'echo usr' USR1; echo ready; while :; do sleep 0.02; done"
        spec = lab.start(sh=script, pty=True)
        lab.wait_for_output(spec, b"ready")
        watch = Watch(spec.directory, grew=told)
        running = asyncio.create_task(watch.run())
        status = await watch.status()
        assert (status["attempt"], status["stopping"]) == (spec.attempt, None)
        await asyncio.gather(watch.resize(100, 30), watch.signal("SIGUSR1"))
        with pytest.raises(ControlError, match="not a signal"):
            await watch.signal("SIGNONSENSE")
        while not {b"30 100", b"usr"} <= set(lab.output(spec).splitlines()):
            await asyncio.sleep(0.005)
        await watch.cancel()
        with suppress(ControlError):  # it may have ended by now
            await watch.kill()
        standing = await running
        assert standing.exit is not None
        assert standing.exit.ending == "cancelled"
        with pytest.raises(ControlError, match="cannot be reached"):
            await asyncio.wait_for(watch.cancel(), 10)

    asyncio.run(scene())


def test_a_supervisor_that_hangs_is_reported_and_followed_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        spec = lab.start(sh="sleep 60")
        supervisor = lab.supervisor(spec).supervisor.pid
        watch = Watch(spec.directory, grew=Told())
        running = asyncio.create_task(watch.run())
        await watch.status()
        os.kill(supervisor, signal.SIGSTOP)
        with pytest.raises(ControlError, match="does not answer"):
            await watch._ask({"do": "status"}, timeout_seconds=0.2)
        os.kill(supervisor, signal.SIGCONT)
        await watch.kill()
        assert (await running).state == "finished"

    asyncio.run(scene())


def test_a_cancelled_watch_closes_its_connection_and_the_attempt_goes_on(lab: Lab) -> None:
    async def scene() -> None:
        spec = lab.start(sh="sleep 60")
        watch = Watch(spec.directory, grew=Told())
        running = asyncio.create_task(watch.run())
        await watch.status()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert look(spec.directory).state == "running"
        assert lab.ask(spec, "status")["ended"] is False

    asyncio.run(scene())


def test_many_attempts_at_once(lab: Lab) -> None:
    async def scene() -> None:
        specs = [lab.start(sh=f"seq 1 500; exit {number}") for number in range(20)]
        ends = await asyncio.gather(*(follow(spec, Told()) for spec in specs))
        assert [end.exit and end.exit.exit_code for end in ends] == list(range(20))

    asyncio.run(scene())
