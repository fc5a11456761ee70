"""The parts of a running server, and how they hang together."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from console.catalog.registry import Registry, load_registry
from console.config import Home, search_path
from console.engine.commands import StepRendered
from console.engine.due import Prepare
from console.engine.run import Run
from console.errors import JournalError
from console.journal import (
    Committer,
    OutputCommitter,
    OutputReader,
    Reader,
    open_output,
    open_output_reader,
    open_reader,
    open_writer,
)
from console.journal.records import Turn
from console.protocol import Troubled
from console.server.acting import Acting
from console.server.clock import now_ms
from console.server.hub import Hub
from console.server.runs import Runs
from console.server.turns import Turns

if TYPE_CHECKING:
    from console.catalog.finding import Catalogue
    from console.server.rendering import Rendering

log = logging.getLogger(__name__)

TROUBLE_SECONDS = 0.5


@dataclass(slots=True)
class Host:
    """A running server's parts; `marker` names the home in the environment of every step."""

    home: Home
    registry: Registry
    committer: Committer
    reader: Reader
    outputs: OutputCommitter
    output_reader: OutputReader
    runs: Runs
    hub: Hub
    turns: Turns
    acting: Acting
    marker: str
    started_at: int
    _catalogue: Catalogue | None = None
    _rendering: Rendering | None = None

    # YAML and templates take long to import, and a server that comes back has steps to see to first.

    @property
    def catalogue(self) -> Catalogue:
        """The runbooks on the search path."""
        if self._catalogue is None:
            from console.catalog.finding import Catalogue

            self._catalogue = Catalogue(self.registry.roots, self.registry)
        return self._catalogue

    @property
    def rendering(self) -> Rendering:
        """What makes steps ready."""
        if self._rendering is None:
            from console.server.rendering import Rendering

            self._rendering = Rendering(self.home, self.reader, self.registry)
        return self._rendering

    @property
    def broken(self) -> str | None:
        """Why nothing more can be recorded, or None while all is well."""
        failed = self.committer.failed
        return failed.message if failed is not None else None

    @property
    def trouble(self) -> str | None:
        """One sentence for everybody who looks, while nothing more can be recorded."""
        if self.broken is None:
            return None
        return (
            f"Nothing more is recorded: {self.broken} What you see may be old; what runs goes on. "
            "Make room on the disk, then: console server stop, and look again."
        )

    async def tell_trouble(self) -> None:
        """Tell all who watch when the journal takes nothing more; runs until cancelled."""
        while self.trouble is None:
            await asyncio.sleep(TROUBLE_SECONDS)
        self.hub.tell_all(Troubled(trouble=self.trouble))

    async def begin(self) -> None:
        """Restore what had not ended, look for what was under way, and go on."""
        self.runs.load_live()
        gc.freeze()  # restored runs are long-lived: looking through them for garbage would cost more than it frees
        gc.enable()
        for run in self.runs.live():
            self.acting.adopt(run)
        for run in self.runs.live():
            await self._go_on(run)

    async def _go_on(self, run: Run) -> None:
        """Take a restored run further; one that fails to is said, and stops no other."""
        try:
            await self.turns.nudge(run.number)
            if run.lock is not None and run.queued_behind is not None:
                await self.turns.admit_next(run.lock)
        except JournalError:
            raise
        except Exception:
            log.exception("run %d cannot go on", run.number)
            self.acting.remember(f"run {run.number} cannot go on: the server failed unexpectedly")

    async def aclose(self) -> None:
        """Let go of everything in order; what runs goes on under its supervisors."""
        self.acting.stop()
        await self.turns.aclose()
        await self.acting.aclose()
        await self.turns.aclose()
        await self._keep_snapshots()
        # The writer comes last: only who closes last empties the log, and a log that is left looks like a crash.
        self.reader.close()
        self.output_reader.close()
        await self.outputs.aclose()
        await self.committer.aclose()

    async def _keep_snapshots(self) -> None:
        if self.committer.failed is not None:
            return
        snapshots = [self.runs.snapshot(run) for run in self.runs.live()]
        if snapshots:
            await self.committer.commit(Turn(snapshots=snapshots))


def open_host(home: Home) -> Host:
    """Open the home's journal and put the parts together; raises ConsoleError. Must be called in the event loop."""
    asyncio.get_running_loop()
    home.spool.mkdir(mode=0o700, exist_ok=True)
    writer = open_writer(home.root)
    marker = writer.journal[:12]
    outputs = OutputCommitter(open_output(writer))
    committer = Committer(writer)
    reader = open_reader(home.root)
    registry = load_registry(search_path(home))
    hub = Hub()
    runs = Runs(reader)

    async def render(run: Run, wanted: Prepare) -> StepRendered:
        return await host.rendering(run, wanted)

    turns = Turns(runs, reader, committer, hub, render)
    acting = Acting(home, registry, runs, turns, outputs, hub, marker)
    turns.act = acting.act
    host = Host(
        home=home,
        registry=registry,
        committer=committer,
        reader=reader,
        outputs=outputs,
        output_reader=open_output_reader(home.root),
        runs=runs,
        hub=hub,
        turns=turns,
        acting=acting,
        marker=marker,
        started_at=now_ms(),
    )
    return host
