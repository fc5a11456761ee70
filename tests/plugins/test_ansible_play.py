"""Check a playbook, run it, and say host by host what came of it: with the real tool."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.engine.reports import Finding
from console.engine.words import Effect, Outcome, Purpose
from tests.plugins.harness import Bench

pytestmark = [pytest.mark.real_tools, pytest.mark.slow]
Make = Callable[[dict[str, str]], Bench]

HOSTS = "a ansible_connection=local\nb ansible_connection=local\n"


def play(*tasks: str, hosts: str = "all") -> str:
    """A playbook of one play, each task as YAML text after its dash."""
    lines = [f"    - {task.strip().replace(chr(10), chr(10) + '      ')}" for task in tasks]
    return f"- name: The play\n  hosts: {hosts}\n  gather_facts: false\n  tasks:\n" + "\n".join(lines) + "\n"


WRITE = """
name: Write the note
ansible.builtin.copy: {content: "{{ text }}", dest: "{{ folder }}/{{ inventory_hostname }}.txt", mode: "0600"}
"""


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port of this host at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def body(tmp_path: Path, **more: Any) -> dict[str, Any]:
    variables = {"folder": str(tmp_path), **more.pop("variables", {})}
    return {"playbook": "play/site.yml", "inventory": "hosts.ini", "variables": variables, **more}


def test_the_preview_predicts_and_the_play_does(ansible: Make, tmp_path: Path) -> None:
    stats = """
name: Say
ansible.builtin.set_stats: {data: {port: 8080, up: true, names: [x, y], text: "{{ text }}"}}
run_once: true
"""
    bench = ansible({"play/site.yml": play(WRITE, stats), "hosts.ini": HOSTS})
    ready = bench.prepare(body(tmp_path, variables={"text": "hello"}))

    shown = bench.preview(ready)
    assert shown.preview.changed == 2, shown
    assert shown.preview.effect is Effect.CHANGES
    assert shown.preview.unpredicted == ()
    assert sorted((change.target, change.detail) for change in shown.preview.changes) == [
        ("a: Write the note", str(tmp_path / "a.txt")),
        ("b: Write the note", str(tmp_path / "b.txt")),
    ]
    assert "+hello" in shown.text, "the difference is shown"
    assert not (tmp_path / "a.txt").exists()

    ran = bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest)
    assert ran.reading.outcome is Outcome.SUCCEEDED, ran
    assert (tmp_path / "a.txt").read_text() == (tmp_path / "b.txt").read_text() == "hello"
    assert ran.reading.outputs == {"port": 8080, "up": True, "names": '["x","y"]', "text": "hello"}
    assert ran.reading.summary == "2 hosts: 2 changed, 1 as they should be"
    positions = [ran.text.index(word) for word in ("PLAY The play", "TASK Write the note", "changed: a", "TASK Say")]
    assert positions == sorted(positions)
    assert "\x1b" not in ran.text

    again = bench.preview(ready)
    assert again.preview.effect is Effect.READS
    assert (again.preview.changed, again.preview.changes) == (0, ())


def test_what_check_mode_cannot_predict_is_named(ansible: Make, tmp_path: Path) -> None:
    bench = ansible({
        "play/site.yml": play(
            'name: Run something\nansible.builtin.command: "true"',
            'name: Run several\nansible.builtin.command: "echo {{ item }}"\nloop: [1, 2]',
            'name: Not here\nansible.builtin.command: "true"\nwhen: inventory_hostname == "z"',
            'name: Never\nansible.builtin.command: "true"\nwhen: false',
            'name: Nothing to do\nansible.builtin.command: "echo {{ item }}"\nloop: []',
            'name: Only for real\nansible.builtin.debug: {msg: hi}\nwhen: not ansible_check_mode',
            'name: Hidden\nansible.builtin.command: "true"\nno_log: true',
            'name: Judged\nansible.builtin.command: {cmd: echo did, creates: /nowhere}\nregister: x\n'
            'changed_when: x.stdout == "did"',
            'name: Known\nansible.builtin.debug: {msg: hi}',
        ),
        "hosts.ini": HOSTS,
    })  # fmt: skip
    shown = bench.preview(bench.prepare(body(tmp_path)))
    assert shown.preview.unpredicted == ("Run something", "Run several", "Only for real", "Hidden", "Judged"), shown
    assert shown.preview.effect is Effect.CHANGES, "what is not known is not harmless"
    assert "5 cannot be predicted" in shown.preview.summary


def test_a_task_that_fails_in_check_mode_is_unpredicted_and_may_still_run(ansible: Make, tmp_path: Path) -> None:
    bench = ansible({
        "play/site.yml": play(
            'name: Ask\nansible.builtin.command: "echo 1"\nregister: asked',
            "name: Use the answer\nansible.builtin.assert: {that: asked.stdout == '1'}",
        ),
        "hosts.ini": HOSTS,
    })  # fmt: skip
    ready = bench.prepare(body(tmp_path, limit="a"))
    shown = bench.preview(ready)
    assert shown.reading.outcome is Outcome.SUCCEEDED, shown
    assert any(name.startswith("Use the answer") and "on a" in name for name in shown.preview.unpredicted), shown
    assert bench.ask(Purpose.APPLY, ready, preview=shown.preview.digest).reading.outcome is Outcome.SUCCEEDED


def test_failed_and_unreachable_hosts_are_different_things(ansible: Make, tmp_path: Path, nobody: int) -> None:
    bench = ansible({
        "play/site.yml": play(
            WRITE, 'name: Refuse\nansible.builtin.fail: {msg: "b is not ready"}\nwhen: inventory_hostname == "b"'
        ),
        "hosts.ini": f"{HOSTS}c ansible_connection=ssh ansible_host=127.0.0.1 ansible_port={nobody}\n",
    })  # fmt: skip
    ready = bench.prepare(body(tmp_path, variables={"text": "hello"}))
    ran = bench.ask(Purpose.APPLY, ready)
    assert ran.reading.outcome is Outcome.FAILED, ran
    assert not ran.reading.in_doubt
    assert "failed on b (Refuse: b is not ready)" in ran.reading.summary
    assert "unreachable: c (" in ran.reading.summary
    assert "went through on a" in ran.reading.summary
    by_action = {change.action: change.target for change in ran.reading.changes}
    assert (by_action["failed"], by_action["unreachable"]) == ("b: Refuse", "c: Write the note")
    assert ran.reading.outputs == {}

    found = bench.ask(Purpose.DISCOVER, ready)
    assert found.reading.finding is Finding.PARTLY
    shown = bench.preview(ready)
    assert shown.reading.outcome is Outcome.FAILED, "a host that cannot be reached cannot be previewed"
    assert "unreachable: c" in shown.reading.summary


def test_ignored_and_rescued_failures_are_none(ansible: Make, tmp_path: Path) -> None:
    bench = ansible({
        "play/site.yml": play(
            'name: Ignored\nansible.builtin.command: "false"\nignore_errors: true',
            'name: Block\nblock:\n  - name: Rescued\n    ansible.builtin.command: "false"\n'
            'rescue:\n  - name: Rescue\n    ansible.builtin.debug: {msg: rescued}',
        ),
        "hosts.ini": HOSTS,
    })  # fmt: skip
    ran = bench.ask(Purpose.APPLY, bench.prepare(body(tmp_path, limit="a")))
    assert ran.reading.outcome is Outcome.SUCCEEDED, ran
    assert "failed (ignored): a" in ran.text


@pytest.mark.parametrize(
    ("files", "more", "says"),
    [
        ({"play/site.yml": "- hosts: all\n  tasks:\n    - name: x\n     bad: y\n"}, {}, "YAML parsing failed"),
        ({"play/site.yml": play("no_such_module: {}")}, {}, "no_such_module"),
        ({"play/site.yml": play("ansible.builtin.debug: {msg: hi}", hosts="elsewhere")}, {}, "no host matched"),
        ({"play/site.yml": play("ansible.builtin.debug: {msg: hi}")}, {"limit": "elsewhere"}, "no hosts to target"),
        ({"play/site.yml": "just text\n"}, {}, "did not come to its end"),
    ],
    ids=["syntax", "module", "no host", "limit", "text"],
)
def test_a_playbook_that_cannot_run_fails_with_its_reason(
    ansible: Make, tmp_path: Path, files: dict[str, str], more: dict[str, str], says: str
) -> None:
    bench = ansible({**files, "hosts.ini": HOSTS})
    ready = bench.prepare(body(tmp_path, **more))
    for purpose in (Purpose.PREVIEW, Purpose.APPLY):
        ran = bench.ask(purpose, ready)
        assert ran.reading.outcome is Outcome.FAILED, ran
        assert not ran.reading.in_doubt, "nothing was touched, so there is no doubt"
        assert says in ran.reading.summary
        assert "Traceback" not in ran.text


HOSTILE = {
    "template": "{{ lookup('pipe', 'touch PWNED') }}",
    "statement": "{% set x = 1 %}{# gone #}",
    "quotes": "a\"b'c\\d\\n",
    "lines": "one\ntwo\r\n\tthree",
    "shell": "$(touch PWNED) `touch PWNED`; touch PWNED & ${HOME}",
    "unicode": "é 😀 \x01\x7f\x85\u2028\ufeff",
    "yaml": "!!python/object:x {a: 1} # no comment",
    "dashes": "--- ... - x: y",
}


def test_values_arrive_literally(ansible: Make, tmp_path: Path) -> None:
    save = """
name: Save
ansible.builtin.copy: {content: "{{ values | to_json }}", dest: "{{ folder }}/values.json", mode: "0600"}
"""
    echo = """
name: Echo
ansible.builtin.command: {argv: [printf, "%s", "{{ item.value }}"]}
loop: "{{ values | dict2items }}"
"""
    bench = ansible({"play/site.yml": play(save, echo), "hosts.ini": HOSTS})
    values = {**HOSTILE, "deep": [{"inner": HOSTILE["template"]}]}
    ran = bench.ask(Purpose.APPLY, bench.prepare(body(tmp_path, limit="a", variables={"values": values})))
    assert ran.reading.outcome is Outcome.SUCCEEDED, ran
    assert json.loads((tmp_path / "values.json").read_text("utf-8")) == values
    assert not list(tmp_path.rglob("PWNED"))


def test_nothing_of_a_play_is_left_on_disk_or_in_arguments(ansible: Make, tmp_path: Path) -> None:
    look = """
name: Look at the arguments
ansible.builtin.shell: "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\\\0' '\\\\n' > {{ folder }}/arguments"
"""
    bench = ansible({"play/site.yml": play(WRITE, look), "hosts.ini": HOSTS})
    bench.env["PLANTED_NAME"] = "planted-in-env"
    ready = bench.prepare(body(tmp_path, limit="a", variables={"text": "planted-value"}))
    assert bench.apply(ready).reading.outcome is Outcome.SUCCEEDED
    assert "planted" not in (tmp_path / "arguments").read_text(errors="replace")
    searched = [bench.place.work, tmp_path / "home", tmp_path / "run"]
    left = [
        str(path)
        for root in searched
        for path in root.rglob("*")
        if path.is_file() and path.name != "check.jsonl" and b"planted" in path.read_bytes()
    ]
    assert left == [], "only the record of the check holds what its difference showed"
    loose = [path for path in bench.place.work.rglob("*") if path.stat().st_mode & 0o077]
    assert loose == []


def test_the_environment_is_small_and_host_keys_are_checked(
    ansible: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = 'name: Save\nansible.builtin.shell: "env > {{ folder }}/env"'
    bench = ansible({"play/site.yml": play(save), "hosts.ini": HOSTS})
    bench.env["MY_OWN"] = "mine"
    # What the server's environment may hold; the harness passes on what the bench says.
    ready = bench.prepare(body(tmp_path, limit="a"))
    bench.env["SOMETHING_ELSE"] = "not asked for by the step"
    assert bench.ask(Purpose.APPLY, ready).reading.outcome is Outcome.SUCCEEDED
    env = dict(line.partition("=")[::2] for line in (tmp_path / "env").read_text().splitlines())
    assert env["MY_OWN"] == "mine"
    assert "SOMETHING_ELSE" not in env
    assert env["ANSIBLE_HOST_KEY_CHECKING"] == "True", "ansible-runner would turn it off"


def test_only_a_pinned_configuration_counts(ansible: Make, tmp_path: Path) -> None:
    show = 'name: Show\nansible.builtin.command: "true"\nregister: x'
    config = "[defaults]\nno_target_syslog = True\nhost_key_checking = False\n"
    save = 'name: Save\nansible.builtin.shell: "env > {{ folder }}/env"'
    bench = ansible({"play/site.yml": play(show, save), "hosts.ini": HOSTS, "play/ansible.cfg": config})
    (tmp_path / "home" / ".ansible.cfg").write_text("this is no configuration")
    assert bench.ask(Purpose.APPLY, bench.prepare(body(tmp_path, limit="a"))).reading.outcome is Outcome.SUCCEEDED
    env = dict(line.partition("=")[::2] for line in (tmp_path / "env").read_text().splitlines())
    assert env["ANSIBLE_CONFIG"] == str(tmp_path / "files/play/ansible.cfg")
    assert env["ANSIBLE_HOST_KEY_CHECKING"] == "False", "the pinned file says so"


GREETER = """
- name: Greet
  ansible.builtin.template: {src: it.j2, dest: "{{ folder }}/out", mode: "0600"}
"""


def test_roles_templates_and_group_variables_beside_the_playbook_are_found(ansible: Make, tmp_path: Path) -> None:
    bench = ansible({
        "play/site.yml": "- hosts: all\n  gather_facts: false\n  roles: [greeter]\n",
        "play/roles/greeter/tasks/main.yml": GREETER,
        "play/roles/greeter/templates/it.j2": "{{ greeting }} {{ who }}",
        "hosts.ini": HOSTS,
        "group_vars/all.yml": "who: world\n",
        "play/group_vars/all.yml": "greeting: hello\n",
    })  # fmt: skip
    raw = body(tmp_path, limit="a")
    files = bench.kind.files(bench.body(raw))
    assert set(files) == {"play", "play/site.yml", "hosts.ini", "group_vars?", "host_vars?"}
    assert bench.ask(Purpose.APPLY, bench.prepare(raw)).reading.outcome is Outcome.SUCCEEDED
    assert (tmp_path / "out").read_text() == "hello world"


def test_without_an_inventory_it_runs_here_with_a_python_that_works(ansible: Make, tmp_path: Path) -> None:
    bench = ansible({"site.yml": play(WRITE)})
    # A stand-in of a version manager comes first on the PATH, and does not work.
    stand_in = tmp_path / "shims" / "python3"
    stand_in.parent.mkdir()
    stand_in.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 127\n")
    stand_in.chmod(0o755)
    bench.env["PATH"] = f"{stand_in.parent}:{os.environ['PATH']}"
    raw = {"playbook": "site.yml", "variables": {"folder": str(tmp_path), "text": "here"}}
    assert bench.apply(bench.prepare(raw)).reading.outcome is Outcome.SUCCEEDED
    assert (tmp_path / "localhost.txt").read_text() == "here"


@pytest.mark.parametrize("spoil", ["play/site.yml", "hosts.ini", "agreement"])
def test_nothing_but_what_was_shown_is_run(ansible: Make, tmp_path: Path, spoil: str) -> None:
    bench = ansible({"play/site.yml": play(WRITE), "hosts.ini": HOSTS})
    ready = bench.prepare(body(tmp_path, variables={"text": "x"}))
    digest = ready.spec["inputs"]
    if spoil == "agreement":
        digest = "0" * 64
    else:
        with (tmp_path / "files" / spoil).open("a") as file:
            file.write("# \n")
    refused = bench.ask(Purpose.APPLY, ready, preview=digest)
    assert refused.reading.outcome is Outcome.FAILED
    assert "nothing was changed" in refused.reading.summary
    assert not (tmp_path / "a.txt").exists()


def test_a_rollback_takes_what_it_does_not_say_from_its_step(ansible: Make, tmp_path: Path) -> None:
    remove = 'name: Remove\nansible.builtin.file: {path: "{{ folder }}/{{ inventory_hostname }}.txt", state: absent}'
    bench = ansible({"play/site.yml": play(WRITE), "play/unsite.yml": play(remove), "hosts.ini": HOSTS})
    raw = body(tmp_path, limit="a", tags=["all"], variables={"text": "x"})
    ready = bench.prepare(raw)
    undo = bench.prepare_undo({"playbook": "play/unsite.yml"}, raw, ready)
    assert (undo.spec["limit"], undo.spec["tags"], undo.spec["role"]) == ("a", [], "undo")
    assert bench.ask(Purpose.APPLY, ready).reading.outcome is Outcome.SUCCEEDED
    shown, done = bench.rollback(undo)
    assert shown.preview.changed == 1
    assert done.reading.outcome is Outcome.SUCCEEDED, done
    assert not (tmp_path / "a.txt").exists()
