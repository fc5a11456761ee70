"""Descriptors and who handles what they bring."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # Called with the poll events that occurred.
    Handler = Callable[[int], None]


class Poller:
    """A poll set in which every descriptor has its handler."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Handler] = {}

    def watch(self, descriptor: int, events: int, handler: Handler) -> None:
        """Call the handler for these events, in place of what was asked for this descriptor before."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, events)

    def unwatch(self, descriptor: int) -> None:
        """Forget a descriptor; harmless if it is not watched. To be called before it is closed."""
        if self._handlers.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def watches(self, descriptor: int) -> bool:
        """Whether this descriptor is watched."""
        return descriptor in self._handlers

    def turn(self, seconds: float) -> None:
        """Wait at most so long for something to happen, and have it handled."""
        for descriptor, events in self._poll.poll(max(0.0, seconds) * 1000):
            handler = self._handlers.get(descriptor)
            if handler:
                handler(events)
