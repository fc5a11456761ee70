"""Making a ready step ready to run: its files laid out, its templates rendered, its kind asked to pin the work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from console.catalog.expressions import CannotRender, evaluate_condition
from console.catalog.names import names as names_of
from console.catalog.pin import PinnedFile, lay_out
from console.catalog.prepare import prepare_step
from console.catalog.registry import Registry
from console.config import Home
from console.engine import commands as c
from console.engine.due import Prepare
from console.engine.prepared import Prepared
from console.engine.run import Run
from console.engine.runbook import Step
from console.errors import ConsoleError
from console.journal import Reader
from console.server.clock import now_ms
from console.server.places import files_directory, place_of
from console.server.turns import SERVER, fresh_id
from console.steps.kind import CannotPrepare

log = logging.getLogger(__name__)
EXECUTABLE = "application/octet-stream; executable"
PLAIN = "application/octet-stream"


class Rendering:
    """Renders steps for the turn. What a step cannot be rendered for becomes its failure, never an exception."""

    def __init__(self, home: Home, reader: Reader, registry: Registry) -> None:
        self._home = home
        self._reader = reader
        self.registry = registry
        self._offered: dict[int, Mapping[str, PinnedFile]] = {}
        self._laid_out: set[int] = set()

    def offer(self, run: int, files: Mapping[str, PinnedFile]) -> None:
        """The pinned files of a run that is about to start, before the journal holds them."""
        self._offered = {run: files}

    async def __call__(self, run: Run, wanted: Prepare) -> c.StepRendered:
        """The report that the engine waits for."""
        step = run.definition_of(wanted.path)
        prepared: Prepared | None = None
        skip = error = None
        try:
            self._check_plugin(run, step)
            names = names_for(run, self._home)
            if step.when is not None and not evaluate_condition(step.when, names):
                skip = step.when
            else:
                prepared = await asyncio.to_thread(self._prepare, run, wanted, step, names)
        except (CannotPrepare, CannotRender, ConsoleError, OSError) as problem:
            error = f"{step.id} could not be made ready: {problem}"
        except Exception as problem:
            # The turn holds the end of the step before, which must be recorded whatever fails here.
            log.exception("run %d, step %s", run.number, wanted.path)
            error = f"{step.id} could not be made ready: {type(problem).__name__}: {str(problem)[:300]}"
        return c.StepRendered(
            id=fresh_id(),
            who=SERVER,
            path=wanted.path,
            visit=wanted.visit,
            prepared=prepared,
            skip=skip,
            error=error,
        )

    def _prepare(self, run: Run, wanted: Prepare, step: Step, names: dict[str, Any]) -> Prepared:
        self.lay_out(run)
        place = place_of(self._home, run, wanted.path, wanted.visit)
        requester = run.started_by
        return prepare_step(step, self.registry, names, place, now=now_ms(), requester=requester, path=wanted.path)

    def lay_out(self, run: Run) -> None:
        """Write the run's pinned files out; those that lie there from before this server are checked, and mended."""
        if run.number in self._laid_out:
            return
        target = files_directory(self._home, run.number)
        files = dict(self._offered.pop(run.number, {})) or self._pinned(run)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lay_out(files, target)
        self._laid_out.add(run.number)

    def _pinned(self, run: Run) -> dict[str, PinnedFile]:
        files: dict[str, PinnedFile] = {}
        for name, digest in run.files.items():
            found = self._reader.definition(digest)
            if found is None:
                raise CannotPrepare(f"the journal does not hold the pinned file {name}")
            files[name] = PinnedFile(digest=digest, data=found.body, executable=found.media == EXECUTABLE)
        return files

    def _check_plugin(self, run: Run, step: Step) -> None:
        """A plugin whose code changed under the run is said once; a retry goes on with the new code."""
        plugin = self.registry.plugin_of(step.kind)
        pinned = run.plugins.get(plugin.name) if plugin is not None else None
        if plugin is None or pinned is None or pinned == plugin.digest:
            return
        change = f"{plugin.name} {plugin.digest[:12]}"
        if self._was_told(run, change):
            return
        raise CannotPrepare(
            f"the plugin {plugin.name} changed since the run started (now {change}); answer retry to go on with the"
            " changed one"
        )

    def _was_told(self, run: Run, change: str) -> bool:
        """Whether the run's own record says so already; it survives what this process remembers."""
        wanted = change.encode()
        return any(b'"preparation_failed"' in body and wanted in body for body in self._reader.bodies(run.stream))


class _Steps(Mapping[str, Mapping[str, Any]]):
    """The steps that the run has come to, looked up when an expression names one."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __getitem__(self, path: str) -> Mapping[str, Any]:
        step = self._run.steps[path]
        visit = step.now
        if visit is None:
            raise KeyError(path)
        return {
            "outputs": visit.outputs,
            "answers": visit.answers,
            "outcome": visit.outcome.value if visit.outcome else None,
            "state": step.state.value,
        }

    def __iter__(self) -> Iterator[str]:
        return (path for path, step in self._run.steps.items() if step.now is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def names_for(run: Run, home: Home) -> dict[str, Any]:
    """What the expressions of a run may name now."""
    about = {
        "number": run.number,
        "runbook": run.runbook.id,
        "home": str(home.root),
        "started_by": run.started_by,
        "environment": run.environment,
    }
    return names_of(run.parameters, _Steps(run), about, run.started_by)
