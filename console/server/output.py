"""Copying an attempt's output from its spool into the home's output file, while it grows and at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from console.journal import OutputCommitter, OutputEnd, Piece
from console.server import faults
from console.supervise import ExitRecord, output_size, read_output, read_pieces

WINDOW = 512 * 1024
TAIL = 64 * 1024


class Copier:
    """Keeps the output file up with the spool. What came before a restart is compared, not doubled."""

    def __init__(self, outputs: OutputCommitter, name: str, directory: Path, grew: Callable[[int, int], None]) -> None:
        self._outputs = outputs
        self._name = name
        self._directory = directory
        self._grew = grew
        self._offset = 0
        self._woken = asyncio.Event()
        self._stopped = False
        self._woken.set()

    @property
    def copied(self) -> int:
        """How many bytes are in the home's output file, as far as this copier knows."""
        return self._offset

    def wake(self) -> None:
        """There is more to copy."""
        self._woken.set()

    def stop(self) -> None:
        """Copy no more after the present window; `finish` does the rest."""
        self._stopped = True
        self._woken.set()

    async def run(self) -> None:
        """Copy whenever woken, until stopped."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            if self._stopped:
                return
            while await self._copy_window() and not self._stopped:
                pass

    async def _copy_window(self) -> bool:
        pieces = await asyncio.to_thread(self._read)
        end: OutputEnd | None = None
        for piece in pieces:
            faults.point("before_append")
            end = await self._outputs.append(piece)
            self._offset = piece.offset + len(piece.data)
        if end is not None:
            self._grew(end.bytes, end.lines)
        return bool(pieces)

    def _read(self) -> list[Piece]:
        if output_size(self._directory) <= self._offset:
            return []
        found = read_pieces(self._directory, self._offset, WINDOW)
        return [Piece(self._name, one.offset, one.data, one.at, one.stream) for one in found]

    async def finish(self, exit_: ExitRecord | None) -> OutputEnd:
        """Copy what is left and make it durable; for an attempt without an exit record the output is incomplete."""
        while await self._copy_window():
            pass
        faults.point("before_seal")
        if exit_ is None:
            end = await self._outputs.seal(self._name, complete=False)
        else:
            end = await self._outputs.seal(self._name, complete=exit_.lost_bytes == 0, sha256=exit_.output_sha256)
        faults.point("after_seal")
        return end


def tail_of(directory: Path) -> bytes:
    """The end of an attempt's output."""
    size = output_size(directory)
    return read_output(directory, max(0, size - TAIL), TAIL) if size else b""
