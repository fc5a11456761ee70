from __future__ import annotations

import hashlib
import os
import platform
import shutil
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

from tools.fetch_opentofu import KEY_FINGERPRINT, FetchProblem, Release, expected_checksum, fetch

GPG = shutil.which("gpg")


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read stderr."""


@dataclass
class Published:
    """A release on a local server, which a test then spoils."""

    directory: Path
    release: Release
    archive: str = field(init=False)

    def __post_init__(self) -> None:
        self.archive = self.release.archive(platform.system(), platform.machine())

    @property
    def folder(self) -> Path:
        return self.directory / f"v{self.release.version}"

    def publish(self, tofu: bytes, name: str = "tofu") -> None:
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("LICENSE", "…")
            archive.writestr(name, tofu)
        self.folder.mkdir(exist_ok=True)
        (self.folder / self.archive).write_bytes(packed.getvalue())
        self.write_sums(f"{hashlib.sha256(packed.getvalue()).hexdigest()}  {self.archive}\n")

    def write_sums(self, text: str) -> None:
        (self.folder / self.release.sums).write_text(f"{'0' * 64}  another_file.zip\n{text}")


def program(version: str) -> bytes:
    return f"#!/bin/sh\necho 'OpenTofu v{version}'\necho 'on here'\n".encode()


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Published]:
    directory = tmp_path / "published"
    directory.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    found = Published(directory, Release(base_url=base, key_url=f"{base}/key.asc"))
    found.publish(program(found.release.version))
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    return directory


def refused(published: Published, into: Path, gpg: str | None = None) -> str:
    """The reason of the refusal, after checking that nothing was left behind."""
    with pytest.raises(FetchProblem) as caught:
        fetch(published.release, into, gpg=gpg)
    assert list(into.iterdir()) == []
    return str(caught.value)


def test_a_release_with_the_right_checksum_is_installed_and_the_missing_signature_check_is_said(
    published: Published, into: Path
) -> None:
    said = fetch(published.release, into, gpg=None)
    assert "checksum verified, signature not checked" in said
    assert [path.name for path in into.iterdir()] == ["tofu"]
    assert stat.S_IMODE((into / "tofu").stat().st_mode) == 0o755


def test_a_wrong_checksum_is_refused(published: Published, into: Path) -> None:
    published.write_sums(f"{'a' * 64}  {published.archive}\n")
    assert "a" * 64 in refused(published, into)


def test_an_archive_that_the_checksums_do_not_mention_is_refused(published: Published, into: Path) -> None:
    published.write_sums("")
    assert "do not mention" in refused(published, into)


@pytest.mark.parametrize("missing", ["sums", "archive"])
def test_a_file_that_is_not_published_is_refused(published: Published, into: Path, missing: str) -> None:
    (published.folder / getattr(published if missing == "archive" else published.release, missing)).unlink()
    assert "404" in refused(published, into)


def test_an_archive_without_the_program_is_refused(published: Published, into: Path) -> None:
    published.publish(program(published.release.version), name="terraform")
    assert "does not hold a tofu" in refused(published, into)


def test_something_that_is_no_archive_is_refused(published: Published, into: Path) -> None:
    (published.folder / published.archive).write_bytes(b"hello")
    published.write_sums(f"{hashlib.sha256(b'hello').hexdigest()}  {published.archive}\n")
    assert "does not hold a tofu" in refused(published, into)


def test_a_program_of_another_version_is_refused(published: Published, into: Path) -> None:
    published.publish(program("0.0.1"))
    assert "does not run" in refused(published, into)


def test_a_download_that_is_cut_off_is_refused(published: Published, into: Path) -> None:
    class CutOff(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), CutOff)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        published.release = replace(published.release, base_url=f"http://127.0.0.1:{server.server_port}")
        assert "10 of 1000 bytes" in refused(published, into)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_where_nothing_listens_is_refused(published: Published, into: Path) -> None:
    published.release = replace(published.release, base_url="http://127.0.0.1:1")
    assert "cannot be fetched" in refused(published, into)


def test_a_target_that_does_not_exist_is_said(published: Published, tmp_path: Path) -> None:
    with pytest.raises(FetchProblem, match="nothing can be written to"):
        fetch(published.release, tmp_path / "nowhere", gpg=None)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_target_that_is_closed_is_said(published: Published, into: Path) -> None:
    into.chmod(0o500)
    with pytest.raises(FetchProblem, match="nothing can be written to"):
        fetch(published.release, into, gpg=None)


def test_one_that_is_there_already_is_not_fetched_again(published: Published, into: Path) -> None:
    fetch(published.release, into, gpg=None)
    shutil.rmtree(published.folder)
    assert "already" in fetch(published.release, into, gpg=None)


def test_a_broken_one_is_replaced(published: Published, into: Path) -> None:
    (into / "tofu").write_bytes(b"\x7fELF half of it")
    (into / "tofu").chmod(0o755)
    fetch(published.release, into, gpg=None)
    assert (into / "tofu").read_bytes() == program(published.release.version)


def test_a_platform_without_a_release_is_said() -> None:
    with pytest.raises(FetchProblem, match="Plan9 on mips"):
        Release().archive("Plan9", "mips")


@pytest.mark.parametrize("line", ["{sum}  {name}", "{sum} *{name}", "{sum}  {name}\r"])
def test_the_spellings_of_a_checksum_file(line: str) -> None:
    sums = line.format(sum="AB" * 32, name="x.zip").encode()
    assert expected_checksum(b"\xff\n" + sums + b"\n", "x.zip") == "ab" * 32


def test_a_checksum_for_a_longer_name_is_not_taken() -> None:
    with pytest.raises(FetchProblem):
        expected_checksum(b"a" * 64 + b"  x.zip.sig\n" + b"b" * 64 + b"  my-x.zip\n", "x.zip")


def test_the_command_takes_the_mirror_from_the_environment(published: Published, into: Path) -> None:
    env = os.environ | {
        "OPENTOFU_BASE_URL": published.release.base_url,
        "PATH": "",
    }  # no gpg on an empty PATH
    command = [sys.executable, "-m", "tools.fetch_opentofu", "--into", str(into)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    published.write_sums("")
    (into / "tofu").unlink()
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(GPG is None, reason="gpg is not installed: signatures cannot be checked here")
class TestTheSignature:
    @pytest.fixture
    def signer(self, published: Published) -> Iterator[Signer]:
        signer = Signer(published)
        yield signer
        signer.close()

    def test_a_good_one_by_the_expected_key_is_accepted(self, published: Published, into: Path, signer: Signer) -> None:
        published.release = replace(published.release, fingerprint=signer.fingerprint)
        assert "checksum and signature verified" in fetch(published.release, into, gpg=GPG)

    def test_one_by_another_key_is_refused(self, published: Published, into: Path, signer: Signer) -> None:
        assert f"expected {KEY_FINGERPRINT}" in refused(published, into, GPG)

    def test_checksums_that_were_changed_after_signing_are_refused(
        self, published: Published, into: Path, signer: Signer
    ) -> None:
        published.release = replace(published.release, fingerprint=signer.fingerprint)
        published.publish(program(published.release.version) + b"# changed\n")
        assert "not accepted" in refused(published, into, GPG)

    def test_one_that_is_not_published_is_refused(self, published: Published, into: Path, signer: Signer) -> None:
        (published.folder / f"{published.release.sums}.gpgsig").unlink()
        assert "404" in refused(published, into, GPG)


class Signer:
    """Signs the published checksums with a key of its own, and publishes that key."""

    def __init__(self, published: Published) -> None:
        self.home = published.directory / "h"
        self.home.mkdir(mode=0o700)
        self._gpg("--passphrase", "", "--quick-generate-key", "releases@example.org", "ed25519", "sign", "never")
        listed = self._gpg("--with-colons", "--list-keys")
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        (published.directory / "key.asc").write_text(self._gpg("--armor", "--export"))
        sums = published.folder / published.release.sums
        self._gpg("--output", f"{sums}.gpgsig", "--detach-sign", str(sums))

    def _gpg(self, *arguments: str) -> str:
        command = [
            GPG or "gpg",
            "--homedir",
            str(self.home),
            "--batch",
            "--pinentry-mode",
            "loopback",
            *arguments,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """End the agent that making a key has started."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=True)
