"""The life of a supervisor around its attempt: the spec, the permit, the announcement, the last words."""

from __future__ import annotations

import os

from console.supervisor import kernel, layout, procs, signals
from console.supervisor.attempt import Attempt
from console.supervisor.permit import AlreadyStarted, Reserved, make_durable, take_permit
from console.supervisor.spec import Spec, read_spec

_READ_BYTES = 1 << 20


def main() -> int:
    """Supervise the attempt whose spec is on the standard input; returns this process's exit code."""
    os.umask(0o077)
    kernel.hide_memory()
    wake = signals.arrive_in_pipe()
    try:
        spec = read_spec(_read_all(0))
    except ValueError as error:
        _say(f"error the spec cannot be used: {error}")
        return layout.EXIT_REFUSED
    try:
        lock = take_permit(spec.directory)
    except AlreadyStarted:
        _say("already")
        return layout.EXIT_ALREADY
    except OSError as error:
        _say(f"error cannot create the attempt's directory {spec.directory}: {error.strerror}")
        return layout.EXIT_REFUSED
    code = _supervise(spec, wake)
    os.close(lock)
    return code


def _supervise(spec: Spec, wake: int) -> int:
    try:
        record = Reserved(layout.EXIT)
        introduction = Reserved(layout.SUPERVISOR)
        attempt = Attempt(spec, record, wake)
        make_durable(spec.directory)
    except OSError as error:
        _say(f"error cannot prepare the attempt's directory {spec.directory}: {error.strerror}")
        return layout.EXIT_REFUSED
    try:
        kernel.adopt_orphans()
        attempt.start(_confirm)
    except OSError as error:
        attempt.give_up(f"nothing could be started: {error.strerror}")
        _confirm()
        return layout.EXIT_FAILED
    try:
        introduction.publish(_introduction(spec, attempt))
        attempt.run()
    except BaseException:  # noqa: BLE001  (whatever it is, it is written down; the attempt is in doubt)
        _log_failure()
        return layout.EXIT_FAILED
    return layout.EXIT_SUPERVISED


def _introduction(spec: Spec, attempt: Attempt) -> dict[str, object]:
    return {
        "version": layout.VERSION,
        "attempt": spec.attempt,
        "supervisor": _who(os.getpid()),
        "child": _who(attempt.child_pid),
        "boot_id": procs.boot_id(),
        "started_at": attempt.started_at,
        "command": procs.printable(spec.argv[0], 200),
    }


def _who(pid: int) -> dict[str, object]:
    found = procs.process(pid)
    return {"pid": pid, "start": found.start if found else 0}


def _read_all(descriptor: int) -> bytes:
    pieces = []
    while piece := os.read(descriptor, _READ_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


def _say(line: str) -> None:
    try:
        os.write(1, line.encode("utf-8", "replace").replace(b"\n", b" ") + b"\n")
    except OSError:
        # The server has gone; the directory tells the next one.
        return


def _confirm() -> None:
    """Say that the attempt has begun, and let go of the descriptors that came from the server."""
    _say("started")
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)
    os.close(nothing)


def _log_failure() -> None:
    import traceback

    with open(layout.LOG, "a", encoding="utf-8") as file:
        traceback.print_exc(file=file)
