from __future__ import annotations

from msgspec.structs import replace

from console.engine.words import Answer, AttemptState, Purpose, RunState, StepState, TaskKind
from console.protocol import RunView, VoteView
from console.view.telling import tell
from tests.client.samples import attempt, run_view, step, waiting


def said(before: RunView | None, now: RunView) -> list[str]:
    return [" ".join(line.split()) for line in tell(before, now)]


def test_the_first_look_tells_all_that_happened_so_far_in_order() -> None:
    now = run_view(
        RunState.SUCCEEDED, step("network", StepState.SUCCEEDED, attempt()), step("later", StepState.SKIPPED)
    )

    assert said(None, now) == [
        "03:12:00Z run 42 RUN started by ana: Provision an environment",
        "03:12:01Z network RUN apply: Title of network",
        "03:12:09Z network OK exit 0",
        "03:12:09Z later SKIP Title of later",
        "03:15:12Z run 42 OK succeeded after 3m12s",
    ]


def test_the_same_look_twice_tells_nothing() -> None:
    now = run_view(RunState.WAITING, step("network", StepState.FAILED, attempt()), waiting=(waiting(),))
    assert said(now, replace(now, seq=10)) == []


def test_only_what_changed_is_told() -> None:
    one = step("one", StepState.SUCCEEDED, attempt())
    before = run_view(RunState.RUNNING, one, step("two", StepState.PENDING))
    running = step("two", StepState.RUNNING, attempt(state=AttemptState.RUNNING))
    now = run_view(RunState.RUNNING, one, running)

    assert said(before, now) == ["03:12:01Z two RUN apply: Title of two"]


def test_a_failed_attempt_is_told_with_its_exit_code_and_a_retry_with_its_number() -> None:
    before = run_view(RunState.RUNNING, step("one", StepState.RUNNING, attempt(state=AttemptState.RUNNING)))
    again = attempt(2, AttemptState.RUNNING)
    now = run_view(RunState.RUNNING, step("one", StepState.RUNNING, attempt(state=AttemptState.FAILED), again))

    assert said(before, now) == [
        "03:12:01Z one RUN apply for the 2. time: Title of one",
        "03:12:09Z one FAIL apply: FAIL, exit 3, 12 lines",
    ]


def test_a_question_is_told_once_and_again_when_another_voice_came() -> None:
    task = waiting()
    asked = replace(task, quorum=2)
    before = run_view(RunState.WAITING, step("review", StepState.WAITING), waiting=(asked,))
    voted = replace(asked, votes=(VoteView(by="ben", at="2026-05-01T03:13:00.000Z"),))
    now = replace(before, waiting=(voted,), seq=10)

    first = said(replace(before, waiting=()), before)
    assert first[0].startswith("03:12:10Z review ASK Is the network acceptable? (0 of 2 approved) [approve, reject;")
    assert said(before, replace(before, seq=10)) == []
    assert "(1 of 2 approved)" in said(before, now)[0]


def test_a_question_of_several_lines_is_told_on_one() -> None:
    task = replace(waiting("qa", TaskKind.MANUAL, Answer.DONE), question="Look at it.\nIs it green?\n")
    now = run_view(RunState.WAITING, step("qa", StepState.WAITING), waiting=(task,))

    assert any("Look at it. Is it green? [done;" in line for line in said(None, now))


def test_an_undone_step_is_told_when_and_how_it_was_undone() -> None:
    undo = replace(
        attempt(2, purpose=Purpose.ROLLBACK),
        started_at="2026-05-01T04:00:00.000Z",
        ended_at="2026-05-01T04:00:05.000Z",
        summary="4 destroyed",
    )
    before = run_view(RunState.ROLLING_BACK, step("network", StepState.ROLLING_BACK, attempt()))
    now = run_view(RunState.ROLLED_BACK, step("network", StepState.ROLLED_BACK, attempt(), undo))

    assert said(before, now) == [
        "04:00:00Z network UNDOING rollback: Title of network",
        "04:00:05Z network UNDO 4 destroyed",
        "03:15:12Z run 42 UNDO rolled back after 3m12s",
    ]


def test_a_wait_for_time_says_until_when() -> None:
    resting = replace(step("rest", StepState.WAITING), retry_at="2026-05-01T03:30:00.000Z")
    before = run_view(RunState.RUNNING, step("rest", StepState.PENDING))

    assert said(before, run_view(RunState.WAITING, resting))[0] == "03:12:01Z rest WAIT until 03:30:00Z"


def test_doubt_is_told_as_doubt_and_never_as_an_end() -> None:
    before = run_view(RunState.RUNNING, step("one", StepState.RUNNING, attempt(state=AttemptState.RUNNING)))
    now = run_view(RunState.IN_DOUBT, step("one", StepState.IN_DOUBT, attempt(state=AttemptState.IN_DOUBT)))
    lines = said(before, now)

    assert lines[0].split()[2] == "DOUBT"
    assert lines[-1].endswith("run 42 DOUBT in doubt")
    assert not any(" OK " in line or " FAIL " in line for line in lines)
