"""Output in windows, while it grows and afterwards, byte for byte what the tool printed."""

from __future__ import annotations

import hashlib

from console import protocol as p
from tests.server.lab import Lab, refused, shell, step_of, until


def test_a_window_grows_with_the_output(lab: Lab) -> None:
    gates = lab.root.parent / "gates"
    gates.mkdir()
    text = f"for i in 1 2 3; do echo line $i; while [ ! -e {gates}/$i ]; do sleep 0.01; done; done; printf 'no newline'"
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", text), {"id": "two", "manual": "Wait"}))
    ana.watch(run)
    for number in (1, 2, 3):
        until(lambda seen=number: lab.output(ana, run, "one") == lines(seen), saying=f"line {number}")  # type: ignore[misc]
        found = ana.ask(p.ReadOutput(run=run, step="one"))
        assert not found.complete
        (gates / str(number)).touch()
    lab.wait_task(ana, run, "two")
    found = ana.ask(p.ReadOutput(run=run, step="one"))
    assert [line.text for line in found.lines] == ["line 1", "line 2", "line 3", "no newline"]
    assert [line.number for line in found.lines] == [0, 1, 2, 3]
    assert found.complete
    last = ana.ask(p.ReadOutput(run=run, step="one", first=-2))
    assert [line.text for line in last.lines] == ["line 3", "no newline"]
    cut = ana.ask(p.ReadOutput(run=run, step="one", first=1, count=1))
    assert [line.number for line in cut.lines] == [1]


def lines(count: int) -> str:
    return "\n".join(f"line {number}" for number in range(1, count + 1))


def test_watchers_are_told_that_it_grew(lab: Lab) -> None:
    ana, ben = lab.client("ana"), lab.client("ben")
    run = lab.start(
        ana, lab.runbook("t", shell("one", "seq 1 1000; sleep 0.3; seq 1 1000"), {"id": "m", "manual": "x"})
    )
    ben.watch(None)
    seen: list[p.Grew] = []
    while len(seen) < 2 or seen[-1].lines < 2_000:
        push = ben.next_push(20.0)
        assert push is not None, seen
        if isinstance(push, p.Grew):
            seen.append(push)
    assert [one.bytes for one in seen] == sorted(one.bytes for one in seen)
    assert {(one.run, one.step, one.visit, one.attempt) for one in seen} == {(run, "one", 1, 1)}


def test_a_great_deal_of_output_is_kept_whole_though_the_server_dies_twice(lab: Lab) -> None:
    text = "i=0; while [ $i -lt 40 ]; do seq 1 5000; i=$((i+1)); sleep 0.02; done"
    ana = lab.client()
    book = lab.runbook("t", {"id": "one", "shell": {"text": text}, "rollback": "nothing"}, {"id": "m", "manual": "x"})
    run = lab.start(ana, book)
    for _ in range(2):
        lab.wait_state(ana, run, "one", "running", "succeeded")
        until(lambda: ana.ask(p.ReadOutput(run=run, step="one", count=0)).total.bytes > 50_000, saying="some output")
        lab.kill_server()
    lab.wait_task(ana, run, "m")
    expected = "".join(f"{number}\r\n" for number in range(1, 5001)).encode() * 40
    [attempt] = step_of(ana.ask(p.ShowRun(run=run)), "one").attempts
    assert attempt.output_bytes == len(expected)
    assert attempt.output_sha256 == hashlib.sha256(expected).hexdigest()
    assert attempt.output_lines == 200_000
    window = ana.ask(p.ReadOutput(run=run, step="one", first=123_455, count=3))
    assert [line.text for line in window.lines] == ["3456", "3457", "3458"]
    lab.check_whole()


def test_bytes_that_are_no_text_and_lines_without_end_are_shown_cut(lab: Lab) -> None:
    text = r"printf '\377\376bad\n'; head -c 300000 /dev/zero | tr '\0' x; printf '\nend\n'"
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", shell("one", text), {"id": "m", "manual": "x"}))
    lab.wait_task(ana, run, "m")
    found = ana.ask(p.ReadOutput(run=run, step="one", width=100))
    bad, long, end = found.lines
    assert bad.text.endswith("bad")
    assert (len(long.text), end.text) == (100, "end")
    assert long.cut == 299_900 or long.cut == 299_901, long.cut  # the terminal's CR counts


def test_what_has_printed_nothing_is_said(lab: Lab) -> None:
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "m", "manual": "x"}, shell("one", "true")))
    assert "printed nothing" in refused(lambda: lab.output(ana, run, "one")).message
