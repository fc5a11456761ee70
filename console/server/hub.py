"""Who is told of what: clients that watch a run or all of them."""

from __future__ import annotations

from collections.abc import Callable

from console.protocol import AnyPush

Listener = Callable[[AnyPush], None]


class Hub:
    """Passes pushes to the clients that asked for them. A listener must not block or raise."""

    def __init__(self) -> None:
        self._listeners: dict[Listener, set[int | None]] = {}

    def watch(self, listener: Listener, run: int | None) -> None:
        """Tell this listener of one run, or of all with None."""
        self._listeners.setdefault(listener, set()).add(run)

    def forget(self, listener: Listener) -> None:
        """Tell this listener nothing more."""
        self._listeners.pop(listener, None)

    def tell(self, run: int, push: AnyPush) -> None:
        """Tell all who watch that run."""
        for listener, wanted in list(self._listeners.items()):
            if None in wanted or run in wanted:
                listener(push)

    def tell_all(self, push: AnyPush) -> None:
        """Tell every client that watches anything."""
        for listener in list(self._listeners):
            listener(push)
