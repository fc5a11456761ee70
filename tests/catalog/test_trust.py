"""Who else could change a file: everybody, a group, or nobody."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from console.catalog.trust import foreign, writable_by_others


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("x")
    return path


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o444, 0o755])
def test_modes_that_only_the_owner_can_write_with(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert writable_by_others(file) is None


def test_everybody_can_write(file: Path) -> None:
    file.chmod(0o666)
    assert writable_by_others(file) == "everybody can write to it (mode 666)"


def test_a_sticky_directory_is_safe_and_a_sticky_file_is_not(file: Path) -> None:
    file.parent.chmod(0o1777)
    assert writable_by_others(file.parent) is None
    file.chmod(0o1666)
    assert writable_by_others(file) is not None


def test_the_group_of_its_owner_alone_is_no_other(file: Path) -> None:
    me = pwd.getpwuid(os.geteuid())
    mine = grp.getgrgid(me.pw_gid)
    if mine.gr_name != me.pw_name or set(mine.gr_mem) - {me.pw_name}:
        pytest.skip(f"the group {mine.gr_name} is not of {me.pw_name} alone")
    os.chown(file, -1, me.pw_gid)
    file.chmod(0o664)
    assert writable_by_others(file) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_group_is_an_other(file: Path) -> None:
    os.chown(file, -1, 54_321)
    file.chmod(0o664)
    assert writable_by_others(file) == "its group can write to it (mode 664)"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_owner_is_foreign(file: Path) -> None:
    assert foreign(file) is None
    os.chown(file, 54_321, -1)
    assert foreign(file) == "it belongs to uid 54321"


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        writable_by_others(tmp_path / "nothing")
