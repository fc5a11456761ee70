"""Typing at a program, its window, and what a terminal does to it."""

from __future__ import annotations

import base64

import pytest

from console.supervise import ControlError
from tests.supervise.lab import Lab


def typed(text: bytes) -> dict[str, str]:
    return {"data": base64.b64encode(text).decode()}


def test_what_is_typed_reaches_a_read(lab: Lab) -> None:
    spec = lab.start(sh='printf "name? "; read name; echo "hello, $name"', pty=True)
    lab.wait_for_output(spec, b"name? ")
    lab.ask(spec, "input", **typed(b"world\n"))
    assert lab.finish(spec).exit_code == 0
    assert b"hello, world" in lab.output(spec)


def test_a_tool_at_pipes_can_be_answered_at_its_terminal(lab: Lab) -> None:
    spec = lab.start(sh='printf "password: " > /dev/tty; read word < /dev/tty; echo "got $word"')
    lab.wait_for_output(spec, b"password: ")
    lab.ask(spec, "input", **typed(b"opensesame\n"))
    lab.finish(spec)
    assert b"got opensesame" in lab.output(spec)


def test_getpass_reads_what_is_typed_without_echo(lab: Lab) -> None:
    spec = lab.start(python="import getpass; print(len(getpass.getpass('word: ')))")
    lab.wait_for_output(spec, b"word: ")
    lab.ask(spec, "input", **typed(b"opensesame\n"))
    lab.finish(spec)
    assert b"10" in lab.output(spec)
    assert b"opensesame" not in lab.output(spec)


def test_a_secret_that_is_typed_is_masked_where_it_echoes(lab: Lab) -> None:
    spec = lab.start(sh='printf "token: "; read token; echo "using $token"', pty=True)
    lab.wait_for_output(spec, b"token: ")
    lab.ask(spec, "input", secret=True, **typed(b"tok-123456\n"))
    lab.finish(spec)
    assert lab.output(spec).replace(b"\r", b"") == b"token: [redacted]\nusing [redacted]\n"


def test_the_window_has_the_size_it_was_given(lab: Lab) -> None:
    _, output = lab.run(sh="stty size", pty=True, window=(132, 43))
    assert output == b"43 132\r\n"


def test_a_new_window_size_is_told_by_sigwinch(lab: Lab) -> None:
    script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.02; done"
    spec = lab.start(sh=script, pty=True, window=(80, 24))
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "window", cols=100, rows=30)
    lab.finish(spec)
    assert b"30 100" in lab.output(spec)


def test_ctrl_c_reaches_the_program_and_not_its_supervisor(lab: Lab) -> None:
    spec = lab.start(sh="trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.02; done", pty=True)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "input", **typed(b"\x03"))
    ended = lab.finish(spec)
    assert (ended.ending, ended.exit_code) == ("exited", 5)
    assert b"caught" in lab.output(spec)


def test_ctrl_z_stops_nothing(lab: Lab) -> None:
    spec = lab.start(sh="stty -icanon; echo ready; head -c 1 | od -An -tx1", pty=True)
    lab.wait_for_output(spec, b"ready")
    lab.ask(spec, "input", **typed(b"\x1a"))
    lab.finish(spec)
    assert b"1a" in lab.output(spec)


def test_the_given_text_is_the_standard_input(lab: Lab) -> None:
    text = "line\n" * 100_000 + "caf\udce9"
    ended, output = lab.run(sh="cat", stdin=text)
    assert ended.exit_code == 0
    assert output == text.encode("utf-8", "surrogateescape")


def test_text_can_be_given_to_a_program_at_a_terminal(lab: Lab) -> None:
    _, output = lab.run(sh="wc -l; test -t 1 && echo terminal", stdin="a\nb\n", pty=True)
    assert output.split() == [b"2", b"terminal"]


def test_a_program_that_does_not_read_its_input_still_ends(lab: Lab) -> None:
    ended, _ = lab.run(sh="exit 3", stdin="x" * 1_000_000)
    assert ended.exit_code == 3


def test_without_text_the_standard_input_is_empty(lab: Lab) -> None:
    ended, output = lab.run(sh="cat; echo done")
    assert (ended.exit_code, output) == (0, b"done\n")


def test_typing_without_a_terminal_is_refused(lab: Lab) -> None:
    spec = lab.start(sh="sleep 60", terminal=False)
    with pytest.raises(ControlError, match="no terminal"):
        lab.ask(spec, "input", **typed(b"x"))
    with pytest.raises(ControlError, match="no terminal"):
        lab.ask(spec, "window", cols=80, rows=24)


def test_without_a_terminal_there_is_none(lab: Lab) -> None:
    ended, _ = lab.run(sh="echo x > /dev/tty", terminal=False)
    assert ended.exit_code != 0


def test_a_program_that_never_reads_is_typed_at_only_so_much(lab: Lab) -> None:
    # Raw, so that the terminal keeps what it is given instead of dropping what is too long for a line.
    spec = lab.start(sh="stty raw -echo; echo ready; sleep 60", pty=True)
    lab.wait_for_output(spec, b"ready")
    for _ in range(2):
        lab.ask(spec, "input", **typed(b"x" * 30_000))
    with pytest.raises(ControlError, match="does not read"):
        lab.ask(spec, "input", **typed(b"x" * 60_000))
    assert lab.ask(spec, "status")["ended"] is False
