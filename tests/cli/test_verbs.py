"""The verbs that only ask the server: what they ask, what they print, and what they end with."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from console.engine.reports import Preview
from console.engine.runbook import Field, ParameterType
from console.engine.words import Answer, AttemptState, Effect, RunState, StepState, TaskKind
from console.errors import NotFoundError, RefusedError
from console.protocol import (
    AnswerStep,
    Done,
    DoRun,
    EventPage,
    Line,
    ListRunbooks,
    ListRuns,
    OutputFacts,
    OutputView,
    PlanRun,
    ReadEvents,
    ReadOutput,
    RunbookSummary,
    RunbookView,
    RunSummary,
    RunView,
    ServerStatus,
    ServerView,
    ShowRun,
    ShowRunbook,
    Started,
    StartRun,
    StepPlan,
)
from tests.cli.conftest import Verb
from tests.client.samples import EVIL, attempt, run_view, runbooks, step, summary, waiting
from tests.client.stand_in import StandIn

DONE = Done(run=42, seq=12, state=RunState.RUNNING)
STATUS = ServerView(
    pid=1,
    version="0.1.0",
    home="/h",
    socket="/s",
    started_at="2026-05-01T03:12:00.000Z",
    clients=1,
    runs_open=2,
    attempts_running=1,
    journal_events=7,
    memory_kb=40_960,
    unprotected=True,
)


# --- looking ---------------------------------------------------------------------------------------------------------


def test_runs_are_a_table_with_what_waits_for_a_person(server: StandIn, verb: Verb) -> None:
    server.answers[ListRuns] = (summary(43, RunState.WAITING, waiting()), summary(42))
    done = verb("runs")

    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].split() == ["RUN", "STATE", "RUNBOOK", "STEP", "STARTED", "BY"]
    assert lines[1].split()[:3] == ["#43", "ASK", "provision"]
    assert lines[2].split()[:2] == ["#42", "OK"]


def test_runs_in_json_are_the_structs_of_the_protocol(server: StandIn, verb: Verb) -> None:
    given = (summary(43, RunState.WAITING, waiting()), summary(42))
    server.answers[ListRuns] = given
    done = verb("runs", "--json", "--waiting", "--limit", "5")

    assert msgspec.json.decode(done.out, type=tuple[RunSummary, ...]) == given
    assert done.json()[0]["waiting"][0]["for"] == ["security"]
    assert server.asked == [ListRuns(waiting=True, limit=5)]


def test_no_runs_say_how_to_start_one(server: StandIn, verb: Verb) -> None:
    server.answers[ListRuns] = ()
    assert "console run RUNBOOK" in verb("runs").out


def test_show_has_everything_that_the_contract_promises(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = run_view(
        RunState.WAITING,
        step("network", StepState.SUCCEEDED, attempt()),
        step("review", StepState.WAITING),
        waiting=(waiting(),),
    )
    found = verb("show", "42", "--json").json()

    assert {"id", "runbook", "state", "params", "started_by", "started_at", "ended_at", "steps", "waiting"} <= set(
        found
    )
    assert {"id", "kind", "state", "outcome", "outputs", "answers", "attempts", "steps"} <= set(found["steps"][0])
    wanted = {"number", "state", "exit_code", "started_at", "ended_at", "output_bytes", "output_sha256"}
    assert wanted <= set(found["steps"][0]["attempts"][0])
    assert {"step", "kind", "answers", "for", "since", "due"} <= set(found["waiting"][0])
    assert found["waiting"][0]["answers"] == ["approve", "reject"]


def test_show_for_people_names_the_words_that_answer(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = run_view(
        RunState.IN_DOUBT,
        step("network", StepState.IN_DOUBT, attempt(state=AttemptState.IN_DOUBT)),
        waiting=(waiting("network", TaskKind.IN_DOUBT, Answer.LOOK_AGAIN, Answer.DONE, Answer.NOT_DONE),),
    )
    done = verb("show", "42")

    assert "DOUBT" in done.out
    assert "console answer 42 network look_again | done | not_done" in done.out
    assert "attempt 1.1 apply: DOUBT" in done.out


@pytest.mark.parametrize("name", ["42", "#42"])
def test_a_run_is_named_by_its_number(server: StandIn, verb: Verb, name: str) -> None:
    server.answers[ShowRun] = run_view()
    assert verb("show", name).code == 0
    assert server.asked == [ShowRun(run=42)]


def test_last_is_the_newest_run(server: StandIn, verb: Verb) -> None:
    server.answers[ListRuns] = (summary(43),)
    server.answers[ShowRun] = run_view()
    assert verb("show", "last").code == 0
    assert server.asked == [ListRuns(limit=1), ShowRun(run=43)]


def test_last_without_any_run_is_not_found(server: StandIn, verb: Verb) -> None:
    server.answers[ListRuns] = ()
    assert verb("show", "last").code == 4


@pytest.mark.parametrize("name", ["0", "-1", "4x", "", "٤", "9" * 30])
def test_what_is_no_run_is_a_usage_error(verb: Verb, name: str) -> None:
    assert verb("show", "--", name).code == 2


def test_an_unknown_run_is_not_found_and_says_what_there_is(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = NotFoundError("There is no run 7.", mend="console runs lists them")
    done = verb("show", "7")

    assert (done.code, done.out) == (4, "")
    assert done.err == "console: There is no run 7.\n  to mend: console runs lists them\n"


def test_an_error_in_json_stands_on_standard_output_and_as_text_on_standard_error(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = RefusedError("No.", where="run 7", unaffected="all else", mend="ask ana")
    done = verb("--json", "show", "7")

    assert done.code == 3
    error = done.json()["error"]
    assert {"code", "message", "where", "unaffected", "mend"} <= set(error)
    assert (error["code"], error["message"], error["exit_code"]) == ("refused", "No.", 3)
    assert "console: No." in done.err


def test_runbooks_are_listed_and_shown(server: StandIn, verb: Verb) -> None:
    server.answers[ListRunbooks] = runbooks()
    server.answers[ShowRunbook] = RunbookView(
        summary=RunbookSummary(id="provision", title="Provision", source="/r/p.yaml", risk=Effect.CHANGES),
        parameters={
            "name": Field(type=ParameterType.STRING, pattern="[a-z]+"),
            "size": Field(choices=("s", "l"), default="s"),
        },
        steps=(StepPlan(id="network", title="Network", kind="shell", effect=Effect.CHANGES, shown=("make net",)),),
    )

    assert "provision  changes" in verb("runbooks").out
    shown = verb("runbooks", "show", "provision")
    assert "| make net" in shown.out
    assert "console run provision -p name=..." in shown.out
    assert verb("runbooks", "show").code == 2


def test_the_server_status_is_shown(server: StandIn, verb: Verb) -> None:
    server.answers[ServerStatus] = STATUS

    assert "unprotected: you own the journal" in verb("server", "status").out
    assert verb("server", "status", "--json").json()["journal_events"] == 7


def test_without_a_verb_and_a_terminal_lines_say_what_the_screens_would(server: StandIn, verb: Verb) -> None:
    server.answers[ListRuns] = (summary(43, RunState.WAITING, waiting()),)
    server.answers[ListRunbooks] = runbooks()
    done = verb()

    assert done.code == 0
    assert "console answer 42 review approve | reject" in done.out
    assert "#43" in done.out
    assert "console run RUNBOOK" in done.out


def test_open_on_a_run_or_a_runbook_shows_it_where_no_screens_can_be(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = run_view()
    server.answers[ShowRunbook] = NotFoundError("There is no runbook 'nope'.")

    assert "console watch 42" in verb("open", "42").out
    assert verb("open", "nope").code == 4


# --- doing -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_sent_with_its_values_note_and_a_fresh_id(server: StandIn, verb: Verb) -> None:
    server.answers[AnswerStep] = DONE
    first = verb("answer", "42", "qa", "not-done", "--set", "version=1.2", "--note", "it is red", "--as", "ben")
    verb("answer", "42", "qa", "done")

    one, two = server.asked
    assert (one.run, one.step, one.answer, one.values, one.note) == (
        42,
        "qa",
        "not_done",
        {"version": "1.2"},
        "it is red",
    )
    assert len(one.command) == 32
    assert one.command != two.command
    assert "recorded for ben (asserted)" in first.out


def test_a_command_with_a_given_id_keeps_it_and_says_when_it_was_repeated(server: StandIn, verb: Verb) -> None:
    server.answers[AnswerStep] = Done(run=42, seq=12, state=RunState.RUNNING, repeated=True)
    done = verb("answer", "42", "qa", "done", "--id", "abc")

    assert server.asked[0].command == "abc"
    assert "nothing was done twice" in done.out


@pytest.mark.parametrize("where", ["before", "after", "environment"])
def test_a_name_may_be_claimed_before_and_after_the_verb_and_in_the_environment(
    server: StandIn, verb: Verb, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    server.answers[ListRuns] = ()
    if where == "environment":
        monkeypatch.setenv("CONSOLE_AS", "ben")
    verb(*(["--as", "ben"] if where == "before" else []), "runs", *(["--as", "ben"] if where == "after" else []))

    assert server.hellos[0].as_name == "ben"


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["pause"], {"verb": "pause"}),
        (["cancel", "--stop"], {"verb": "cancel", "stop": True}),
        (["jump", "qa", "--reason", "so"], {"verb": "jump", "step": "qa", "reason": "so"}),
        (["skip", "qa", "--reason", "so"], {"verb": "skip", "step": "qa", "reason": "so"}),
        (["rollback"], {"verb": "rollback", "step": None}),
        (["rollback", "network"], {"verb": "rollback", "step": "network"}),
    ],
)
def test_do_sends_what_nobody_asked_about(
    server: StandIn, verb: Verb, arguments: list[str], asked: dict[str, object]
) -> None:
    server.answers[DoRun] = DONE
    assert verb("do", "42", *arguments).code == 0
    assert {name: getattr(server.asked[0], name) for name in asked} == asked


@pytest.mark.parametrize(
    "arguments",
    [
        ["do", "42", "jump"],
        ["do", "42", "skip", "qa"],
        ["do", "42", "pause", "--stop"],
        ["do", "42", "explode"],
        ["answer", "42", "qa", "maybe"],
        ["answer", "42", "qa", "done", "--set", "novalue"],
        ["answer", "42", "qa", "done", "--set", "a=1", "--set", "a=2"],
        ["run", "x", "-p", "=1"],
        ["runs", "--waitin"],
        ["frobnicate"],
        ["export", "42"],
        ["output", "42", "qa", "--lines", "9:3"],
        ["--as"],
    ],
)
def test_what_cannot_be_done_is_a_usage_error_and_asks_nothing(
    server: StandIn, verb: Verb, arguments: list[str]
) -> None:
    done = verb(*arguments)

    assert done.code == 2
    assert done.err.startswith("console: ")
    assert "to mend: " in done.err
    assert server.asked == []


def test_a_verb_that_is_misspelt_names_the_nearest(verb: Verb) -> None:
    assert "console show" in verb("shwo").err


def test_run_detached_prints_the_number_and_leaves(server: StandIn, verb: Verb) -> None:
    server.answers[StartRun] = Started(id=42, state=RunState.RUNNING)
    done = verb("run", "provision", "-p", "name=demo", "-p", "text=a=b", "--detach", "--wait")

    assert (done.code, "console watch 42" in done.out) == (0, True)
    asked = server.asked[0]
    assert (asked.runbook, asked.parameters, asked.wait_for_lock) == (
        "provision",
        {"name": "demo", "text": "a=b"},
        True,
    )
    assert verb("run", "provision", "--detach", "--json").json() == {"id": 42, "state": "running"}


def test_a_runbook_given_as_a_path_is_absolute_for_the_server(server: StandIn, verb: Verb) -> None:
    server.answers[StartRun] = Started(id=42, state=RunState.RUNNING)
    verb("run", "./mine.yaml", "--detach")

    assert server.asked[0].runbook == str(Path("mine.yaml").absolute())


def test_a_plan_starts_nothing(server: StandIn, verb: Verb) -> None:
    server.answers[PlanRun] = (StepPlan(id="one", title="One", kind="shell", effect=Effect.READS, shown=("echo hi",)),)
    assert "| echo hi" in verb("run", "provision", "--plan").out
    assert server.asked_of(StartRun) == []


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (run_view(RunState.SUCCEEDED), 0),
        (run_view(RunState.FAILED), 5),
        (run_view(RunState.CANCELLED), 5),
        (run_view(RunState.ROLLED_BACK), 5),
        (run_view(RunState.WAITING, waiting=(waiting(),)), 6),
        (run_view(RunState.IN_DOUBT, waiting=(waiting("network", TaskKind.IN_DOUBT, Answer.DONE),)), 6),
        (run_view(RunState.PAUSED, paused=True), 6),
    ],
    ids=lambda value: value.state.value if isinstance(value, RunView) else str(value),
)
def test_run_follows_and_ends_with_how_the_run_ended(server: StandIn, verb: Verb, view: RunView, code: int) -> None:
    server.answers[StartRun] = Started(id=42, state=RunState.RUNNING)
    server.answers[ShowRun] = view

    done = verb("run", "provision")
    assert done.code == code
    assert "run 42" in done.out
    assert verb("run", "provision", "--json").json()["id"] == 42


# --- output ----------------------------------------------------------------------------------------------------------


def _printed(*texts: str) -> object:
    def answer(ask: ReadOutput) -> OutputView:
        first = ask.first if ask.first >= 0 else max(0, len(texts) + ask.first)
        lines = tuple(
            Line(number=number, at="2026-05-01T03:12:04.000Z", text=text)
            for number, text in enumerate(texts)
            if first <= number < first + ask.count
        )
        total = OutputFacts(lines=len(texts))
        return OutputView(run=42, step=ask.step, visit=1, attempt=2, lines=lines, total=total, complete=True)

    return answer


def test_output_is_printed_whole_whatever_its_length(server: StandIn, verb: Verb) -> None:
    texts = [f"line {number}" for number in range(4_500)]
    server.answers[ReadOutput] = _printed(*texts)

    assert verb("output", "42", "network").out.splitlines() == texts
    found = verb("output", "42", "network", "--json").json()
    assert [line["text"] for line in found["lines"]] == texts


@pytest.mark.parametrize(
    ("given", "expected"),
    [("2:3", ["b", "c"]), ("3:", ["c", "d"]), (":2", ["a", "b"]), ("-1", ["d"]), ("2", ["b"]), ("9:", [])],
)
def test_a_part_of_the_output_is_counted_from_one(server: StandIn, verb: Verb, given: str, expected: list[str]) -> None:
    server.answers[ReadOutput] = _printed("a", "b", "c", "d")
    assert verb("output", "42", "network", f"--lines={given}").out.splitlines() == expected


def test_output_can_say_when_each_line_came(server: StandIn, verb: Verb) -> None:
    server.answers[ReadOutput] = _printed("hello")
    assert verb("output", "42", "network", "--times").out == "03:12:04Z hello\n"


# --- export ----------------------------------------------------------------------------------------------------------

BODY = '{"at":1777605120000,"cause":"c","data":{"path":"qa","note":"d1"},"seq":1,"stream":"run/42","type":"step_skipped","who":{"name":"ana"}}'  # noqa: E501


def test_an_export_holds_the_journals_exact_bytes_and_hashes(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = run_view()
    server.answers[ReadEvents] = EventPage(events=((BODY, "ab" * 32),), more=False, notes={"d1": "why"})
    lines = verb("export", "42", "--format", "jsonl").out.splitlines()

    assert msgspec.json.decode(lines[0])["run"] == 42
    assert lines[1] == f'{{"event":{BODY},"hash":"{"ab" * 32}"}}'
    assert msgspec.json.decode(lines[2]) == {"note": "d1", "text": "why"}


def test_an_export_is_read_page_by_page(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = run_view()
    server.answers[ReadEvents] = lambda ask: EventPage(
        events=tuple((BODY, "00") for _ in range(3 if ask.since < 6 else 1)), more=ask.since < 6
    )

    assert len(verb("export", "42", "--format", "jsonl").out.splitlines()) == 1 + 7
    assert [ask.since for ask in server.asked_of(ReadEvents)] == [0, 3, 6]


def test_an_export_goes_into_a_new_file_and_overwrites_none(server: StandIn, verb: Verb, tmp_path: Path) -> None:
    server.answers[ShowRun] = run_view()
    server.answers[ReadEvents] = EventPage(events=((BODY, "00"),), more=False)
    file = tmp_path / "run.md"
    done = verb("export", "42", "--format", "markdown", "-o", str(file), "--json")

    assert done.json() == {"file": str(file), "format": "markdown", "events": 1, "bytes": file.stat().st_size}
    assert file.read_text().startswith("# Run 42: Provision an environment\n")
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    assert verb("export", "42", "--format", "markdown", "-o", str(file)).code == 2
    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


# --- hostile text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("json", [False, True])
def test_text_from_outside_does_nothing_to_a_terminal(server: StandIn, verb: Verb, json: bool) -> None:
    task = msgspec.structs.replace(
        waiting("qa"),
        title=EVIL,
        question=EVIL,
        for_=(EVIL,),
        checklist=(EVIL,),
        preview=Preview(summary=EVIL, digest="d"),
    )
    view = run_view(
        RunState.WAITING,
        msgspec.structs.replace(
            step("qa", StepState.WAITING, attempt(), title=EVIL),
            summary=EVIL, note=EVIL, outputs={EVIL: EVIL}, answered_by=EVIL, kind=EVIL, shown=(EVIL,),
        ),
        waiting=(task,), title=EVIL, runbook=EVIL, params={EVIL: EVIL}, environment=EVIL, started_by=EVIL, source=EVIL,
    )  # fmt: skip
    server.answers[ShowRun] = view
    server.answers[ListRuns] = (msgspec.structs.replace(summary(42, RunState.WAITING, task), title=EVIL, step=EVIL),)
    server.answers[ListRunbooks] = msgspec.structs.replace(runbooks(), runbooks=(
        RunbookSummary(id=EVIL, title=EVIL, source=EVIL, risk=Effect.READS),
    ))  # fmt: skip
    server.answers[ReadOutput] = _printed(EVIL)
    server.answers[ReadEvents] = EventPage(events=((BODY.replace("ana", "\\u001b]0;x\\u0007"), "00"),), more=False)
    flag = ["--json"] if json else []

    for arguments in (
        ["runs"], ["show", "42"], ["watch", "42"], ["output", "42", "qa"], ["runbooks"], [],
        *([] if json else [["export", "42", "--format", "markdown"]]),
    ):  # fmt: skip
        done = verb(*arguments, *flag)
        printed = done.out + done.err
        assert "evil" in printed or not arguments or arguments[0] == "export", arguments
        harmful = [char for char in printed if (ord(char) < 32 and char not in "\n\t") or char in "\x7f\x9b\x9d\u202e"]
        assert harmful == [], arguments


def test_an_error_with_hostile_text_is_made_harmless_too(server: StandIn, verb: Verb) -> None:
    server.answers[ShowRun] = NotFoundError(EVIL, where=EVIL)
    done = verb("show", "42")
    assert "\x1b" not in done.err
    assert "\x9b" not in done.err
