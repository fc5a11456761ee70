"""Writes a journal that holds every type of event: `python -m tests.engine.golden.make FILE`.

Journals are kept for ever. When the format has to change, write a new file beside the old ones: those stay as they
are, and must still be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from console.engine import commands as c
from console.engine import events as e
from console.engine.reports import Change, Evidence, Finding, OutputDigest, Preview
from console.engine.runbook import Approve, Field, ParameterType, Retry
from console.engine.words import Answer, Effect, Ending, Outcome
from tests.engine.desk import SURVIVOR, Desk
from tests.engine.plans import approval, go_to, manual, process, tell, then, wait


def everything() -> Desk:
    """A run of one night in which everything happens that an event can tell."""
    desk = Desk(
        process("network", previews=True, undo_previews=True, approve=Approve(from_=("security",), quorum=2)),
        approval("review", allows_ms=3_600_000, then=then(rejected=go_to("network", at_most=1))),
        process("configure", discovers=True, outputs={"port": Field(type=ParameterType.INTEGER, min=1)}),
        process("healthy", repeatable=True, undo="nothing", retry=Retry(attempts=3, wait_ms=3_000), within_ms=60_000),
        manual("look", asks={"version": Field(help="the version you saw")}),
        process("sweep", undo_discovers=True),
        wait("rest", 30_000),
        tell("done"),
        deadline_ms=7_200_000,
        owner="platform-team",
        parameters={"name": Field(pattern="[a-z]+")},
    )
    desk.start(
        parameters={"name": "blue", "small": True, "size": 3, "none": None},
        files={"site.yml": "ab12"},
        plugins={"terraform": "1.0 cd34"},
        environment="staging",
        lock="blue",
        lock_holder=7,
        wait_for_lock=True,
    )
    desk.send(c.Admit(**desk.server()))
    _network(desk)
    _review(desk)
    _configure(desk)
    _healthy(desk)
    _look_and_sweep(desk)
    _all_back(desk)
    return desk


def _network(desk: Desk) -> None:
    seen = Preview(
        summary="2 to add",
        digest="p1an",
        effect=Effect.CHANGES,
        added=2,
        changes=(Change(action="add", target="directory", detail="/srv/blue"),),
        unpredicted=("the port",),
    )
    desk.ends("network", preview=seen, output=OutputDigest(bytes=120, lines=3, sha256="ef56"))
    desk.answer("network", Answer.APPROVE, by="ben", note=None)
    desk.answer("network", Answer.APPROVE, by="cem", note=None)
    desk.now += 1_500
    desk.ends("network", Outcome.FAILED, exit_code=1, summary="no space left", leftovers=(SURVIVOR,))
    desk.renders = False
    desk.answer("network", Answer.RETRY)
    desk.send(c.StepRendered(**desk.server(), path="network", visit=1, error="params.nam is undefined"))
    desk.answer("network", Answer.RETRY)
    desk.renders = True
    desk.send(desk.rendered("network", 1))
    desk.ends("network")
    for name in ("ben", "dee"):
        desk.answer("network", Answer.APPROVE, by=name)
    desk.ends("network", outputs={"port": 8_080, "name": "blue"}, exit_code=0, started_at=desk.now, ended_at=desk.now)


def _review(desk: Desk) -> None:
    desk.pause()
    desk.resume()
    desk.answer("review", Answer.REJECT, by="dee", note="the port is taken")
    desk.ends("network")
    for name in ("ben", "dee"):
        desk.answer("network", Answer.APPROVE, by=name)
    desk.ends("network")
    desk.answer("review", Answer.APPROVE, by="dee", note=None)


def _configure(desk: Desk) -> None:
    desk.lost("configure", output=OutputDigest(bytes=9, lines=1, sha256="aa", lost_bytes=3))
    desk.answer("configure", Answer.LOOK_AGAIN)
    found = Evidence(facts=("a play was under way",), survivors=(SURVIVOR,), finding=Finding.NOT_DONE)
    desk.ends("configure", evidence=found)
    desk.answer("configure", Answer.NOT_DONE)
    desk.answer("configure", Answer.RETRY)
    desk.survivors("configure", SURVIVOR)
    desk.answer("configure", Answer.END_THEM)
    desk.survivors("configure", ended=True)
    desk.ends("configure", outputs={"port": 8_080}, signal=None, exit_code=0)


def _healthy(desk: Desk) -> None:
    desk.ends("healthy", Outcome.FAILED, exit_code=7)
    desk.fires("retry/healthy/1/1")
    desk.ends("healthy", Outcome.TIMED_OUT, ending=Ending.TIMED_OUT, signal=15)
    desk.fires("retry/healthy/1/2")
    desk.survivors("healthy")
    desk.never_started("healthy")
    desk.fires("within/healthy/1")
    desk.ends("healthy", Outcome.SUCCEEDED, exit_code=0)


def _look_and_sweep(desk: Desk) -> None:
    desk.skip("rest")
    desk.answer("look", Answer.DONE, values={"version": "1.2"})
    desk.cancel("sweep")
    desk.ends("sweep", Outcome.CANCELLED, ending=Ending.CANCELLED)
    desk.jump("look")
    desk.roll_back("healthy")
    desk.survivors("sweep")
    desk.answer("sweep", Answer.UNDO)
    desk.lost("sweep")
    desk.answer("sweep", Answer.PARTLY)
    desk.answer("sweep", Answer.DONE)
    desk.answer("healthy", Answer.GO_ON)
    desk.fires("deadline")
    desk.cancel(stop=True)


def _all_back(desk: Desk) -> None:
    desk.roll_back()
    desk.survivors("configure")
    desk.answer("configure", Answer.UNDO)
    desk.lost("configure")
    desk.answer("configure", Answer.LOOK_AGAIN)
    desk.evidence("configure", "it is half undone", finding=Finding.PARTLY)
    desk.answer("configure", Answer.NOT_DONE)
    desk.answer("configure", Answer.RETRY)
    desk.survivors("configure")
    desk.ends("configure")
    desk.ends("network")
    desk.answer("network", Answer.UNDO)
    desk.ends("network", Outcome.FAILED, ending=Ending.NEVER_STARTED, error="no such program: terraform")
    desk.answer("network", Answer.LEAVE, note="the night is over")
    desk.ends("network")
    desk.answer("network", Answer.UNDO)
    desk.ends("network")


def lines(journal: list[e.Recorded]) -> list[bytes]:
    """Each event as the JSON that is kept."""
    return [msgspec.json.encode(one, order="sorted") for one in journal]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(b"".join(line + b"\n" for line in lines(everything().journal)))
