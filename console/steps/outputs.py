"""The `name=value` file through which a step hands over its outputs."""

from __future__ import annotations

import re
from pathlib import Path

from console.engine.reports import Value

OUTPUT_FILE = "CONSOLE_OUTPUT"
LARGEST = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def read_outputs(path: Path) -> dict[str, Value]:
    """The outputs in a file of `name=value` lines; a missing file has none. Later lines win; values stay text.

    Raises ValueError with the line at fault for a file that is too large, not UTF-8, or not of that form.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return {}
    if len(data) > LARGEST:
        raise ValueError(f"the step wrote more than {LARGEST} bytes to ${OUTPUT_FILE}")
    outputs: dict[str, Value] = {}
    for number, line in enumerate(data.decode("utf-8", errors="strict").splitlines(), 1):
        if not line.strip():
            continue
        name, found, value = line.partition("=")
        if not found or not _NAME.fullmatch(name):
            raise ValueError(f"line {number} of ${OUTPUT_FILE} is not name=value: {line[:80]!r}")
        outputs[name] = value
    return outputs
