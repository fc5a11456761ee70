"""Write docs/licences.md from what is installed: the direct dependencies, their versions and their licences.

python -m tools.licences
"""

from __future__ import annotations

import re
import sys
import tomllib
from email.message import Message
from importlib.metadata import metadata
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"

HEAD = """\
# Licences

The console is licensed under Apache-2.0 (see [LICENSE](../LICENSE)). It does not contain its dependencies: pip
installs them. This page lists the direct ones with the licence that each declares.
`python -m tools.licences` writes it from the installed packages, and a test checks that it is current.

ansible-core and its modules are under the GPL. The console starts `ansible-playbook` as a process of its own
and imports nothing of ansible-core. paramiko is under the LGPL and is used as the library it is.
Terraform (BUSL-1.1), OpenTofu (MPL-2.0), OpenSSH, tmux and gnome-keyring are programs of the host; none of
them comes with the console.
"""


def declared_licence(package: Message) -> str:
    """The licence that a package declares, in the words of its metadata, on one line."""
    expression = package.get("License-Expression")
    if expression:
        return expression
    osi = "License :: OSI Approved :: "
    named = [line.removeprefix(osi) for line in package.get_all("Classifier") or () if line.startswith(osi)]
    if named:
        return ", ".join(named)
    return next(iter((package.get("License") or "").splitlines()), "not declared")


def table(requirements: list[str]) -> str:
    """A Markdown table of the packages that `requirements` name, in alphabetical order."""
    names = sorted((re.split(r"[^\w.-]", entry, maxsplit=1)[0] for entry in requirements), key=str.casefold)
    found = [cast("Message", metadata(name)) for name in names]  # which it is, by its documentation
    rows = [f"| {package['Name']} | {package['Version']} | {declared_licence(package)} |" for package in found]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows])


def page() -> str:
    """The whole page, for what is installed now. Raises PackageNotFoundError when a dependency is not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    used = table(project["project"]["dependencies"])
    development = table([entry for group in groups.values() for entry in group if isinstance(entry, str)])
    return f"{HEAD}\n## To run\n\n{used}\n\n## To build, check and test\n\n{development}\n"


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
