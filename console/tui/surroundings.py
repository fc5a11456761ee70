"""What Textual reads from the environment when it is imported, set before that for a slow line and a tired reader."""

from __future__ import annotations

import locale
from collections.abc import Mapping, MutableMapping

_ALWAYS = {
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_FPS": "15",
}
# Of Textual's own variables these would let the environment decide what runs or is written.
_NEVER = ("TEXTUAL", "TEXTUAL_PRESS", "TEXTUAL_SCREENSHOT", "TEXTUAL_DRIVER", "TEXTUAL_LOG", "TEXTUAL_DEBUG")


def prepare(environ: MutableMapping[str, str]) -> None:
    """Set the variables; what an operator set for speed or colour stays."""
    for name in _NEVER:
        environ.pop(name, None)
    for name, value in _ALWAYS.items():
        environ.setdefault(name, value)
    if not has_colour(environ):
        # Only a theme of the terminal's own colours, chosen before the import, leaves out every colour.
        environ["TEXTUAL_THEME"] = "ansi-dark"


def has_colour(environ: Mapping[str, str]) -> bool:
    """Whether colours are wanted (https://no-color.org)."""
    return not environ.get("NO_COLOR")


def is_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the terminal can be expected to show characters beyond ASCII."""
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG")
    charset = (named or "").partition(".")[2] or locale.getpreferredencoding(do_setlocale=False)
    return charset.lower().replace("-", "").partition("@")[0] == "utf8"
