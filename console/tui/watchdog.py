"""Ends this process when its terminal is gone, whatever the event loop is stuck in. Runs do not notice."""

from __future__ import annotations

import os
import select
import threading

GONE = 129


def watch_terminal(descriptor: int) -> threading.Thread:
    """Watch a terminal in a thread of its own; at its hang-up the process ends at once with code 129."""
    thread = threading.Thread(target=_wait, args=(descriptor,), name="terminal watchdog", daemon=True)
    thread.start()
    return thread


def _wait(descriptor: int) -> None:
    poller = select.poll()
    poller.register(descriptor, 0)  # a hang-up and an error are told without being asked for
    while True:
        events = poller.poll()
        if any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in events):
            # No clean-up: writing to a terminal that is gone could block for ever.
            os._exit(GONE)
