"""Start of the driver process: finds its package and the console's library, then does what the spec asks."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from pathlib import Path
from types import ModuleType

_PACKAGE = "console_ansible_driver"


def main() -> int:
    """Read the spec from standard input and answer its question; the exit code is 0 where the work is complete."""
    # A stop that comes early waits until there is somebody to understand it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    given = json.load(sys.stdin.buffer)
    sys.path.append(given["library"])
    package = ModuleType(_PACKAGE)
    package.__path__ = [str(Path(__file__).resolve().parent)]
    sys.modules[_PACKAGE] = package
    code: int = importlib.import_module(f"{_PACKAGE}.work").main(given)
    return code


if __name__ == "__main__":
    sys.exit(main())
