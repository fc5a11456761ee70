"""Kinds that change, vanish or fail under a run: the step says so, and the server lives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from console import protocol as p
from tests.server.lab import Lab, step_of, task_of, told

MANIFEST = """
name = "{name}"
version = "1.0.0"
api = 1
summary = "For tests."

[provides]
kinds = {{ {name} = "kind:Mine" }}
"""
KIND = """
from __future__ import annotations

import msgspec

from console.engine.words import Effect, Purpose
from console.steps.kind import CommandLine, Kind, Reading, Ready, read_exit_code


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    fails: str = ""


class Mine(Kind):
    name = "{name}"
    keys = ("{name}",)
    body = Body
    effect = Effect.READS

    def expand(self, key, raw):
        return {{"fails": raw}} if isinstance(raw, str) else raw

    def prepare(self, body, context):
        if body.fails == "prepare":
            raise KeyError("no such thing")
        return Ready(spec={{"fails": body.fails}}, shown=("{word}",))

    def command(self, purpose, spec, place):
        if purpose is not Purpose.APPLY:
            return None
        if spec["fails"] == "command":
            raise AttributeError("no such thing")
        if spec["fails"] == "none":
            return None
        return CommandLine(argv=("sh", "-c", "echo {word}"))

    def read(self, purpose, spec, ended, place):
        if spec["fails"] == "read":
            raise KeyError("no such thing")
        if spec["fails"] == "reading":
            raise ValueError("that is no result")
        return read_exit_code(ended)
"""


def install(lab: Lab, name: str, word: str = "one") -> Path:
    """Write the plugin into the home. Words of one length: a file's size and second do not tell its versions apart."""
    folder = lab.home.root / "plugins" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lab.home.root.chmod(0o700)
    (folder / "plugin.toml").write_text(MANIFEST.format(name=name))
    (folder / "kind.py").write_text(KIND.format(name=name, word=word))
    return folder


def test_code_that_changed_under_a_run_is_said_once(lab: Lab) -> None:
    install(lab, "mine")
    book = lab.runbook(
        "t",
        {"id": "first", "manual": "x"},
        {"id": "a", "mine": {}},
        {"id": "second", "manual": "x"},
        {"id": "b", "mine": {}},
    )
    ana = lab.client()
    run = lab.start(ana, book)
    lab.wait_task(ana, run, "first")
    lab.stop_server()
    install(lab, "mine", "two")
    lab.answer(ana, run, "first", "done")
    task = lab.wait_task(ana, run, "a", "failed")
    assert "retry" in task.answers
    summary = step_of(ana.ask(p.ShowRun(run=run)), "a").summary
    assert "the plugin mine changed since the run started" in summary
    lab.stop_server()  # what was said is known from the journal
    lab.answer(ana, run, "a", "retry")
    lab.wait_task(ana, run, "second")
    assert lab.output(ana, run, "a") == "two"
    lab.answer(ana, run, "second", "done")
    assert lab.wait_end(ana, run).state == "succeeded"
    assert lab.output(ana, run, "b") == "two"


def test_a_new_run_takes_the_code_as_it_is(lab: Lab) -> None:
    install(lab, "mine")
    ana = lab.client()
    book = lab.runbook("t", {"id": "a", "mine": {}})
    lab.wait_end(ana, lab.start(ana, book))
    lab.stop_server()
    install(lab, "mine", "two")
    run = lab.start(ana, book)
    assert lab.wait_end(ana, run).state == "succeeded"


def test_a_kind_that_is_gone_fails_its_step_and_no_other(lab: Lab) -> None:
    folder = install(lab, "mine")
    book = lab.runbook("t", {"id": "first", "manual": "x"}, {"id": "a", "mine": {}}, {"id": "last", "manual": "x"})
    ana = lab.client()
    run = lab.start(ana, book)
    other = lab.start(ana, lab.runbook("other", {"id": "m", "manual": "x"}))
    lab.wait_task(ana, run, "first")
    lab.stop_server()
    shutil.rmtree(folder)
    lab.answer(ana, run, "first", "done")
    lab.wait_task(ana, run, "a", "failed")
    view = ana.ask(p.ShowRun(run=run))
    assert "'mine'" in step_of(view, "a").summary, told(view)
    assert not step_of(view, "a").attempts
    lab.answer(ana, other, "m", "done")
    assert lab.wait_end(ana, other).state == "succeeded"
    lab.answer(ana, run, "a", "skip", note="its plugin is gone")
    lab.wait_task(ana, run, "last")


def test_a_plugin_that_cannot_be_loaded_is_listed_and_stops_nothing(lab: Lab) -> None:
    (install(lab, "mine") / "kind.py").write_text("import nowhere\n")
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "m", "manual": "x"}))
    lab.wait_task(ana, run, "m")
    problems = ana.ask(p.ServerStatus()).problems
    assert any("mine" in one.what for one in problems), problems


@pytest.mark.parametrize("where", ["prepare", "command", "none"])
def test_a_kind_that_fails_before_the_start_fails_its_step(lab: Lab, where: str) -> None:
    install(lab, "mine")
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "a", "mine": where}, {"id": "m", "manual": "x"}))
    lab.wait_task(ana, run, "a", "failed")
    view = ana.ask(p.ShowRun(run=run))
    assert step_of(view, "a").state == "failed"
    words = {"prepare": "no such thing", "command": "no such thing", "none": "cannot apply"}
    assert words[where] in step_of(view, "a").summary, told(view)
    lab.answer(ana, run, "a", "retry")
    lab.wait_task(ana, run, "a", "failed")
    assert len(step_of(ana.ask(p.ShowRun(run=run)), "a").attempts) == (0 if where == "prepare" else 2)
    lab.check_whole()


def test_a_result_that_the_kind_refuses_is_a_failure(lab: Lab) -> None:
    install(lab, "mine")
    ana = lab.client()
    run = lab.start(ana, lab.runbook("t", {"id": "a", "mine": "reading"}))
    lab.wait_task(ana, run, "a", "failed")
    assert "that is no result" in step_of(ana.ask(p.ShowRun(run=run)), "a").summary


def test_a_result_that_nobody_can_read_is_in_doubt(lab: Lab) -> None:
    install(lab, "mine")
    book = lab.runbook("t", {"id": "a", "mine": "read", "effect": "changes", "rollback": "nothing"})
    ana = lab.client()
    run = lab.start(ana, book)
    view = lab.wait(ana, run, lambda view: task_of(view, "a", "in_doubt"))
    evidence = step_of(view, "a").evidence
    assert evidence is not None
    assert "it ended with exit code 0, and nobody could read its result: 'no such thing'" in evidence.facts
    assert lab.output(ana, run, "a") == "one"
    lab.answer(ana, run, "a", "done")
    view = lab.wait_end(ana, run)
    assert (view.state, step_of(view, "a").state) == ("succeeded", "done_by_hand")
