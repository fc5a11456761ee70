"""Stand-ins for terraform and ansible-playbook: quick, faithful as far as our drivers look, and accountable.

`install` puts them into a directory; every real effect is then in the log exactly once.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """#!{python} -IS
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.standins.effects import Effects
from tests.standins.{module} import main
sys.exit(main(sys.argv[1:], Effects({tool!r}, Path({log!r}), Path(__file__).parent)))
"""


class StandIns:
    """Both tools in a directory of their own, their log, and the gates at which a test may hold them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.log = directory / "effects.log"
        directory.mkdir(parents=True, exist_ok=True)
        self.terraform = self._write("terraform", "terraform_program")
        self.ansible_playbook = self._write("ansible-playbook", "ansible_playbook_program")

    def _write(self, tool: str, module: str) -> Path:
        path = self.directory / tool
        path.write_text(
            _PROGRAM.format(python=sys.executable, root=str(_ROOT), module=module, tool=tool, log=str(self.log))
        )
        path.chmod(0o755)
        return path

    def effects(self) -> list[str]:
        """Every effect so far, in order: `TOOL ACTION THING begin|end`."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def repeated(self) -> dict[str, int]:
        """Effects that happened more than once."""
        return {effect: times for effect, times in Counter(self.effects()).items() if times > 1}

    def hold(self, thing: str) -> None:
        """From now on the effect on this thing begins and does not end."""
        (self.directory / f"hold.{thing}").touch()

    def release(self, thing: str) -> None:
        """Let it end."""
        (self.directory / f"hold.{thing}").unlink(missing_ok=True)
