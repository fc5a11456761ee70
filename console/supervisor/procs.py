"""Processes as /proc shows them: who descends from whom, and signals that cannot hit a stranger."""

from __future__ import annotations

import os

from console.supervisor.signals import send_through

NAME_LENGTH = 64


class Process:
    """One live process. (pid, start) names it for as long as the host is up; a pid alone is used again."""

    __slots__ = ("name", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, stat: str) -> None:
        head, _, rest = stat.rpartition(")")
        fields = rest.split()
        self.pid = pid
        self.name = printable(head.partition("(")[2])
        self.state = fields[0]
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.start = int(fields[19])


def printable(text: str, length: int = NAME_LENGTH) -> str:
    """Text from outside as one short printable line: whatever a terminal could act on becomes `?`."""
    return "".join(char if char.isprintable() else "?" for char in text[:length])


def process(pid: int) -> Process | None:
    """The process with this pid, or None if there is none now."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return Process(pid, file.read())
    except (OSError, IndexError, ValueError):
        return None


def processes() -> list[Process]:
    """Every process that is visible, zombies left out."""
    seen = (process(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [one for one in seen if one is not None and one.state not in "ZX"]


def descendants(root: int) -> list[Process]:
    """The live descendants of a process, parents before children."""
    children: dict[int, list[Process]] = {}
    for one in processes():
        children.setdefault(one.parent, []).append(one)
    found: list[Process] = []
    parents = [root]
    while parents:
        below = children.pop(parents.pop(0), [])
        found += below
        parents += [one.pid for one in below]
    return found


def send(pid: int, start: int, signal_number: int) -> bool:
    """Signal exactly this process; False if it has gone, even if its pid is in use again."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        now = process(pid)
        if now is None or now.start != start:
            return False
        send_through(handle, signal_number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def boot_id() -> str:
    """What tells one boot of the host from another; empty where the kernel does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""
