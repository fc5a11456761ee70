from __future__ import annotations

from msgspec.structs import replace

from console.engine.reports import Value
from console.engine.runbook import Field, ParameterType
from console.engine.words import Answer, AttemptState, Effect, RollbackState, RunState, StepState, TaskKind
from console.protocol import ProblemView, StepPlan, VoteView
from console.view.plain import date, field_type, run_lines, runs_lines, table, value_text, waiting_lines
from console.view.plain_runbooks import plan_lines, runbooks_lines
from console.view.report import escape, report_lines
from tests.client.samples import attempt, run_view, runbooks, step, summary, waiting


def test_a_table_is_aligned_by_cells_and_not_by_characters() -> None:
    lines = table([("名前", "x"), ("abcd", "y"), ("e", "z")])
    assert lines == ["名前  x", "abcd  y", "e     z"]


def test_values_are_written_as_in_a_runbook() -> None:
    given: list[Value] = [True, False, None, 3, "text"]
    assert [value_text(value) for value in given] == ["true", "false", "", "3", "text"]


def test_a_date_is_a_day_and_a_minute_in_utc() -> None:
    assert date("2026-05-01T03:12:44.123Z") == "2026-05-01 03:12Z"
    assert date(None) == ""
    assert date("soon") == ""


def test_what_may_be_given_is_said_in_a_few_words() -> None:
    assert field_type(Field(choices=("a", "b"))) == "a|b"
    assert field_type(Field(type=ParameterType.INTEGER, min=1, max=9)) == "integer from 1 to 9"
    assert field_type(Field(pattern="[a-z]+")) == "string like [a-z]+"


def test_a_run_that_is_late_says_so() -> None:
    assert "RUN late" in runs_lines([replace(summary(state=RunState.RUNNING), late=True)])[1]


def test_what_waits_says_what_is_asked_who_agreed_and_what_follows() -> None:
    task = replace(
        waiting("qa", TaskKind.APPROVAL, Answer.APPROVE, Answer.REJECT),
        quorum=2,
        votes=(VoteView(by="ben", at="2026-05-01T03:13:00.000Z"),),
        asks={"version": Field(help="What you saw")},
        checklist=("The page loads",),
        follows={"reject": "rolls everything back"},
        due="2026-05-02T03:12:10.000Z",
    )
    lines = [line.strip() for line in waiting_lines([task])]

    assert "approved by ben; 2 needed" in lines
    assert "--set version=... (string): What you saw" in lines
    assert "[ ] The page loads" in lines
    assert "reject: the run rolls everything back" in lines
    assert "for security, since 2026-05-01 03:12Z, due 2026-05-02 03:12Z" in lines
    assert lines[-1] == "console answer 42 qa approve | reject"


def test_a_run_shows_what_is_worth_knowing_of_it() -> None:
    part = step("inner", StepState.SUCCEEDED)
    group = replace(step("outer", StepState.FAILED, attempt(state=AttemptState.FAILED)), steps=(part,))
    view = run_view(
        RunState.RUNNING,
        replace(group, note="one\ntwo", answered_by="ben", rollback=RollbackState.STANDING, outputs={"port": 80}),
        paused=True,
        cancelling=True,
        late=True,
        deadline_at="2026-05-01T04:00:00.000Z",
        newer_definition=True,
        source="/r/p.yaml",
    )
    text = "\n".join(run_lines(view))

    for wanted in (
        "RUN (running), paused, being cancelled",
        "2026-05-01 04:00Z, passed",
        "a newer version exists",
        "attempt 1.1 apply: FAIL, exit 3, 12 lines, 8s",
        "note: one",
        "note: two",
        "answered by ben",
        "rollback: standing",
        "outputs: port=80",
        "OK        inner",
    ):
        assert wanted in text, wanted


def test_files_that_cannot_be_used_are_listed_with_the_runbooks() -> None:
    found = replace(runbooks(), problems=(ProblemView(what="no title", where="x.yaml:1:2", mend="give it one"),))
    assert runbooks_lines(found)[-2:] == ["problem: x.yaml:1:2: no title", "  to mend: give it one"]
    assert runbooks_lines(replace(found, runbooks=(), problems=())) == ["No runbooks were found."]


def test_a_plan_says_what_runs_when_by_whose_leave_and_how_it_is_undone() -> None:
    plan = StepPlan(
        id="net",
        title="Network",
        kind="shell",
        effect=Effect.CHANGES,
        shown=("line one\nline two",),
        undo="undone by shell",
        approval=("security",),
        when="params.wanted",
    )
    assert [line.strip() for line in plan_lines([plan])] == [
        "1 net  shell, changes  Network",
        "only when params.wanted",
        "| line one",
        "| line two",
        "approved by security",
        "undone by shell",
    ]


def test_a_report_takes_text_from_outside_literally() -> None:
    assert escape("<b>*x*</b> | [a](http://evil)") == r"\<b\>\*x\*\</b\> \| \[a\](http://evil)"
    view = run_view(RunState.SUCCEEDED, replace(step("a", StepState.SUCCEEDED), summary="| x |\n# no heading"))
    lines = report_lines(view, ['{"seq":1,"type":"odd","at":0,"who":{"name":"a|b"},"data":{"n":"|"}}', "no json"], {})

    assert not any(line.startswith("# no heading") for line in lines)
    assert r"a\|b" in lines[-2]
    assert "another version" in lines[-1]


def test_a_report_says_how_each_attempt_ended_and_writes_moments_as_dates() -> None:
    ended = (
        '{"seq":3,"type":"attempt_ended","at":1777605164000,"data":{"path":"qa","attempt":1,"self_approved":true,'
        '"due_at":1777608764000,"report":{"outcome":"failed","ending":"exited","exit_code":7,"output":{"bytes":1}}}}'
    )
    row = report_lines(run_view(), [ended], {})[-1]
    assert "outcome: failed, ending: exited, exit\\_code: 7" in row
    assert "due\\_at: 2026-05-01 04:12:44" in row
    assert "self\\_approved: yes" in row
    assert "bytes" not in row
