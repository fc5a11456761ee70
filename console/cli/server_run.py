"""The door to the server: `console server run` serves in this process."""

from __future__ import annotations

import gc
import os
from contextlib import suppress

from console.client.faults import fault_of
from console.config import Home
from console.errors import ConsoleError


def serve_home(home: Home, report_to: int | None) -> int:
    """Serve a home until told to stop; returns the exit code.

    `report_to` is a pipe's descriptor: a client that started this process reads there why it could not serve.
    """
    if report_to is not None:
        os.set_inheritable(report_to, False)  # else every supervisor would hold the pipe open
    try:
        gc.disable()  # until the server has begun: nearly all that is made until then is kept
        from console.server.main import serve

        return serve(home)
    except ConsoleError as error:
        if report_to is not None:
            import msgspec

            with suppress(OSError):
                os.write(report_to, msgspec.json.encode(fault_of(error)))
        raise
