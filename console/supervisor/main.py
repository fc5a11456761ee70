"""The supervisor of one attempt: `python -I -S -X utf8 main.py ATTEMPT < spec`. ATTEMPT is only for people to see.

It says one line on its standard output: `started`, `already` (somebody else has the permit), or `error …` (nothing was
started); then it lets go of its standard streams and stays until the attempt has ended.
"""

from __future__ import annotations

import sys


def _find_ourselves() -> None:
    # Without `site` nothing of ours can be imported; after the standard library, so that it hides none of it.
    sys.path.append(__file__.removesuffix("/console/supervisor/main.py"))


if __name__ == "__main__":
    _find_ourselves()
    from console.supervisor.supervise import main

    sys.exit(main())
