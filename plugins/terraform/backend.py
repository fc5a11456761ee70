"""Where the state lives: in the step's own state directory, unless the configuration names a backend of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

OVERRIDE = "console_backend_override.tf.json"
_SOURCES = ("*.tf", "*.tofu")
_JSON_SOURCES = ("*.tf.json", "*.tofu.json")
# A text in quotes is kept whole, so that a comment sign inside it opens no comment.
_COMMENT_OR_TEXT = re.compile(r'("(?:\\.|[^"\\\n])*")|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)
_BACKEND = re.compile(r'^\s*backend\s+"([^"]+)"\s*\{', re.MULTILINE)
_CLOUD = re.compile(r"^\s*cloud\s*\{", re.MULTILINE)


def own_backend(module: Path) -> str | None:
    """The backend that the configuration declares for itself, such as `s3`; None for none and for `local`."""
    for source in (path for pattern in _SOURCES for path in sorted(module.glob(pattern))):
        text = _COMMENT_OR_TEXT.sub(lambda match: match[1] or " ", source.read_text("utf-8", "replace"))
        found = _BACKEND.search(text)
        name = found[1] if found else "cloud" if _CLOUD.search(text) else None
        if name and name != "local":
            return name
    for source in (path for pattern in _JSON_SOURCES for path in sorted(module.glob(pattern))):
        for name in _declared(source):
            if name != "local":
                return name
    return None


def keep_state_at(module: Path, state: Path) -> None:
    """Make the local backend use this file, whatever path the configuration says."""
    override = {"terraform": {"backend": {"local": {"path": str(state)}}}}
    (module / OVERRIDE).write_text(json.dumps(override, indent=2) + "\n", "utf-8")


def _declared(source: Path) -> list[str]:
    try:
        document = json.loads(source.read_text("utf-8", "replace"))
    except ValueError:
        return []
    blocks = document.get("terraform", {}) if isinstance(document, dict) else {}
    names: list[str] = []
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if isinstance(block, dict):
            backend = block.get("backend", {})
            names += backend if isinstance(backend, dict) else []
            names += ["cloud"] if "cloud" in block else []
    return names
