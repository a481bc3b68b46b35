"""Fetching files: good and wrong caches, disks, and what is missing."""

from __future__ import annotations

import errno
import os
import random
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grnular_core.data import downloads, partfile, transfer
from grnular_core.data.downloads import available, cache_folder, fetch, is_cached
from grnular_core.utils.errors import DownloadError, InputError

if TYPE_CHECKING:
    from data_server import DataServer

pytest_plugins = ("data_server",)

KEY = "some/folder/data.csv"
BYTES = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)


# --- the way it goes when nothing is wrong


@pytest.mark.parametrize("size", [None, len(BYTES)])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_missing_file_is_downloaded_whole(
    server: DataServer, size: int | None, ranges: bool
) -> None:
    server.add(KEY, BYTES, size=size, ranges=ranges)
    path = fetch(KEY, progress=False)
    assert path == server.folder / KEY and path.read_bytes() == BYTES
    assert server.files() == [KEY]


def test_an_empty_file_can_be_downloaded(server: DataServer) -> None:
    server.add(KEY, b"")
    assert fetch(KEY, progress=False).read_bytes() == b""


def test_progress_goes_to_stderr_and_only_when_it_takes_long(
    server: DataServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(KEY, BYTES, pause=0.02)
    server.add("small.csv", b"x")
    monkeypatch.setattr(transfer, "BAR_SECONDS", 60)
    fetch("small.csv")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(transfer, "BAR_SECONDS", 0.1)
    fetch(KEY)
    out, err = capsys.readouterr()
    assert out == "" and "data.csv" in err and "300k" in err


def test_a_cached_file_is_used_without_network_or_writing(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(KEY, BYTES)
    path = server.leave(KEY, BYTES)

    def refuse(*args: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("claimed_part", "download"):
        monkeypatch.setattr(downloads, name, refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert fetch(KEY) == path
    finally:
        path.parent.chmod(0o755)
    assert server.log == [] and server.files() == [KEY]


def test_a_file_is_hashed_once_in_a_process_and_again_when_it_changes(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(KEY, BYTES)
    path, hashed = server.leave(KEY, BYTES), []
    real = downloads.sha256
    monkeypatch.setattr(downloads, "sha256", lambda *a, **k: hashed.append(a) or real(*a, **k))
    fetch(KEY)
    fetch(KEY)
    assert len(hashed) == 1
    path.write_bytes(OTHER)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DownloadError, match="other bytes"):
        fetch(KEY)


# --- wrong bytes


def test_a_wrong_file_in_the_cache_is_named_and_left_alone(server: DataServer) -> None:
    item = server.add(KEY, BYTES)
    path = server.leave(KEY, OTHER)
    with pytest.raises(DownloadError) as caught:
        fetch(KEY)
    for part in (str(path), item.sha256, "left as it is", "remove"):
        assert part in str(caught.value)
    assert path.read_bytes() == OTHER and server.log == []
    assert not is_cached(KEY)


@pytest.mark.parametrize("wrong", [OTHER, BYTES + b"\n"], ids=["other hash", "longer"])
@pytest.mark.parametrize("size", [None, len(BYTES)])
def test_wrong_bytes_never_get_the_final_name(
    server: DataServer, wrong: bytes, size: int | None
) -> None:
    item = server.add(KEY, BYTES, size=size)
    server.answers[KEY].content = wrong
    with pytest.raises(DownloadError, match="not the expected file") as caught:
        fetch(KEY, progress=False)
    if size is None or len(wrong) == size:
        assert item.sha256 in str(caught.value)
    else:
        assert "got 300001 bytes, expected 300000 bytes" in str(caught.value)
    assert server.files() == []


def test_an_unconfirmed_hash_is_named_as_such(server: DataServer) -> None:
    server.add(KEY, BYTES, confirmed=False)
    server.answers[KEY].content = OTHER
    with pytest.raises(DownloadError, match="unconfirmed"):
        fetch(KEY, progress=False)


# --- disks


def test_a_full_disk_is_named_and_the_download_goes_on_later(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(KEY, BYTES)

    def full(part: object, chunk: bytes) -> None:
        if partfile.length(part) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        partfile.write_all(part, chunk)

    with monkeypatch.context() as patched:
        patched.setattr(transfer, "write_all", full)
        with pytest.raises(DownloadError, match="no space left .*free some and run again"):
            fetch(KEY, progress=False)
    have = server.part(KEY).stat().st_size
    assert have > 100_000 and server.files() == [f"{KEY}.part"]
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert server.ranges() == [None, f"bytes={have}-"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_really_full_gives_the_same_error(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.part(KEY).parent.mkdir(parents=True)
    server.part(KEY).symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="no space left"):
        fetch(KEY, progress=False)
    assert KEY not in server.files()


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_cache_that_cannot_be_written_and_lacks_the_file_says_so(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    server.add(KEY, BYTES)

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    # Rights mean nothing to root, so the refusal itself is staged.
    monkeypatch.setattr(partfile, "open", refuse, raising=False)
    with pytest.raises(DownloadError, match=os.strerror(code)) as caught:
        fetch(KEY, progress=False)
    for part in (KEY, str(server.folder), "GRNULAR_DATA"):
        assert part in str(caught.value)
    assert server.log == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into every folder")
def test_a_folder_without_write_rights_says_so(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.folder.mkdir(mode=0o555)
    with pytest.raises(DownloadError, match="cannot be written"):
        fetch(KEY, progress=False)


def test_a_file_where_a_folder_belongs_and_the_reverse_are_named(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.folder.mkdir()
    (server.folder / "some").write_text("not a folder")
    with pytest.raises(DownloadError, match="a part of that path is a file"):
        fetch(KEY, progress=False)
    server.add("other.csv", BYTES)
    (server.folder / "other.csv").mkdir()
    with pytest.raises(DownloadError, match="is a folder, expected the file"):
        fetch("other.csv", progress=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_where_the_file_belongs_is_named_and_not_waited_for(server: DataServer) -> None:
    server.add(KEY, BYTES)
    target = server.folder / KEY
    target.parent.mkdir(parents=True)
    os.mkfifo(target)
    with pytest.raises(DownloadError, match="is a pipe or device, expected the file"):
        fetch(KEY, progress=False)
    assert target.is_fifo()


# --- several files, and what is missing


def test_an_unknown_key_is_refused_before_anything_is_downloaded(server: DataServer) -> None:
    server.add("data/one.csv", b"1")
    with pytest.raises(InputError, match="did you mean data/one.csv"):
        available(["data/one.csv", "data/ome.csv"])
    with pytest.raises(InputError):
        fetch("data/ome.csv")
    with pytest.raises(InputError):
        is_cached("data/ome.csv")
    assert server.log == []


def test_is_cached_looks_without_network(server: DataServer) -> None:
    server.add(KEY, BYTES)
    assert not is_cached(KEY)
    server.leave(KEY, BYTES)
    assert is_cached(KEY) and server.log == []


def test_available_gives_a_reason_for_every_file_it_has_not(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add("here", b"1")
    server.add("gone", b"2", statuses=[404])
    server.add("far/1", b"3", url="https://data.invalid/1")
    server.add("far/2", b"4", url="https://data.invalid/2")
    real, asked = socket.create_connection, []

    def no_name(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address[0])
        if address[0] == "data.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return real(address, timeout=timeout)

    monkeypatch.setattr(transfer.socket, "create_connection", no_name)
    found = available(["far/1", "gone", "far/2", "here"], progress=False)
    assert list(found.paths) == ["here"] and not found.complete
    assert list(found.reasons) == ["far/1", "gone", "far/2"]
    assert "HTTP 404" in found.reasons["gone"] and "not reachable" in found.reasons["far/2"]
    assert asked.count("data.invalid") == 1


def test_available_can_look_only_into_the_cache(server: DataServer) -> None:
    server.add("a", b"1")
    server.add(KEY, BYTES)
    server.leave(KEY, BYTES)
    found = available(["a", KEY], download_missing=False)
    assert list(found.paths) == [KEY] and server.log == []
    assert str(server.folder) in found.reasons["a"]


# --- where the cache is


def test_the_cache_folder_follows_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value, expected in [
        (str(tmp_path / "x"), tmp_path / "x"),
        ("relative/new", tmp_path / "relative/new"),
        ("~/data", tmp_path / "home/data"),
    ]:
        monkeypatch.setenv("GRNULAR_DATA", value)
        assert cache_folder() == expected
    monkeypatch.setenv("GRNULAR_DATA", "")
    assert cache_folder() == downloads.user_cache()
    assert list(tmp_path.iterdir()) == []


def test_a_relative_cache_folder_is_found_from_a_subfolder_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRNULAR_DATA", "tests")
    assert cache_folder() == project / "tests"
    (tmp_path / "tests").mkdir()
    assert cache_folder() == tmp_path / "tests"
