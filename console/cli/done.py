"""What is printed after a command was taken."""

from __future__ import annotations

from collections.abc import Iterator

from console.cli.call import Call
from console.errors import EXIT_DONE
from console.protocol import Done


def show_done(call: Call, done: Done, what: str) -> int:
    """Print that a command was taken, and under which name; returns the exit code."""

    def lines() -> Iterator[str]:
        welcome = call.client.welcome
        asserted = " (asserted)" if welcome.asserted else ""
        repeated = "was recorded before, nothing was done twice" if done.repeated else "recorded"
        yield f"run {done.run} {what}: {repeated} for {welcome.name}{asserted}; the run is {done.state.value}"

    call.show(done, lines)
    return EXIT_DONE
