"""Check an OpenPGP signature with gpg, against one key that is known by its fingerprint."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

TIMEOUT_SECONDS = 60


class SignatureProblem(Exception):
    """Why the signature does not count, in one line."""


def verify_signature(gpg: str, signed: Path, signature: Path, key: Path, fingerprint: str) -> None:
    """Check that `signature` over `signed` is good and by the primary key `fingerprint`, which `key` holds.

    Works in a key ring of its own, so that what the user trusts neither helps nor hinders.
    Raises SignatureProblem.
    """
    # A short path: gpg-agent makes a socket in it.
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        _gpg(gpg, home, "--import", str(key))
        status = _gpg(gpg, home, "--verify", str(signature), str(signed))
    words = [line.split()[1:] for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    good = any(entry[:1] == ["GOODSIG"] for entry in words)
    # VALIDSIG ends with the fingerprint of the primary key, also when a subkey signed.
    signers = [entry[-1] for entry in words if entry[:1] == ["VALIDSIG"]]
    if not good or signers != [fingerprint]:
        raise SignatureProblem(f"signed by {', '.join(signers) or 'nobody known'}, expected {fingerprint}")


def _gpg(gpg: str, home: str, *arguments: str) -> str:
    command = [
        gpg,
        "--homedir",
        home,
        "--batch",
        "--no-tty",
        "--no-autostart",
        "--status-fd",
        "1",
        *arguments,
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise SignatureProblem(f"gpg did not run: {problem}") from problem
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        raise SignatureProblem(f"gpg: {said[-1]}")
    return done.stdout.decode("utf-8", "replace")
