"""What a supervisor is told to run, on the server's side."""

from __future__ import annotations

import json

import msgspec

from console.supervisor import layout


class AttemptSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. Its directory must not exist; the directory's parents are made where they are missing.

    With `pty` the program runs at a pseudo-terminal: one merged stream. Without, at pipes, stdout and stderr apart;
    then `terminal` gives it a controlling terminal besides, for what it asks through /dev/tty. `stdin` is text for its
    standard input; without it that is the terminal, or empty.

    To stop it, each of `stop_signals` is sent in turn and given `grace_ms`; then everything it started is killed.
    The program starts with `ignore_signals` ignored. If its supervisor is killed, it gets SIGTERM. A tool that must
    save its state then needs SIGHUP ignored, because its terminal goes too, and `hold_pipes`: otherwise its next line
    of output meets a broken pipe and kills it. With `hold_pipes` it is held up instead, once 64 KiB wait unread; so
    will be a service that it leaves behind and that writes to its output.
    Milliseconds for times, bytes for `output_limit`, (columns, rows) for `window`.
    """

    attempt: str
    directory: str
    argv: list[str]
    env: dict[str, str]
    cwd: str = "/"
    stdin: str | None = None
    pty: bool = False
    terminal: bool = True
    hold_pipes: bool = False
    window: tuple[int, int] = (80, 24)
    timeout_ms: int | None = None
    stop_signals: tuple[str, ...] = ("SIGINT", "SIGTERM")
    grace_ms: int = 10_000
    drain_ms: int = 300
    redact: tuple[str, ...] = ()
    ignore_signals: tuple[str, ...] = ()
    umask: int = 0o022
    output_limit: int | None = None

    def encoded(self) -> bytes:
        """The JSON that the supervisor reads; `env` gets the marker by which survivors are found."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["env"] = {**self.env, layout.MARKER: self.attempt}
        # Not msgspec's encoder: argv and env may hold bytes that are not UTF-8, as lone surrogates.
        return json.dumps({"version": layout.VERSION, **fields}).encode("ascii")
