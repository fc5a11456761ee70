"""The environment and the command of a server that a client starts: an allow-list, so that it is no client's."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from console.config import Home

PASSED_ON = (
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "SSH_AUTH_SOCK",
    "CONSOLE_TERRAFORM",
    "CONSOLE_ANSIBLE_PLAYBOOK",
    "CONSOLE_FAULT_AT",
    "CONSOLE_FAULT_LOG",
)
_STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def server_environment(home: Home, environ: Mapping[str, str]) -> dict[str, str]:
    """What the server sees of `environ`; $CONSOLE_HOME is absolute in it, and this interpreter's tools come first."""
    passed = {name: environ[name] for name in PASSED_ON if name in environ}
    passed |= {name: value for name, value in environ.items() if name.startswith("LC_")}
    tools = str(Path(sys.executable).parent)
    passed["PATH"] = os.pathsep.join([tools, environ.get("PATH") or _STANDARD_PATH])
    passed["CONSOLE_HOME"] = str(home.root)
    if place := _package_path(environ):
        passed["PYTHONPATH"] = place
    return passed


def server_command(*options: str) -> list[str]:
    """How the server is called: by this interpreter, which must not look for modules where it happens to stand."""
    return [sys.executable, "-P", "-m", "console", "server", "run", *options]


def _package_path(environ: Mapping[str, str]) -> str | None:
    """Where the package is when a fresh interpreter would not find it: in a checkout that is not installed."""
    package = str(Path(__file__).resolve().parents[2])
    given = environ.get("PYTHONPATH", "").split(os.pathsep)
    # sys.path[0] is where this program was started, which is no place of an installation.
    installed = package in sys.path[1:] and package not in given
    return None if installed else package
