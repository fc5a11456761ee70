"""`console version`: the version of this program."""

from __future__ import annotations

import argparse

import console
from console.cli.call import Call
from console.cli.shapes import VersionView
from console.errors import EXIT_DONE
from console.protocol import OLDEST, VERSION


def options(_parser: argparse.ArgumentParser) -> None:
    """Declare what the verb takes: nothing of its own."""


def run(call: Call) -> int:
    """Show the version."""
    body = VersionView(version=console.__version__, protocol=VERSION, oldest_protocol=OLDEST)
    call.show(body, lambda: [f"console {console.__version__}"])
    return EXIT_DONE
