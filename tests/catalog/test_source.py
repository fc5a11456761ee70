"""A file that may be anything is read without blocking, and only as far as needed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from console.catalog.load import load_file
from console.catalog.registry import Registry
from console.catalog.source import LARGEST, Unreadable, read_bytes
from console.engine.problem import Problem
from console.errors import InvalidRunbook


def only_problem(path: Path, registry: Registry) -> Problem:
    with pytest.raises(InvalidRunbook) as caught:
        load_file(path, registry)
    assert len(caught.value.problems) == 1, caught.value
    problem: Problem = caught.value.problems[0]
    assert problem.file == str(path)
    return problem


def test_a_pipe_does_not_block(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert only_problem(path, registry).code == "not-a-file"


def test_a_directory_a_socket_and_a_device_are_named(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "d.yaml").mkdir()
    assert "a directory" in only_problem(tmp_path / "d.yaml", registry).message
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert "a socket" in only_problem(tmp_path / "s", registry).message
    with pytest.raises(Unreadable, match="a device"):
        read_bytes(Path("/dev/zero"))


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    problem = only_problem(path, registry)
    assert problem.code == "too-large"
    assert problem.message == "the file has 52428800 bytes, more than the 1048576 that are read"


def test_the_limit_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / "full"
    path.write_bytes(b"x" * LARGEST)
    assert len(read_bytes(path)) == LARGEST
    path.write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(Unreadable):
        read_bytes(path)


def test_a_file_that_claims_no_size_is_still_bounded() -> None:
    with pytest.raises(Unreadable, match="more than the 8 that are read"):
        read_bytes(Path("/proc/self/status"), 8)


def test_a_missing_file_and_a_dangling_link(tmp_path: Path, registry: Registry) -> None:
    assert only_problem(tmp_path / "none.yaml", registry).code == "unreadable"
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")
    assert only_problem(tmp_path / "link.yaml", registry).code == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "closed.yaml"
    path.write_text("runbook: x\n")
    path.chmod(0)
    assert only_problem(path, registry).code == "unreadable"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"runbook: caf\xe9\n", "not-utf8"),
        ("runbook: x\n".encode("utf-16"), "not-utf8"),
        (b"runbook: x\x00\n", "control-character"),
        (b"runbook: \x1b[31mred\n", "control-character"),
        (b"runbook: x\rtitle: y\n", "control-character"),
        ("runbook: \u202eevil\n".encode(), "control-character"),
        ("runbook: a\u2028b\n".encode(), "control-character"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(128)) * 50, "control-character"),
    ],
)
def test_text_that_is_none_is_named_with_its_place(tmp_path: Path, registry: Registry, data: bytes, code: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(data)
    with pytest.raises(InvalidRunbook) as caught:
        load_file(path, registry)
    problems = caught.value.problems
    assert {problem.code for problem in problems} == {code}
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)
    assert len(problems) <= 20


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfrunbook: bom\r\ntitle: Bom\r\nsteps: [{id: a, shell: ls, effect: reads}]\r\n")
    assert load_file(path, registry).runbook.id == "bom"


def test_a_file_that_others_can_write_to_is_refused(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "open.yaml"
    path.write_text("runbook: open\ntitle: Open\nowner: a\ncontact: b\nsteps: [{id: a, shell: ls, effect: reads}]\n")
    assert load_file(path, registry).runbook.id == "open"
    path.chmod(0o646)
    problem = only_problem(path, registry)
    assert problem.code == "writable"
    assert problem.mend == f"chmod go-w {path}"
    path.chmod(0o644)
    tmp_path.chmod(0o777)
    assert only_problem(path, registry).code == "writable"
    tmp_path.chmod(0o1777)
    assert load_file(path, registry).runbook.id == "open"
