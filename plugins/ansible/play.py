"""One run of a playbook through ansible-runner, in a private directory that nothing of it outlives."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ansible_runner
import msgspec

from console.steps.driving import say, small_environment, write_whole

from .events import Note, lines_for_people, note
from .spec import Spec
from .stop import Stop
from .variables import dump_literally

# The first source, so that any inventory may say otherwise. Discovery of an interpreter on this very host finds
# programs such as version managers' stand-ins; the Python that runs Ansible is known to work.
_DEFAULTS = "{{ ansible_playbook_python if ansible_connection | default('ssh') == 'local' else 'auto_silent' }}"
_ASK_OFTEN = 0.2
_RECORD = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW


class Play:
    """Runs the playbook of a spec; every event that tells something is kept, counted and shown as it comes."""

    def __init__(self, spec: Spec, files: Path, work: Path, stop: Stop) -> None:
        self.spec = spec
        self.files = files
        self.work = work
        self._stop = stop

    def run(self, checking: bool, record: Path, heard: Callable[[Note], None]) -> int | None:
        """The exit code of ansible-playbook, None when a signal ended it. Nothing is left running after a stop."""
        for left in self.work.glob("private-*"):
            shutil.rmtree(left, ignore_errors=True)
        private = Path(tempfile.mkdtemp(prefix="private-", dir=self.work))
        try:
            with os.fdopen(os.open(record, _RECORD, 0o600), "wb", buffering=0) as kept:
                return self._run(checking, private, lambda event: self._hear(event, checking, kept.write, heard))
        finally:
            self._stop.running = False
            self._stop.sweep()
            shutil.rmtree(private, ignore_errors=True)

    def _run(self, checking: bool, private: Path, hear: Callable[[dict[str, Any]], bool]) -> int | None:
        self._write_settings(private)
        os.environ.update(self._environment(private))
        self._stop.running = True
        self._stop.pass_on()
        runner = ansible_runner.run(
            private_data_dir=str(private),
            project_dir=str((self.files / self.spec.playbook).parent),
            ident="it",
            binary=self.spec.program,
            cmdline=shlex.join(self._arguments(checking, private)),
            quiet=True,
            suppress_env_files=True,
            fact_cache_type="memory",
            event_handler=hear,
            # Without one, ansible-runner would put its own signal handlers in place of ours.
            cancel_callback=self._stop.pass_on,
            status_handler=_forget_command,
        )
        code = runner.rc
        return code if isinstance(code, int) else None

    def _write_settings(self, private: Path) -> None:
        (private / "env").mkdir(mode=0o700)
        # Given as an argument they would be lost, since there are to be no other files of that kind.
        settings = {"pexpect_timeout": _ASK_OFTEN, "suppress_output_file": True, "suppress_ansible_output": True}
        write_whole(private / "env" / "settings", json.dumps(settings).encode())
        write_whole(private / "variables.yml", dump_literally(self.spec.variables))
        defaults = {"all": {"vars": {"ansible_python_interpreter": _DEFAULTS}}}
        write_whole(private / "defaults.yml", json.dumps(defaults).encode())
        write_whole(private / "empty.cfg", b"")
        (private / "tmp").mkdir(mode=0o700)

    def _arguments(self, checking: bool, private: Path) -> list[str]:
        spec = self.spec
        inventory = str(self.files / spec.inventory) if spec.inventory else "localhost,"
        chosen = [f"--limit={spec.limit}"] if spec.limit else []
        chosen += [f"--tags={','.join(spec.tags)}"] if spec.tags else []
        chosen += [f"--skip-tags={','.join(spec.skip_tags)}"] if spec.skip_tags else []
        # Why a task was skipped is told only with -v.
        mode = ["--check", "--diff", "-v"] if checking else []
        sources = [f"--inventory={private / 'defaults.yml'}", f"--inventory={inventory}"]
        local = [] if spec.inventory else ["--connection=local"]
        return [
            *sources,
            *local,
            *chosen,
            *mode,
            f"--extra-vars=@{private / 'variables.yml'}",
            str(self.files / spec.playbook),
        ]

    def _environment(self, private: Path) -> dict[str, str]:
        config = self.files / self.spec.config if self.spec.config else private / "empty.cfg"
        own = small_environment(self.spec.env)
        os.environ.clear()
        ours = {
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            # ansible-runner turns the check off where nobody says anything.
            "ANSIBLE_HOST_KEY_CHECKING": _host_key_checking(config),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return {**ours, **own}

    def _hear(
        self, event: dict[str, Any], checking: bool, keep: Callable[[bytes], Any], heard: Callable[[Note], None]
    ) -> bool:
        found = note(event, checking)
        if found is not None:
            keep(msgspec.json.encode(found) + b"\n")
            heard(found)
            for line in lines_for_people(found, checking):
                say(line)
        # False: ansible-runner keeps no copy with every result in it.
        return False


def _forget_command(status: dict[str, Any], runner_config: Any) -> None:
    """Remove the file in which ansible-runner keeps the whole environment; it has been written by now."""
    if status.get("status") == "running":
        (Path(runner_config.artifact_dir) / "command").unlink(missing_ok=True)


def _host_key_checking(config: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(config, "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return "True"
    return parser.get("defaults", "host_key_checking", fallback="True")
