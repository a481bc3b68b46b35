"""Fetching files and members of archives: good and wrong caches, disks and servers."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pooch
import pytest

from grnular_core.data import downloads, registry
from grnular_core.data.downloads import available, cache_folder, fetch, fetch_member, is_cached
from grnular_core.data.registry import Member
from grnular_core.utils import files
from grnular_core.utils.errors import DownloadError, InputError

if TYPE_CHECKING:
    from data_server import DataServer

pytest_plugins = ("data_server",)

KEY = "some/folder/data.csv"
BYTES = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)


# --- the way it goes when nothing is wrong


@pytest.mark.parametrize("content", [BYTES, b""], ids=["bytes", "empty"])
def test_a_missing_file_is_downloaded_whole(server, content):
    server.add(KEY, content)
    path = fetch(KEY, progress=False)
    assert path == server.folder / KEY and path.read_bytes() == content
    assert server.files() == [KEY]


def test_progress_goes_to_stderr_and_only_when_it_takes_long(server, capsys, monkeypatch):
    server.add(KEY, BYTES, pause=0.02)
    server.add("small.csv", b"x")
    monkeypatch.setattr(downloads, "BAR_SECONDS", 60)
    fetch("small.csv")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(downloads, "BAR_SECONDS", 0.1)
    fetch(KEY)
    out, err = capsys.readouterr()
    assert out == "" and "data.csv: 100%" in err and "300k/300k" in err and err.endswith("\n")


def test_a_cached_file_is_used_without_network_or_writing(server, monkeypatch):
    server.add(KEY, BYTES)
    path = server.leave(KEY, BYTES)
    for module, name in ((downloads, "atomic_write"), (Path, "mkdir")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("writes"))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert fetch(KEY) == path and is_cached(KEY)
    finally:
        path.parent.chmod(0o755)
    assert server.log == [] and server.files() == [KEY]


def test_a_file_is_hashed_once_in_a_process_and_again_when_it_changes(server, monkeypatch):
    server.add(KEY, BYTES)
    path, hashed, real = server.leave(KEY, BYTES), [], pooch.file_hash
    monkeypatch.setattr(pooch, "file_hash", lambda *a, **k: hashed.append(a) or real(*a, **k))
    fetch(KEY)
    fetch(KEY)
    assert len(hashed) == 1
    path.write_bytes(OTHER)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DownloadError, match="other bytes"):
        fetch(KEY)


# --- wrong bytes


def test_a_wrong_file_in_the_cache_is_named_and_left_alone(server):
    item = server.add(KEY, BYTES)
    path = server.leave(KEY, OTHER)
    with pytest.raises(DownloadError) as caught:
        fetch(KEY)
    for part in (str(path), item.sha256, "left as it is", "remove"):
        assert part in str(caught.value)
    assert path.read_bytes() == OTHER and server.log == []
    assert not is_cached(KEY)


@pytest.mark.parametrize("wrong", [OTHER, BYTES + b"\n", BYTES[:-5], b""])
def test_wrong_bytes_never_get_the_final_name(server, wrong):
    item = server.add(KEY, BYTES, confirmed=False)
    server.answers[KEY].content = wrong
    with pytest.raises(DownloadError, match="not the expected file.*unconfirmed") as caught:
        fetch(KEY, progress=False)
    assert item.sha256 in str(caught.value) and item.url in str(caught.value)
    assert server.files() == []


# --- disks


@pytest.mark.parametrize("code", ["ENOSPC", "EACCES", "EROFS"])
def test_a_cache_that_cannot_be_written_says_so(server, monkeypatch, code):
    server.add(KEY, BYTES)

    def refuse(*args: object, **kwargs: object) -> None:
        number = getattr(__import__("errno"), code)
        raise OSError(number, os.strerror(number))

    # rights mean nothing to root, so the refusal itself is staged
    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(DownloadError, match="no space left|not writable") as caught:
        fetch(KEY, progress=False)
    assert str(server.folder / KEY) in str(caught.value) and "GRNULAR_DATA" in str(caught.value)
    assert server.log == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_in_the_middle_is_named(server, monkeypatch):
    server.add(KEY, BYTES)
    real = downloads._transfer
    monkeypatch.setattr(
        downloads, "_transfer", lambda item, part, bar: real(item, Path("/dev/full"), bar)
    )
    with pytest.raises(DownloadError, match="no space left"):
        fetch(KEY, progress=False)
    assert server.files() == []


def test_a_file_where_a_folder_belongs_and_the_reverse_are_named(server):
    server.add(KEY, BYTES)
    server.leave("some", b"not a folder")
    with pytest.raises(DownloadError, match="data.csv cannot be read or written"):
        fetch(KEY, progress=False)
    server.add("other.csv", BYTES)
    (server.folder / "other.csv").mkdir()
    with pytest.raises(DownloadError, match="other.csv cannot be read or written: Is a directory"):
        fetch("other.csv", progress=False)


# --- cut, busy, refused, unreachable


def test_a_cut_connection_and_a_busy_server_are_tried_again(server):
    server.add(KEY, BYTES, statuses=[503])
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert len(server.log) == 2


def test_a_server_that_always_cuts_ends_in_a_clear_error(server):
    server.add(KEY, BYTES, cut=49_152)
    with pytest.raises(DownloadError, match=f"cannot download {KEY}: .*49152 bytes read"):
        fetch(KEY, progress=False)
    assert len(server.log) == downloads.TRIES and server.files() == []


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_final_and_says_what_to_do(server, status):
    item = server.add(KEY, BYTES, statuses=[status])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(KEY, progress=False)
    assert item.url in str(caught.value) and item.sha256 in str(caught.value)
    assert len(server.log) == 1 and server.files() == []


def test_a_silent_server_and_a_proxy_that_refuses_are_unreachable(server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
        server.add(KEY, BYTES, url=f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        with pytest.raises(downloads.Unreachable, match="timed out"):
            fetch(KEY, progress=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    server.add(KEY, BYTES, url="https://data.invalid/x")
    with pytest.raises(downloads.Unreachable, match="refused"):
        fetch(KEY, progress=False)


def test_without_a_network_one_message_names_file_address_and_folder(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    item = server.add(KEY, BYTES, url=f"http://127.0.0.1:{port}/x")
    with pytest.raises(downloads.Unreachable, match="cannot download .*refused") as caught:
        fetch(KEY, progress=False)
    for part in (KEY, item.url, str(server.folder), "GRNULAR_DATA"):
        assert part in str(caught.value)
    assert server.files() == []


# --- a kill, and two at once

CHILD = """
import json, sys
from grnular_core.data import downloads, registry
item = registry.Entry(**json.loads(sys.argv[1]))
registry.registry = lambda: {item.key: item}
print(downloads.fetch(item.key))
"""


def child(server: DataServer) -> subprocess.Popen[str]:
    """Fetch KEY in a process of its own."""
    item = json.dumps(asdict(server.entries[KEY]))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, item],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_killed_download_leaves_no_file_by_that_name_and_is_begun_again(server):
    server.add(KEY, BYTES, pause=0.3)
    process = child(server)
    try:
        while not any((server.folder / name).stat().st_size for name in server.files()):
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (server.folder / KEY).exists()
    assert all(Path(name).name.startswith(".") for name in server.files())
    server.answers[KEY].pause = 0
    assert fetch(KEY, progress=False).read_bytes() == BYTES


def test_two_processes_both_get_the_whole_file(server):
    server.add(KEY, BYTES, pause=0.05)
    both = [child(server) for _ in range(2)]
    results = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert [Path(out.strip()) for out, _ in results] == [server.folder / KEY] * 2
    assert (server.folder / KEY).read_bytes() == BYTES and server.files() == [KEY]


# --- several files, and what is missing


def test_an_unknown_key_is_refused_before_anything_is_downloaded(server):
    server.add("data/one.csv", b"1")
    with pytest.raises(InputError, match="did you mean data/one.csv"):
        available(["data/one.csv", "data/ome.csv"])
    for look in (fetch, is_cached):
        server.leave("data/ome.csv", b"1")
        with pytest.raises(InputError):
            look("data/ome.csv")
    assert server.log == []


def test_available_gives_a_reason_for_every_file_it_has_not(server):
    server.add("here", b"1")
    server.add("gone", b"2", statuses=[404])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        far = f"http://127.0.0.1:{closed.getsockname()[1]}"
    server.add("far/1", b"3", url=f"{far}/1")
    server.add("far/2", b"4", url=f"{far}/2")
    found = available(["far/1", "gone", "far/2", "here"], progress=False)
    assert list(found.paths) == ["here"]
    assert list(found.reasons) == ["far/1", "gone", "far/2"]
    assert "HTTP 404" in found.reasons["gone"] and "refused" in found.reasons["far/1"]
    # the server is not asked again
    assert found.reasons["far/2"] == f"cannot download far/2: {far[7:]} is not reachable"


def test_available_can_look_only_into_the_cache(server):
    server.add("a", b"1")
    server.add(KEY, BYTES)
    server.leave(KEY, BYTES)
    found = available(["a", KEY], download_missing=False)
    assert list(found.paths) == [KEY] and server.log == []
    assert str(server.folder) in found.reasons["a"]


# --- where the cache is


def test_the_cache_folder_follows_the_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value, expected in [
        (str(tmp_path / "x"), tmp_path / "x"),
        ("relative/new", tmp_path / "relative/new"),
        ("~/data", tmp_path / "home/data"),
        ("", Path(pooch.os_cache("grnular"))),
    ]:
        monkeypatch.setenv("GRNULAR_DATA", value)
        assert cache_folder() == expected
    assert list(tmp_path.iterdir()) == []


def test_a_relative_cache_folder_is_found_from_a_subfolder_too(tmp_path, monkeypatch):
    project = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRNULAR_DATA", "tests")
    assert cache_folder() == project / "tests"
    (tmp_path / "tests").mkdir()
    assert cache_folder() == tmp_path / "tests"


# --- one file out of an archive

ARCHIVE = "full/nets.zip"
NAME = "Networks/human/STRING-network.csv"
EDGES = b"Gene1,Gene2\nA,B\n" * 5000
KNOWN = Member(ARCHIVE, NAME, hashlib.sha256(EDGES).hexdigest(), len(EDGES), True)
UNKNOWN = replace(KNOWN, sha256=None, size=None, confirmed=False)


def serve(
    server: DataServer,
    monkeypatch: pytest.MonkeyPatch,
    *names: str,
    item: Member = KNOWN,
    content: bytes = EDGES,
) -> None:
    """An archive in which files of these names all hold ``content``."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in names:
            opened.writestr(name, content)
    server.add(ARCHIVE, memory.getvalue())
    monkeypatch.setattr(registry, "members", lambda: {(ARCHIVE, NAME): item})


@pytest.mark.parametrize("item", [KNOWN, UNKNOWN], ids=["known", "unknown hash"])
@pytest.mark.parametrize(
    "inside",
    [NAME, "human/STRING-network.csv", "../../Human/string-Network.csv"],
    ids=["as listed", "no top folder", "other spelling, outside"],
)
def test_exactly_the_member_is_unpacked_to_its_own_place(server, monkeypatch, inside, item):
    noise = ["Networks/mouse/STRING-network.csv", "__MACOSX/human/._STRING-network.csv"]
    serve(server, monkeypatch, *noise, inside, item=item)
    path = fetch_member(ARCHIVE, "human/STRING-network.csv", progress=False)
    assert path == server.folder / "full" / NAME and path.read_bytes() == EDGES
    assert server.files() == [f"full/{NAME}", ARCHIVE]
    assert [path.name for path in server.folder.parent.iterdir()] == ["cache"]


def test_an_unpacked_member_needs_no_archive(server, monkeypatch):
    serve(server, monkeypatch, NAME)
    fetch_member(ARCHIVE, NAME, progress=False)
    (server.folder / ARCHIVE).unlink()
    server.log.clear()
    path = fetch_member(ARCHIVE, NAME, progress=False)
    assert server.log == []
    path.write_bytes(EDGES + b"C,D\n")
    with pytest.raises(DownloadError, match="other bytes than expected"):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert path.exists()


def test_a_member_that_is_missing_or_ambiguous_is_refused(server, monkeypatch):
    for inside, said in (
        (["human/other.csv"], "found 0: none"),
        ([f"{top}/human/STRING-network.csv" for top in "ab"], "found 2: a/human.*, b/human"),
    ):
        serve(server, monkeypatch, *inside, item=UNKNOWN)
        (server.folder / ARCHIVE).unlink(missing_ok=True)
        with pytest.raises(DownloadError, match=said):
            fetch_member(ARCHIVE, NAME, progress=False)
        assert server.files() == [ARCHIVE]
    serve(server, monkeypatch, "a/human/STRING-network.csv", NAME)
    (server.folder / ARCHIVE).unlink()
    assert fetch_member(ARCHIVE, NAME, progress=False).exists()


def test_a_member_with_other_bytes_is_refused(server, monkeypatch):
    serve(server, monkeypatch, NAME, content=EDGES[::-1])
    with pytest.raises(DownloadError, match=f"expected {KNOWN.sha256}; it was not unpacked"):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert server.files() == [ARCHIVE]


def test_an_unknown_member_is_an_input_error_before_any_download(server, monkeypatch):
    serve(server, monkeypatch, NAME)
    with pytest.raises(InputError, match="did you mean Networks/human/STRING-network.csv"):
        fetch_member(ARCHIVE, "Networks/human/STRNG-network.csv")
    assert server.log == []
