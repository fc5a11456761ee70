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
    A program in `ignore_signals` starts with these signals ignored: with SIGHUP and SIGPIPE, a tool that saves its
    state on SIGTERM still can when its supervisor is killed.
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
