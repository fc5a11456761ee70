"""Following a running attempt from the event loop, whoever started it, and acting on it."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from console.supervise.address import control_address
from console.supervise.ask import answer_in, message_in, unreachable
from console.supervise.output import output_size, read_output
from console.supervise.probe import Standing, look
from console.supervise.spawn import reap

_LONGEST_LINE = 1 << 20
_COUNT_BYTES = 1 << 20


class Watch:
    """Follows one attempt: by its control socket, and by looking at its directory whenever that says nothing."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        grew: Callable[[int, int], None],
        poll_seconds: float = 1.0,
    ) -> None:
        """`grew(bytes, lines)` is called in the event loop, with figures that never shrink."""
        self._directory = os.fspath(directory)
        self._grew = grew
        self._poll_seconds = poll_seconds
        self._told = (0, 0)
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last_id = 0
        self._connected = asyncio.Event()

    async def run(self) -> Standing:
        """Follow the attempt until it no longer runs, and return how it stands then: finished, lost, never started.

        An attempt that is about to start counts as not running; call this after `spawn`, or after `look`.
        """
        try:
            while True:
                standing = await asyncio.to_thread(look, self._directory)
                if standing.state != "running":
                    self._tell_what_is_there(standing)
                    return standing
                await self._follow()
        finally:
            self._disconnect()
            # Nobody waits for a connection that will not come.
            self._connected.set()
            reap()

    async def type_input(self, data: bytes, *, secret: bool = False) -> None:
        """Type at the program's terminal. A `secret` is masked in the output from now on. Raises ControlError."""
        await self._ask({"do": "input", "data": base64.b64encode(data).decode("ascii"), "secret": secret})

    async def resize(self, cols: int, rows: int) -> None:
        """Set the terminal's window size. Raises ControlError."""
        await self._ask({"do": "window", "cols": cols, "rows": rows})

    async def cancel(self) -> None:
        """Ask for the attempt to be stopped; returns at once, the end is seen by `run`. Raises ControlError."""
        await self._ask({"do": "cancel"})

    async def kill(self) -> None:
        """Have everything the attempt started killed at once. Raises ControlError."""
        await self._ask({"do": "kill"})

    async def signal(self, name: str) -> None:
        """Send a signal such as "SIGUSR1" to the program's group. Raises ControlError."""
        await self._ask({"do": "signal", "name": name})

    async def status(self) -> dict[str, Any]:
        """What the supervisor says about itself. Raises ControlError."""
        return await self._ask({"do": "status"})

    # Following

    async def _follow(self) -> None:
        """Listen until the connection ends; without one, look at the output and wait a moment."""
        try:
            with control_address(self._directory) as address:
                reader, self._writer = await asyncio.open_unix_connection(address, limit=_LONGEST_LINE)
        except OSError:
            self._tell(*await asyncio.to_thread(self._count))
            await asyncio.sleep(self._poll_seconds)
            return
        self._connected.set()
        try:
            await self._listen(reader)
        finally:
            self._disconnect()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError, ValueError):
            while True:
                try:
                    # Not wait_for: it forgets that it was cancelled when a line comes at the same moment.
                    async with asyncio.timeout(self._poll_seconds):
                        line = await reader.readline()
                except TimeoutError:
                    # A supervisor that was killed while somebody else held its socket says nothing, ever.
                    if (await asyncio.to_thread(look, self._directory)).state != "running":
                        return
                    continue
                if not line:
                    return
                self._hear(message_in(line))

    def _hear(self, message: dict[str, Any]) -> None:
        size, lines = message.get("bytes"), message.get("lines")
        if "event" in message and isinstance(size, int) and isinstance(lines, int):
            self._tell(size, lines)
        if "ok" in message:
            waiting = self._answers.pop(message.get("id", 0), None)
            if waiting and not waiting.done():
                waiting.set_result(message)

    def _tell(self, size: int, lines: int) -> None:
        if size > self._told[0]:
            self._told = (size, lines)
            self._grew(size, lines)

    def _tell_what_is_there(self, standing: Standing) -> None:
        if standing.exit:
            self._tell(standing.exit.output_bytes, standing.exit.output_lines)
        else:
            self._tell(*self._count())

    def _count(self) -> tuple[int, int]:
        """The figures from the file itself: what came since the last ones is counted."""
        size, lines = self._told
        end = output_size(self._directory)
        with suppress(OSError):
            while size < end:
                data = read_output(self._directory, size, min(_COUNT_BYTES, end - size))
                if not data:
                    break
                size, lines = size + len(data), lines + data.count(b"\n")
        return size, lines

    # Acting

    async def _ask(self, request: dict[str, Any], timeout_seconds: float = 5.0) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._connected.wait()
                return answer_in(await self._exchange(request))
        except TimeoutError as error:
            raise unreachable(self._directory, "it does not answer") from error
        except OSError as error:
            raise unreachable(self._directory, str(error)) from error

    async def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        writer = self._writer
        if writer is None:
            raise ConnectionResetError("the connection has ended")
        self._last_id += 1
        number = self._last_id
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            writer.write(msgspec.json.encode({"id": number, **request}) + b"\n")
            await writer.drain()
            return await answer
        finally:
            self._answers.pop(number, None)

    def _disconnect(self) -> None:
        self._connected.clear()
        if self._writer:
            self._writer.close()
            self._writer = None
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the connection has ended"))
        self._answers.clear()
