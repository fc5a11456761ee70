"""Terraform (or OpenTofu) as a process of ours; python-terraform only builds its command lines."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import IO, Any

from python_terraform import IsFlagged, Terraform

from console.steps.driving import small_environment
from console.steps.sweeping import end_all, group_members

FLAG = IsFlagged
LONGEST_LINE = 1024 * 1024
_LOOK_EVERY = 0.05
_ENVIRONMENT = (
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR",
)  # fmt: skip


class Stopped(Exception):
    """Somebody asked to stop before the next tool was started."""


class NotReady(Exception):
    """The work cannot begin; the text says why and what to do. Nothing was changed."""


class Builder(Terraform):  # type: ignore[misc]
    """Command lines of one binary. Nothing is run, no state is read into memory, no variable goes to a file in /tmp."""

    def __init__(self, binary: str) -> None:
        super().__init__(terraform_bin_path=binary)

    def __getattr__(self, item: str) -> Any:
        # The parent makes a command of any misspelt name, and logs its arguments through the root logger.
        raise AttributeError(item)

    def read_state_file(self, file_path: str | None = None) -> None:
        """The parent would load the whole state, secrets included."""
        self.tfstate = None

    def cmd(self, cmd: str, *args: str, **options: Any) -> list[str]:
        """The command line; every public method of the parent ends here."""
        options.pop("var", None)
        return list(self.generate_cmd_string(cmd, *args, **options))


class Stop:
    """Remembers that somebody asked to stop, and passes it on once: a second SIGINT makes Terraform drop its state."""

    def __init__(self) -> None:
        self._asked = False
        self._group: int | None = None

    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked

    def install(self) -> None:
        """Listen from now on; a signal that came before counts."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})

    def attach(self, group: int | None) -> None:
        """From now on this group is interrupted; at once when the wish came in between."""
        self._group = group
        if self._asked:
            self._interrupt()

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if not self._asked:
            self._asked = True
            self._interrupt()

    def _interrupt(self) -> None:
        if self._group is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._group, signal.SIGINT)


class Tool:
    """Runs command lines in one directory, each in a process group of its own.

    The output goes to a file that is read as it grows: a pipe would kill Terraform, with its state half written,
    as soon as its reader died.
    """

    def __init__(self, binary: str, directory: Path, env: dict[str, str], stop: Stop) -> None:
        self.build = Builder(binary)
        self.directory = directory
        self._env = env
        self._stop = stop

    def run(self, argv: list[str], record: Path, heard: Callable[[bytes], None], errors: Path | None = None) -> int:
        """Run to its end, giving every line of the record to `heard`; the exit code, negative for a signal.

        With `errors`, standard error is kept apart there. Raises Stopped when nothing may be started any more, and
        NotReady when the program cannot be started.
        """
        if self._stop.asked():
            raise Stopped
        with contextlib.ExitStack() as stack:
            sink = stack.enter_context(record.open("wb"))
            aside = stack.enter_context(errors.open("wb")) if errors else subprocess.STDOUT
            source = stack.enter_context(record.open("rb"))
            process = self._start(argv, sink, aside)
            self._stop.attach(process.pid)
            try:
                self._follow(process.pid, Lines(source.read, heard))
            finally:
                # Before it is reaped its group cannot be anybody else's.
                self._stop.attach(None)
                if self._stop.asked():
                    end_all(lambda: [pid for pid in group_members(process.pid) if pid != process.pid])
                code = process.wait()
        return code

    def capture(self, argv: list[str], record: Path) -> tuple[int, bytes, bytes]:
        """Run to its end: exit code, output, errors. The files in between are removed."""
        errors = record.with_suffix(".err")
        try:
            code = self.run(argv, record, unheard, errors)
            return code, record.read_bytes(), errors.read_bytes()
        finally:
            record.unlink(missing_ok=True)
            errors.unlink(missing_ok=True)

    def _start(self, argv: list[str], sink: IO[bytes], aside: IO[bytes] | int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                argv, cwd=self.directory, env=self._env, stdin=subprocess.DEVNULL, stdout=sink, stderr=aside,
                process_group=0,
            )  # fmt: skip
        except OSError as error:
            raise NotReady(f"{argv[0]} cannot be started: {error.strerror}; nothing was changed") from None

    def _follow(self, pid: int, lines: Lines) -> None:
        handle = os.pidfd_open(pid)
        try:
            while not select.select([handle], [], [], _LOOK_EVERY)[0]:
                lines.read()
            lines.read(final=True)
        finally:
            os.close(handle)


def unheard(line: bytes | str) -> None:
    """For output that is read from its record, or not at all."""


class Lines:
    """Whole lines out of a growing file; what is longer than LONGEST_LINE is cut there."""

    def __init__(self, read: Callable[[int], bytes], heard: Callable[[bytes], None]) -> None:
        self._read = read
        self._heard = heard
        self._rest = b""

    def read(self, final: bool = False) -> None:
        """Pass on what has come since; with `final`, an unfinished last line too."""
        while data := self._read(LONGEST_LINE):
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                self._heard(line[:LONGEST_LINE])
            self._rest = self._rest[:LONGEST_LINE]
        if final and self._rest:
            self._heard(self._rest)
            self._rest = b""


def environment(own: Iterable[str], data: Path) -> dict[str, str]:
    """A small environment: what every tool needs, what the step asked for by name, and Terraform without questions."""
    env = small_environment([*_ENVIRONMENT, *own])
    env.update(TF_IN_AUTOMATION="1", TF_INPUT="0", CHECKPOINT_DISABLE="1", TF_DATA_DIR=str(data))
    return env


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000
