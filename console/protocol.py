"""The messages between client and server."""

from __future__ import annotations

# A server speaks this version and the one before it.
VERSION = 1
