"""`console doctor`: what is installed, what is missing, and what each lack disables. It never fails on a lack."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import console
from console.cli.call import Call
from console.cli.shapes import DoctorView, Finding
from console.client.connection import Client
from console.errors import EXIT_DONE, ConsoleError, ServerUnreachable
from console.protocol import ServerStatus
from console.view.sanitise import line as clean

ASKING_SECONDS = 10
_ESSENTIAL = ("python", "home")
# name, the first of these programs that is found, how it says its version, what does not work without it
_TOOLS = (
    ("terraform", ("terraform", "tofu"), "version", "steps of kind terraform"),
    ("ansible", ("ansible-playbook",), "--version", "steps of kind ansible"),
    ("ssh", ("ssh",), "-V", "steps and consoles on other hosts"),
    ("tmux", ("tmux",), "-V", "copying by tmux; tests through a real terminal"),
    ("curl", ("curl",), "--version", "health checks that call it, as the demo's does"),
    ("git", ("git",), "--version", "runbooks that call it"),
)


def options(parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes."""
    parser.add_argument("--no-versions", action="store_true", help="start no tool to ask for its version")


def run(call: Call) -> int:
    """Look at everything that the console uses."""
    findings = tuple(_findings(call))
    body = DoctorView(ok=all(one.found for one in findings if one.name in _ESSENTIAL), findings=findings)
    call.show(body, lambda: _lines(findings))
    return EXIT_DONE


def _lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    for one in findings:
        yield f"{'OK' if one.found else 'MISSING':<8} {one.name:<10} {clean(one.detail, limit=300)}".rstrip()
        if not one.found and one.disables:
            yield f"{'':<19} without it: {one.disables}"
        if not one.found and one.mend:
            yield f"{'':<19} to mend: {clean(one.mend, limit=300)}"


def _findings(call: Call) -> Iterator[Finding]:
    yield Finding(name="python", found=True, detail=f"{platform.python_version()} in {sys.prefix}")
    yield Finding(name="console", found=True, detail=console.__version__)
    for name, programs, option, disables in _TOOLS:
        yield _tool(name, programs, None if call.arguments.no_versions else option, disables)
    yield _keyring()
    yield _home(call)
    yield _server(call)
    yield _journal(call)


def _path() -> str:
    # What the server sees: this interpreter's tools come first.
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _tool(name: str, programs: tuple[str, ...], option: str | None, disables: str) -> Finding:
    found = next((place for program in programs if (place := shutil.which(program, path=_path()))), None)
    if found is None:
        return Finding(
            name=name,
            found=False,
            detail=f"no {' or '.join(programs)} on the PATH",
            disables=disables,
            mend="install it",
        )
    version = f", {_version(found, option)}" if option else ""
    return Finding(name=name, found=True, detail=f"{found}{version}", disables=disables)


def _version(program: str, option: str) -> str:
    try:
        done = subprocess.run(
            [program, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ASKING_SECONDS,
            check=False,
            # Terraform would ask the network whether there is a newer one.
            env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        )
    except subprocess.TimeoutExpired:
        return f"gave no version within {ASKING_SECONDS} seconds"
    except OSError as problem:
        return f"cannot be started: {problem.strerror}"
    said = done.stdout.decode("utf-8", "replace").strip()
    # Warnings about a tool's configuration come before its version.
    numbered = (line for line in said.splitlines() if re.search(r"\d+\.\d", line))
    return next(numbered, said.partition("\n")[0])[:80] or f"exit code {done.returncode}"


def _keyring() -> Finding:
    disables = "secrets in a desktop's secret service"
    try:
        version = metadata.version("keyring")
    except metadata.PackageNotFoundError:
        return Finding(name="keyring", found=False, detail="the package keyring", disables=disables, mend="install it")
    bus = bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS"))
    detail = f"keyring {version}, {'with' if bus else 'without'} a session bus"
    mend = "log in to a desktop, or start one with dbus-run-session"
    return Finding(name="keyring", found=bus, detail=detail, disables=disables, mend="" if bus else mend)


def _home(call: Call) -> Finding:
    root = call.home.root
    if not root.exists():
        return Finding(name="home", found=True, detail=f"{root}, which the first run makes")
    usable = root.is_dir() and os.access(root, os.R_OK | os.W_OK | os.X_OK)
    private = usable and not root.stat().st_mode & 0o022 and root.stat().st_uid == os.geteuid()
    mend = "" if private else f"chmod 700 {root}, or set CONSOLE_HOME to a directory of yours"
    detail = f"{root}" + ("" if usable else ", which cannot be used") + ("" if private else ", open to others")
    return Finding(name="home", found=private, detail=detail, disables="everything", mend=mend)


def _server(call: Call) -> Finding:
    client = Client(call.home, as_name=call.as_name, start=False)
    try:
        status = client.ask(ServerStatus())
    except ServerUnreachable as problem:
        return Finding(name="server", found=True, detail=f"{problem.message} The next verb starts one.")
    except ConsoleError as problem:
        return Finding(name="server", found=False, detail=problem.message, disables="runs", mend=problem.mend or "")
    finally:
        client.close()
    if status.trouble is not None:
        return Finding(name="server", found=False, detail=status.trouble, disables="everything but looking")
    return Finding(name="server", found=True, detail=f"process {status.pid}, version {status.version}")


def _journal(call: Call) -> Finding:
    place = call.home.journal
    try:
        size = place.stat().st_size
    except FileNotFoundError:
        return Finding(name="journal", found=True, detail="none yet")
    except OSError as problem:
        return Finding(name="journal", found=False, detail=f"{place}: {problem.strerror}", disables="everything")
    return Finding(name="journal", found=True, detail=f"{place}, {size // 1024} kB; console verify looks through it")
