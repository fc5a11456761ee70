"""Starting quickly: a verb that only asks the server is over in a fraction of what its imports could cost."""

from __future__ import annotations

import sys


def import_msgspec() -> None:
    """Import msgspec without typing_extensions, which it asks for first and which takes longer than all else here.

    Since Python 3.11 `typing` has everything that msgspec wants of it. Whoever needs typing_extensions itself, as the
    screens do, imports it afterwards as ever.
    """
    if "typing_extensions" in sys.modules or "msgspec" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # how Python spells "not to be found"
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules["typing_extensions"]
