"""The command `console`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    from console.cli.lean import import_msgspec

    import_msgspec()
    from console.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
