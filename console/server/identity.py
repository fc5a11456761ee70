"""Who a client is. A home without an access file belongs to its owner, who holds every role."""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct

from console.engine.commands import Actor, ActorKind, Verdict
from console.errors import RefusedError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end of a UNIX socket, as it was when it connected."""
    size = struct.calcsize("3i")
    _pid, uid, _gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def identify(uid: int, as_name: str | None) -> Actor:
    """The operator behind a connection; a claimed name is believed here and recorded as asserted.

    Raises RefusedError for another user's process and for a name that is none.
    """
    if uid not in (os.getuid(), 0):
        raise RefusedError(
            "This console home belongs to another user.", mend="set CONSOLE_HOME to a directory of your own"
        )
    if as_name is not None and not _NAME.fullmatch(as_name):
        raise RefusedError(
            f"{as_name[:80]!r} is not a name.",
            mend="letters, digits and . _ @ + -, at most 64, beginning with one of the first two",
        )
    return Actor(
        kind=ActorKind.OPERATOR,
        name=as_name or user_name(uid),
        uid=uid,
        asserted=as_name is not None,
        unprotected=True,
    )


def user_name(uid: int) -> str:
    """The login name of a user id."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def verdict_for(who: Actor) -> Verdict:
    """What an operator may do in an unprotected home: everything, self-approval included, and it is recorded."""
    return Verdict(allowed=True, self_approval=True, reason="unprotected home: its owner holds every role")
