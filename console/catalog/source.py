"""Reading a file that may be anything: a pipe, a device, 50 MB, not UTF-8. It never blocks and reads only so much."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from console.catalog.findings import Findings, Mark

LARGEST = 1024 * 1024
# Line separators beside \n would make our line numbers differ from an editor's; embedding and override characters
# (bidi) make a screen show another text than the one that runs.
_REFUSED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\r(?!\n)"
)
_MEND = "remove it; in a double-quoted text an escape such as \\t may stand for it"


class Unreadable(Exception):
    """The file cannot be read as a runbook; `code` says which problem it is."""

    def __init__(self, code: str, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.mend = mend


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """The content of a regular file of at most `largest` bytes. Raises Unreadable."""
    try:
        _refuse_special(path.stat().st_mode)
        # A pipe that took the file's place since would block without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(file.fileno())
            _refuse_special(found.st_mode)
            data = b"" if found.st_size > largest else file.read(largest + 1)
    except (OSError, ValueError) as error:
        raise Unreadable("unreadable", f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if found.st_size > largest or len(data) > largest:
        size = max(found.st_size, len(data))
        raise Unreadable("too-large", f"has {size} bytes, more than the {largest} that are read", "split it up")
    return data


def decode(data: bytes, findings: Findings) -> str | None:
    """The text of a file without its byte order mark; None, with the problem recorded, when it is none."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        kind = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{data[error.start]:02x}"
        findings.add("not-utf8", f"the file is not UTF-8: {kind}", Mark(line, column), "save it as UTF-8")
        return None
    return text if only_readable(text, findings) else None


def only_readable(text: str, findings: Findings) -> bool:
    """Whether a text holds no character that a screen would not show as it is; those that it holds are recorded."""
    count = 0
    for count, found in enumerate(_REFUSED.finditer(text), 1):
        start = found.start()
        mark = Mark(text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        findings.add("control-character", f"the character U+{ord(found[0]):04X} cannot stand here", mark, _MEND)
        if count >= 20:  # a binary file has thousands
            break
    return count == 0


def read_source(path: Path, findings: Findings) -> str | None:
    """The text of a runbook; None, with the problems recorded, when there is none to be had."""
    try:
        data = read_bytes(path)
    except Unreadable as error:
        findings.add(error.code, f"the file {error}", mend=error.mend)
        return None
    return decode(data, findings)


def control_character(text: str) -> str | None:
    """The first character of a value that no file, screen or environment should get, as `U+001B`."""
    found = _REFUSED.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def _refuse_special(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    names = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    name = next((name for is_such, name in names if is_such(mode)), "a device")
    raise Unreadable("not-a-file", f"is {name}, not a file", "name a .yaml file")
