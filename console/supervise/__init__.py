"""The server's side of supervision: start an attempt, follow it, act on it, and learn what became of it.

One attempt is one directory (`console/supervisor/layout.py` says what lies in it) and one supervisor process. The
directory alone answers every question here, so that a server that was killed asks it and knows.

Start
    AttemptSpec(*, attempt, directory, argv, env, cwd="/", stdin=None, pty=False, terminal=True,
                hold_pipes=False, window=(80, 24), timeout_ms=None, stop_signals=("SIGINT", "SIGTERM"), grace_ms=10_000,
                drain_ms=300, redact=(), ignore_signals=(), umask=0o022, output_limit=None)
        Everything a supervisor is told. `env` is complete; the attempt's marker is added to it.
    async spawn(spec, *, patience_seconds=30.0) -> Literal["started", "already"]
    spawn_blocking(spec, *, patience_seconds=30.0) -> the same
        Returns when the program runs (or was found not to exist: that is an ended attempt, exit code 127).
        "already": the attempt's directory exists, so it was started or declared never started before.
        Raises CouldNotStart (nothing has run, for certain) or StartUnclear (no answer: `settle` decides).

Learn
    look(directory, attempt=None) -> Standing       reads, changes nothing
    settle(directory, attempt=None) -> Standing     for recovery: as look, and what is not running can never start later
        Standing: state ("running" | "finished" | "lost" | "never_started"), exit (ExitRecord | None),
        supervisor (SupervisorRecord | None), evidence (Evidence | None; for a lost one), problems (list of str).
    ExitRecord: version, exit_code, signal, ending ("exited" | "timed_out" | "cancelled" | "not_started"),
        started_at, ended_at (ms, UTC), elapsed_ms, output_bytes, output_lines, output_sha256, lost_bytes,
        leftovers (list of Leftover: pid, start, command), stopped_by (list of signal names), error.
    Evidence: problems, last_output_at, output_bytes, last_lines, boot ("same" | "changed" | "unknown"), survivors.

Output
    output_size(directory) -> int
    read_output(directory, offset, limit) -> bytes
    read_pieces(directory, offset, limit) -> list[Piece]   Piece: offset, at (ms, UTC), stream, data
        stream: 0 the supervisor's own words, 1 stdout, 2 stderr, 3 terminal.

Follow and act (asyncio)
    Watch(directory, *, grew: Callable[[int, int], None], poll_seconds=1.0)
        await run() -> Standing         calls grew(bytes, lines); returns once the attempt no longer runs
        await type_input(data, *, secret=False) / resize(cols, rows) / cancel() / kill() / signal(name) / status()
        Raises ControlError when the supervisor refuses or is not there.
    ask(directory, request, *, timeout_seconds=5.0) -> dict    one request, blocking, without a Watch

Survivors (before an attempt is started again)
    find_survivors(attempt, supervisor=None) -> list[Survivor]
        Survivor: pid, start, command, age_seconds, found_by ("marker" | "session").
    end_survivors(survivors, *, grace_seconds=5.0) -> list[Survivor]   those that are still there
"""

from __future__ import annotations

from console.supervise.ask import ask
from console.supervise.errors import ControlError, CouldNotStart, StartUnclear, SuperviseError
from console.supervise.evidence import Evidence
from console.supervise.output import Piece, output_size, read_output, read_pieces
from console.supervise.probe import Standing, look, settle
from console.supervise.records import ExitRecord, Identity, Leftover, SupervisorRecord
from console.supervise.spawn import spawn, spawn_blocking
from console.supervise.spec import AttemptSpec
from console.supervise.survivors import Survivor, end_survivors, find_survivors
from console.supervise.watch import Watch

__all__ = [
    "AttemptSpec",
    "ControlError",
    "CouldNotStart",
    "Evidence",
    "ExitRecord",
    "Identity",
    "Leftover",
    "Piece",
    "Standing",
    "StartUnclear",
    "SuperviseError",
    "SupervisorRecord",
    "Survivor",
    "Watch",
    "ask",
    "end_survivors",
    "find_survivors",
    "look",
    "output_size",
    "read_output",
    "read_pieces",
    "settle",
    "spawn",
    "spawn_blocking",
]
