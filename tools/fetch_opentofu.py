"""Fetch a pinned OpenTofu release, verify it, and put its `tofu` into a directory.

    python -m tools.fetch_opentofu --into .venv/bin

The archive must have the checksum that the release's own SHA256SUMS file gives for it. Where gpg is
installed, the signature of that file must be good and by OpenTofu's key. Nothing is left behind
when anything is wrong. $OPENTOFU_BASE_URL and $OPENTOFU_KEY_URL name a mirror.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.signature import SignatureProblem, verify_signature

VERSION = "1.10.6"
BASE_URL = "https://github.com/opentofu/opentofu/releases/download"
KEY_URL = "https://get.opentofu.org/opentofu.asc"
KEY_FINGERPRINT = "E3E6E43D84CB852EADB0051D0C0AF313E5FD9F80"

MAX_SUMS_BYTES = 1024 * 1024
MAX_ARCHIVE_BYTES = 300 * 1024 * 1024
TIMEOUT_SECONDS = 30


class FetchProblem(Exception):
    """Why there is no `tofu` now, in one line."""


@dataclass(frozen=True)
class Release:
    """A release, where it is published, and whose signature it must carry."""

    version: str = VERSION
    base_url: str = BASE_URL
    key_url: str = KEY_URL
    fingerprint: str = KEY_FINGERPRINT

    def url(self, name: str) -> str:
        """The address of one file of the release."""
        return f"{self.base_url.rstrip('/')}/v{self.version}/{name}"

    @property
    def sums(self) -> str:
        """The name of the file with the checksums."""
        return f"tofu_{self.version}_SHA256SUMS"

    def archive(self, system: str, machine: str) -> str:
        """The name of the archive for a platform, given as `platform` spells it. Raises FetchProblem."""
        systems = {"linux": "linux", "darwin": "darwin"}
        machines = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
        try:
            return f"tofu_{self.version}_{systems[system.lower()]}_{machines[machine.lower()]}.zip"
        except KeyError:
            raise FetchProblem(f"no OpenTofu release is pinned for {system} on {machine}") from None


def present(tofu: Path, version: str) -> bool:
    """Whether `tofu` already runs and is of this version."""
    try:
        done = subprocess.run([tofu, "version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.splitlines()[:1] == [f"OpenTofu v{version}"]


def fetch(release: Release, into: Path, *, gpg: str | None) -> str:
    """Put a verified `tofu` into `into`; returns what was done and checked, in one line. Raises FetchProblem.

    `gpg` is the program that checks the signature, or None to go without it.
    """
    tofu = into / "tofu"
    if present(tofu, release.version):
        return f"OpenTofu {release.version} is already in {into}"
    archive = release.archive(platform.system(), platform.machine())
    try:
        with tempfile.TemporaryDirectory(prefix=".tofu-", dir=into) as scratch:
            checked = _fetch_verified(release, archive, Path(scratch), gpg)
            unpacked = _unpack(Path(scratch) / archive)
            if not present(unpacked, release.version):
                raise FetchProblem(f"the tofu in {archive} does not run as OpenTofu {release.version} here")
            unpacked.replace(tofu)
    except OSError as problem:
        raise FetchProblem(f"nothing can be written to {into}: {problem}") from problem
    return f"OpenTofu {release.version} is now in {into}: {checked}"


def _fetch_verified(release: Release, archive: str, scratch: Path, gpg: str | None) -> str:
    sums = scratch / release.sums
    download(release.url(release.sums), sums, MAX_SUMS_BYTES)
    checked = "checksum verified, signature not checked because gpg is not installed"
    if gpg:
        _check_signature(release, sums, gpg)
        checked = "checksum and signature verified"
    expected = expected_checksum(sums.read_bytes(), archive)
    found = download(release.url(archive), scratch / archive, MAX_ARCHIVE_BYTES)
    if found != expected:
        raise FetchProblem(f"{archive} has the checksum {found}, but {release.sums} says {expected}")
    return checked


def _check_signature(release: Release, sums: Path, gpg: str) -> None:
    signature, key = sums.with_name("signature"), sums.with_name("key")
    download(release.url(f"{release.sums}.gpgsig"), signature, MAX_SUMS_BYTES)
    download(release.key_url, key, MAX_SUMS_BYTES)
    try:
        verify_signature(gpg, sums, signature, key, release.fingerprint)
    except SignatureProblem as problem:
        raise FetchProblem(f"the signature of {release.sums} is not accepted: {problem}") from problem


def expected_checksum(sums: bytes, archive: str) -> str:
    """The SHA-256, in hexadecimal, that a SHA256SUMS file gives for `archive`. Raises FetchProblem."""
    for line in sums.decode("utf-8", "replace").splitlines():
        checksum, _, name = line.strip().partition(" ")
        if name.strip().removeprefix("*") == archive and len(checksum) == 64:
            return checksum.lower()
    raise FetchProblem(f"the release's checksums do not mention {archive}")


def download(url: str, target: Path, limit: int) -> str:
    """Write what `url` holds, at most `limit` bytes, to `target`; returns its SHA-256.

    Raises FetchProblem for what is wrong with the network, OSError for what is wrong with the disk.
    """
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        for chunk in _chunks(url):
            digest.update(chunk)
            size += len(chunk)
            if size > limit:
                raise FetchProblem(f"{url} is larger than {limit} bytes")
            out.write(chunk)
    return digest.hexdigest()


def _chunks(url: str) -> Iterator[bytes]:
    size = 0
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            while chunk := answer.read(1 << 16):
                size += len(chunk)
                yield chunk
            announced = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as problem:
        problem.close()  # it holds the answer's socket
        raise FetchProblem(f"{url} cannot be fetched: {problem.code} {problem.reason}") from problem
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise FetchProblem(f"{url} cannot be fetched: {problem}") from problem
    if announced is not None and size != int(announced):
        raise FetchProblem(f"{url} was cut off: {size} of {announced} bytes arrived")


def _unpack(archive: Path) -> Path:
    unpacked = archive.with_name("tofu")
    try:
        with zipfile.ZipFile(archive) as opened, opened.open("tofu") as packed, unpacked.open("wb") as out:
            shutil.copyfileobj(packed, out)
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, KeyError) as problem:
        raise FetchProblem(f"{archive.name} does not hold a tofu: {problem}") from problem
    unpacked.chmod(0o755)
    return unpacked


def main() -> int:
    """Fetch into the directory that the command line names; on failure one line on stderr and exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True, help="the directory that tofu is put into")
    into = parser.parse_args().into
    release = Release(
        base_url=os.environ.get("OPENTOFU_BASE_URL") or BASE_URL,
        key_url=os.environ.get("OPENTOFU_KEY_URL") or KEY_URL,
    )
    try:
        print(fetch(release, into, gpg=shutil.which("gpg")))
    except FetchProblem as problem:
        print(f"OpenTofu was not installed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
