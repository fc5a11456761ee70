"""The command `console`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    try:
        from console.cli.lean import import_msgspec

        import_msgspec()
        from console.cli.main import main as run
    except KeyboardInterrupt:  # before there was anything to interrupt
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
