"""A play that is stopped, killed or lost: nothing is left on this host, and nothing is guessed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.engine.reports import Finding
from console.engine.words import Outcome, Purpose
from tests.plugins.harness import Bench, eventually, running

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
Make = Callable[[dict[str, str]], Bench]

HOSTS = "".join(f"{name} ansible_connection=local\n" for name in "abc")
PLAY = """
- name: The play
  hosts: all
  gather_facts: false
  tasks:
    - name: First
      ansible.builtin.file: {path: "{{ folder }}/{{ inventory_hostname }}", state: touch, mode: "0600"}
    - name: Long
      ansible.builtin.command: sleep {{ nap }}
    - name: Last
      ansible.builtin.debug: {msg: over}
"""


def make(ansible: Make, tmp_path: Path) -> tuple[Bench, dict[str, Any], str]:
    bench = ansible({"play/site.yml": PLAY, "hosts.ini": HOSTS})
    nap = f"61.{abs(hash(str(tmp_path))) % 10**9}"
    variables = {"folder": str(tmp_path), "nap": nap}
    return bench, {"playbook": "play/site.yml", "inventory": "hosts.ini", "variables": variables}, nap


@pytest.mark.parametrize("number", [None, signal.SIGTERM], ids=["the kind's own signal", "SIGTERM"])
def test_a_cancel_leaves_no_process(ansible: Make, tmp_path: Path, number: int | None) -> None:
    bench, raw, nap = make(ansible, tmp_path)
    ready = bench.prepare(raw)

    def all_nap(text: str) -> bool:
        if "TASK Long" not in text:
            return False
        eventually(lambda: len(running(f"sleep {nap}")) >= 3, saying="every host sleeps")
        return True

    cancelled = bench.ask(Purpose.APPLY, ready, stop_when=all_nap, number=number)
    assert cancelled.reading.outcome is (Outcome.CANCELLED if number is None else Outcome.FAILED), cancelled
    assert "stopped on request" in cancelled.reading.summary
    assert "a (Long)" in cancelled.reading.summary
    assert running(nap) == []
    assert running(str(tmp_path)) == []
    assert not list(bench.place.work.rglob("private-*"))

    found = bench.ask(Purpose.DISCOVER, ready)
    assert found.reading.finding is Finding.CANNOT_TELL
    assert "started and not seen to end: Long on a" in found.reading.facts


@pytest.mark.parametrize("after", ["", "PLAY"], ids=["at once", "with the first line"])
def test_a_cancel_at_the_beginning_leaves_no_process(ansible: Make, tmp_path: Path, after: str) -> None:
    bench, raw, _ = make(ansible, tmp_path)
    cancelled = bench.ask(Purpose.APPLY, bench.prepare(raw), stop_when=lambda text: after in text)
    assert cancelled.reading.outcome is Outcome.CANCELLED, cancelled
    assert running(str(tmp_path)) == []
    assert "Traceback" not in cancelled.text


def test_a_play_whose_driver_was_killed_is_in_doubt(ansible: Make, tmp_path: Path) -> None:
    bench, raw, _ = make(ansible, tmp_path)
    raw["variables"] = {"folder": str(tmp_path), "nap": "0.5"}
    ready = bench.prepare(raw)
    lost = bench.ask(Purpose.APPLY, ready, stop_when=lambda text: "TASK Long" in text, number=signal.SIGKILL)
    assert lost.reading.in_doubt
    assert lost.reading.outcome is not Outcome.SUCCEEDED
    eventually(lambda: not running(str(tmp_path)), 20)
    found = bench.ask(Purpose.DISCOVER, ready)
    assert found.reading.finding is Finding.CANNOT_TELL
    assert any("seen to end on a: 1 tasks, the last one First" in fact for fact in found.reading.facts), found

    retried = bench.ask(Purpose.APPLY, ready)
    assert retried.reading.outcome is Outcome.SUCCEEDED, retried
    assert not list(bench.place.work.rglob("private-*")), "what the killed one left is gone"
    assert bench.ask(Purpose.DISCOVER, ready).reading.finding is Finding.DONE


def test_what_was_never_launched_is_not_done(ansible: Make, tmp_path: Path) -> None:
    bench, raw, _ = make(ansible, tmp_path)
    found = bench.ask(Purpose.DISCOVER, bench.prepare(raw))
    assert found.reading.finding is Finding.NOT_DONE
