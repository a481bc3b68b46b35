"""A file is written whole or not at all, whatever fails on the way."""

import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError, atomic_write

OLD, NEW = "old\n", "new and longer\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "edges.csv"
    path.write_text(OLD)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, text: str = NEW) -> None:
    with atomic_write(path) as part:
        part.write_text(text)


def test_readers_see_the_old_file_until_the_end(target):
    with atomic_write(target) as part:
        part.write_text(NEW)
        assert target.read_text() == OLD and part.parent == target.parent
    assert target.read_text() == NEW and files(target.parent) == ["edges.csv"]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), InputError("x")])
def test_a_failing_block_leaves_the_old_file_and_raises_its_own_error(target, error):
    with pytest.raises(type(error)), atomic_write(target) as part:
        part.write_text("half")
        raise error
    assert target.read_text() == OLD and files(target.parent) == ["edges.csv"]


DISKS = [
    (errno.ENOSPC, "open", "cannot write .*edges.csv: no space left on the disk; free some"),
    (errno.EDQUOT, "block", "no space left"),
    (errno.EACCES, "open", "the folder .* is not writable; choose another"),
    (errno.EROFS, "replace", "is not writable"),
    (errno.EIO, "fsync", "cannot write .*edges.csv: Input/output error"),
    (errno.ENOSPC, "block", "no space left"),
]


@pytest.mark.parametrize(("number", "where", "words"), DISKS)
def test_a_failing_disk_leaves_the_old_file_and_is_said(target, monkeypatch, number, words, where):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    if where != "block":
        monkeypatch.setattr(os, where, fail)
    with pytest.raises(WriteError, match=words) as caught, atomic_write(target) as part:
        part.write_text("half")
        if where == "block":
            fail()
    monkeypatch.undo()
    assert caught.value.exit_code == 5
    assert target.read_text() == OLD and files(target.parent) == ["edges.csv"]


def test_a_missing_folder_is_said_before_the_block_runs(tmp_path):
    with pytest.raises(WriteError, match="there is no folder .*nowhere; create it first"):
        with atomic_write(tmp_path / "nowhere" / "edges.csv"):
            pytest.fail("the block must not run")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("edges.csv/x.csv", "there is no folder"),
        ("folder", "it is a folder; give the name of a file"),
        ("pipe", "no plain file"),
        ("n" * 252 + ".csv", "name is too long"),
    ],
)
def test_a_place_for_no_file_is_refused_and_left_alone(target, tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WriteError, match=words):
        write(tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert files(tmp_path) == ["edges.csv", "folder", "pipe"]


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "ß" * 120 + ".csv"])
def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path, name):
    write(tmp_path / name)
    assert files(tmp_path) == [name]


def test_rights_are_those_of_the_old_file_or_of_any_new_one(target):
    target.chmod(0o640)
    write(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        write(target.parent / "new.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((target.parent / "new.csv").stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays_a_link(target):
    link = target.parent / "link.csv"
    link.symlink_to(target.name)
    write(link)
    assert link.is_symlink() and target.read_text() == NEW


def run(code: str, *arguments: object) -> subprocess.Popen:
    words = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_a_process_killed_while_it_writes_leaves_the_old_file(target):
    code = """
        import os, signal, sys
        from grnular_core.utils.files import atomic_write
        with atomic_write(sys.argv[1]) as part:
            part.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    with run(code, target) as process:
        assert process.wait() == -signal.SIGKILL
    assert target.read_text() == OLD
    (left,) = [name for name in files(target.parent) if name != "edges.csv"]
    assert left.startswith(".") and left.endswith(".part")
    write(target)  # what the killed one left is in nobody's way
    assert target.read_text() == NEW


def test_two_writers_leave_one_whole_file(target):
    code = """
        import sys
        from grnular_core.utils.files import atomic_write
        text = sys.argv[2] * 200_000
        for _ in range(30):
            with atomic_write(sys.argv[1]) as part:
                part.write_text(text)
        """
    writers = [run(code, target, letter) for letter in "ab"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        text = target.read_text()
        seen.add((len(text), len(set(text))))
    for writer in writers:
        assert writer.wait() == 0
        writer.stdout.close()
    assert seen <= {(len(OLD), len(set(OLD))), (200_000, 1)} and (200_000, 1) in seen
    assert files(target.parent) == ["edges.csv"]
