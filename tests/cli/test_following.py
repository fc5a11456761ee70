"""Following a run in a terminal and without one: what is told, what is asked, and how answers are confirmed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from console.engine.runbook import Field
from console.engine.words import Answer, AttemptState, RunState, StepState, TaskKind
from console.errors import RefusedError
from console.protocol import AnswerStep, Changed, Done, RunView, ShowRun, Stopping, WaitingView
from tests.client.samples import attempt, run_view, step, waiting
from tests.client.stand_in import StandIn

pytestmark = pytest.mark.terminal


class Run:
    """A run that the stand-in shows, and that a test moves on."""

    def __init__(self, server: StandIn) -> None:
        self.server = server
        self.view = run_view(RunState.RUNNING, step("network", StepState.RUNNING), seq=1)
        server.answers[ShowRun] = lambda _: self.view
        server.answers[AnswerStep] = self._answered

    def becomes(self, state: RunState, *steps: Any, waits: tuple[WaitingView, ...] = ()) -> None:
        self.view = run_view(state, *steps, seq=self.view.seq + 1, waiting=waits)

    def tell(self) -> None:
        self.server.push(Changed(run=42, seq=self.view.seq, state=self.view.state))

    def _answered(self, _: AnswerStep) -> Done:
        self.becomes(RunState.SUCCEEDED, step("network", StepState.SUCCEEDED, attempt()))
        return Done(run=42, seq=self.view.seq, state=self.view.state)


@pytest.fixture
def run(server: StandIn) -> Run:
    return Run(server)


Terminal = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(server: StandIn) -> Iterator[Terminal]:
    opened: list[pexpect.spawn[str]] = []

    def open_terminal(*arguments: str, **environ: str) -> pexpect.spawn[str]:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "console", *arguments],
            env={**os.environ, "TERM": "xterm", **environ},
            encoding="utf-8",
            timeout=30,
            dimensions=(40, 120),
        )
        opened.append(child)
        return child

    yield open_terminal
    for child in opened:
        child.close(force=True)


def ended(child: pexpect.spawn[str]) -> int | None:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus


def test_what_happens_is_told_as_lines_that_are_only_appended(run: Run, terminal: Terminal) -> None:
    child = terminal("watch", "42")
    child.expect(r"03:12:00Z run 42  RUN       started by ana")
    run.becomes(RunState.RUNNING, step("network", StepState.RUNNING, attempt(state=AttemptState.RUNNING)))
    run.tell()
    child.expect(r"03:12:01Z network RUN       apply: Title of network")
    failed = step("network", StepState.FAILED, attempt(state=AttemptState.FAILED))
    run.becomes(RunState.FAILED, failed)
    run.tell()
    child.expect(r"network FAIL      apply: FAIL, exit 3, 12 lines")
    child.expect(r"run 42  FAIL      failed after 3m12s")

    assert ended(child) == 5
    assert "\x1b" not in str(child.before)


def test_a_question_is_answered_by_number_after_a_confirmation(run: Run, terminal: Terminal) -> None:
    run.becomes(RunState.WAITING, step("review", StepState.WAITING), waits=(waiting(),))
    child = terminal("watch", "42")
    child.expect("Is the network acceptable")
    child.expect("1\\) Approve")
    child.expect("2\\) Reject")
    child.expect("leave it open: ")
    child.sendline("1")
    child.expect("Approve\\? y/N ")
    child.sendline("y")

    assert ended(child) == 0
    answer = run.server.asked_of(AnswerStep)[0]
    assert (answer.step, answer.answer, answer.version) == ("review", Answer.APPROVE, 3)


def test_enter_confirms_nothing(run: Run, terminal: Terminal) -> None:
    run.becomes(RunState.WAITING, step("review", StepState.WAITING), waits=(waiting(),))
    child = terminal("watch", "42")
    child.expect("leave it open: ")
    child.sendline("1")
    child.expect("y/N ")
    child.sendline("")
    child.expect("nothing was done")
    child.expect("console answer 42 review ANSWER")
    child.sendintr()

    assert ended(child) == 130
    assert run.server.asked_of(AnswerStep) == []


def test_what_is_dangerous_is_confirmed_by_typing_its_target(run: Run, terminal: Terminal) -> None:
    task = waiting("network", TaskKind.FAILED, Answer.RETRY, Answer.ROLLBACK)
    run.becomes(RunState.WAITING, step("network", StepState.FAILED, attempt()), waits=(task,))
    child = terminal("watch", "42")
    child.expect("leave it open: ")
    child.sendline("rollback")
    child.expect("type demo to confirm: ")
    child.sendline("y")
    child.expect("Not confirmed")
    child.sendintr()
    ended(child)
    assert run.server.asked_of(AnswerStep) == []

    child = terminal("watch", "42")
    child.expect("leave it open: ")
    child.sendline("rollback")
    child.expect("type demo to confirm: ")
    child.sendline("demo")
    assert ended(child) == 0
    assert run.server.asked_of(AnswerStep)[0].answer is Answer.ROLLBACK


def test_values_a_checklist_and_a_reason_are_asked_for(run: Run, terminal: Terminal) -> None:
    import msgspec

    task = msgspec.structs.replace(
        waiting("qa", TaskKind.MANUAL, Answer.DONE, Answer.NOT_DONE),
        checklist=("The page loads",),
        asks={"version": Field(help="The version you saw")},
    )
    run.becomes(RunState.WAITING, step("qa", StepState.WAITING), waits=(task,))
    child = terminal("watch", "42")
    child.expect("leave it open: ")
    child.sendline("done")
    child.expect("The page loads - y/N ")
    child.sendline("y")
    child.expect("The version you saw: ")
    child.sendline("1.2.3")
    child.expect("Done\\? y/N ")
    child.sendline("y")
    assert ended(child) == 0
    assert run.server.asked_of(AnswerStep)[0].values == {"version": "1.2.3"}

    run.becomes(RunState.WAITING, step("qa", StepState.WAITING), waits=(task,))
    child = terminal("watch", "42")
    child.expect("leave it open: ")
    child.sendline("2")
    child.expect("Reason: ")
    child.sendline("")
    child.expect("A reason is required")
    child.sendline("it is red")
    child.expect("y/N ")
    child.sendline("y")
    assert ended(child) == 0
    assert run.server.asked_of(AnswerStep)[1].note == "it is red"


def test_a_question_that_somebody_else_answers_goes_away(run: Run, terminal: Terminal) -> None:
    run.becomes(RunState.WAITING, step("review", StepState.WAITING), waits=(waiting(),))
    child = terminal("watch", "42")
    child.expect("leave it open: ")
    run.becomes(RunState.SUCCEEDED, step("review", StepState.SUCCEEDED))
    run.tell()
    child.expect("no longer open")

    assert ended(child) == 0
    assert run.server.asked_of(AnswerStep) == []


def test_an_answer_that_is_refused_says_why_and_asks_again(run: Run, terminal: Terminal) -> None:
    refusals = [RefusedError("ana approved already.", mend="by other names")]

    def answer(ask: AnswerStep) -> Done | RefusedError:
        return refusals.pop() if refusals else run._answered(ask)

    run.becomes(RunState.WAITING, step("review", StepState.WAITING), waits=(waiting(),))
    run.server.answers[AnswerStep] = answer
    child = terminal("watch", "42")
    for _ in range(2):
        child.expect("leave it open: ")
        child.sendline("1")
        child.expect("y/N ")
        child.sendline("y")

    assert ended(child) == 0
    assert len(run.server.asked_of(AnswerStep)) == 2


def test_a_server_that_is_stopped_ends_the_watch_and_is_not_started_again(run: Run, terminal: Terminal) -> None:
    child = terminal("watch", "42")
    child.expect("started by ana")
    run.server.push(Stopping())
    child.expect("The server was stopped")

    assert ended(child) == 7


def test_a_lost_connection_is_said_and_the_watch_goes_on(run: Run, terminal: Terminal) -> None:
    child = terminal("watch", "42")
    child.expect("started by ana")
    run.becomes(RunState.SUCCEEDED, step("network", StepState.SUCCEEDED, attempt()))
    run.server.cut()
    child.expect("connection to the server was lost")

    assert ended(child) == 0


def test_no_ask_only_watches(run: Run, terminal: Terminal) -> None:
    run.becomes(RunState.WAITING, step("review", StepState.WAITING), waits=(waiting(),))
    child = terminal("watch", "42", "--no-ask")
    child.expect("ASK")

    assert ended(child) == 6


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [(["--plain"], {}), ([], {"CONSOLE_PLAIN": "1"}), ([], {"TERM": "dumb"}), ([], {"TERM": ""})],
)
def test_screens_are_not_opened_where_they_cannot_be(
    run: Run, terminal: Terminal, arguments: list[str], environ: dict[str, str]
) -> None:
    child = terminal("open", "42", *arguments, **environ)
    child.expect("console watch 42")

    assert ended(child) == 0
    assert "\x1b[?1049h" not in str(child.before)


def test_a_pipe_that_is_closed_ends_quietly(run: Run) -> None:
    run.view = run_view(RunState.SUCCEEDED, *(step(f"step-{number}", StepState.SUCCEEDED) for number in range(3_000)))
    done = subprocess.run(
        f"{sys.executable} -m console show 42 | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert done.stdout.splitlines() == ["#42 Provision an environment", "141"]
    assert done.stderr == ""


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- 2>&- <&-"])
def test_a_stream_that_is_closed_is_no_error(run: Run, closed: str) -> None:
    run.view = run_view(RunState.SUCCEEDED)
    command = f"{sys.executable} -m console show 42 {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_full_disk_behind_standard_output_is_one_line(run: Run) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "console", "show", "42"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )

    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("cannot be printed: No space left on device.")


def test_an_error_of_our_own_is_a_report_and_no_traceback(run: Run) -> None:
    code = (
        "import sys; from console.cli import show\n"
        "def broken(call): raise KeyError('oh')\n"
        "show.run = broken\n"
        "sys.argv = ['console', 'show', '42']\n"
        "from console.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    reports = list((run.server.home.root / "reports").iterdir())

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(reports[0]) in done.stderr
    assert "KeyError: 'oh'" in reports[0].read_text()
    assert reports[0].stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "CONSOLE_DEBUG": "1"},
    )
    assert "Traceback" in shown.stderr


def test_a_view_that_is_partial_keeps_what_was_known(run: Run, terminal: Terminal) -> None:
    run.view = run_view(RunState.RUNNING, step("one", StepState.SUCCEEDED), step("two", StepState.RUNNING), seq=1)
    child = terminal("watch", "42")
    child.expect("one    OK")
    run.view = RunView(**{
        **{name: getattr(run.view, name) for name in run.view.__struct_fields__},
        "steps": (step("two", StepState.SUCCEEDED),), "partial": True, "seq": 2, "state": RunState.SUCCEEDED,
        "ended_at": "2026-05-01T03:15:12.000Z",
    })  # fmt: skip
    run.tell()
    child.expect("two    OK")

    assert ended(child) == 0
    assert "one" not in str(child.before)
