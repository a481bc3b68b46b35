"""Fetching files and members of archives: good and wrong caches, disks and servers."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import socket
import zipfile
from dataclasses import replace
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
def test_a_missing_file_gets_its_name_when_it_is_whole(server, content, monkeypatch):
    server.add(KEY, content)
    transfer, had_its_name = downloads._transfer, []

    def watched(*given: object) -> None:
        transfer(*given)
        had_its_name.append((server.folder / KEY).exists())  # a kill would leave it behind

    monkeypatch.setattr(downloads, "_transfer", watched)
    path = fetch(KEY, progress=False)
    assert path == server.folder / KEY and path.read_bytes() == content
    assert had_its_name == [False] and server.files() == [KEY]


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


def test_a_cached_file_is_used_without_network_or_writing_and_hashed_once(server, monkeypatch):
    server.add(KEY, BYTES)
    path, hashed, real = server.leave(KEY, BYTES), [], pooch.file_hash
    monkeypatch.setattr(pooch, "file_hash", lambda *a, **k: hashed.append(a) or real(*a, **k))
    for module, name in ((downloads, "atomic_write"), (Path, "mkdir")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("writes"))
    assert fetch(KEY) == path and is_cached(KEY)
    assert len(hashed) == 1
    path.write_bytes(OTHER)
    os.utime(path, ns=(1, 1))
    with pytest.raises(DownloadError, match="other bytes.*left as it is; remove") as caught:
        fetch(KEY)
    assert str(path) in str(caught.value) and server.entries[KEY].sha256 in str(caught.value)
    assert path.read_bytes() == OTHER and server.log == [] and server.files() == [KEY]
    assert not is_cached(KEY)


# --- wrong bytes, disks, and servers


@pytest.mark.parametrize("wrong", [OTHER, BYTES + b"\n", BYTES[:-5], b""])
def test_wrong_bytes_never_get_the_final_name(server, wrong):
    item = server.add(KEY, BYTES, confirmed=False)
    server.answers[KEY].content = wrong
    with pytest.raises(DownloadError, match="not the expected file.*unconfirmed") as caught:
        fetch(KEY, progress=False)
    assert item.sha256 in str(caught.value) and item.url in str(caught.value)
    assert server.files() == []


def test_a_cache_that_cannot_be_written_is_said_before_the_server_is_asked(server, monkeypatch):
    server.add(KEY, BYTES)

    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # rights mean nothing to root, so the refusal itself is staged
    monkeypatch.setattr(files.os, "open", refuse)
    with pytest.raises(DownloadError, match="not writable.*GRNULAR_DATA") as caught:
        fetch(KEY, progress=False)
    assert str(server.folder / KEY) in str(caught.value) and server.log == []


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
    server.add("data.csv/more.csv", BYTES)
    server.leave("data.csv", b"not a folder")
    server.add("other.csv", BYTES)
    (server.folder / "other.csv").mkdir()
    for key in server.entries:
        with pytest.raises(DownloadError, match=f"{key} cannot be read or written"):
            fetch(key, progress=False)


def test_a_busy_server_is_asked_again(server):
    server.add(KEY, BYTES, statuses=[503])
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert len(server.log) == 2


@pytest.mark.parametrize(
    ("answer", "tries", "words"),
    [
        ({"cut": 49_152}, downloads.TRIES, f"cannot download {KEY}: .*49152 bytes read"),
        ({"statuses": [404]}, 1, "HTTP 404.*/some/folder/data.csv.*sha256 [0-9a-f]{64}"),
        ({"statuses": [403]}, 1, "HTTP 403"),
    ],
)
def test_a_server_that_always_cuts_is_tried_again_and_a_refusal_is_final(
    server, answer, tries, words
):
    server.add(KEY, BYTES, **answer)
    with pytest.raises(DownloadError, match=words):
        fetch(KEY, progress=False)
    assert len(server.log) == tries and server.files() == []


def test_a_silent_server_and_a_proxy_that_refuses_are_unreachable(server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
        server.add(KEY, BYTES, url=f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        with pytest.raises(downloads.Unreachable, match="timed out"):
            fetch(KEY, progress=False)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    item = server.add(KEY, BYTES, url="https://data.invalid/x")
    with pytest.raises(downloads.Unreachable, match="refused") as caught:
        fetch(KEY, progress=False)
    for part in (KEY, item.url, str(server.folder), "GRNULAR_DATA"):
        assert part in str(caught.value)
    assert server.files() == []


# --- several files, and what is missing


def test_an_unknown_key_is_refused_before_anything_is_downloaded(server):
    server.add("data/one.csv", b"1")
    server.leave("data/ome.csv", b"1")
    for look in (fetch, is_cached, lambda key: available(["data/one.csv", key])):
        with pytest.raises(InputError, match="did you mean data/one.csv"):
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
    keys = ["far/1", "gone", "far/2", "here"]
    found = available(keys, download_missing=False)
    assert list(found.reasons) == keys and server.log == []
    assert str(server.folder) in found.reasons["here"]
    found = available(keys)
    assert list(found.paths) == ["here"] and list(found.reasons) == keys[:3]
    assert "HTTP 404" in found.reasons["gone"] and "refused" in found.reasons["far/1"]
    # the server is not asked again
    assert found.reasons["far/2"] == f"cannot download far/2: {far[7:]} is not reachable"
    assert list(available(keys, download_missing=False).paths) == ["here"]


# --- where the cache is


def test_the_cache_folder_follows_the_variable(tmp_path, monkeypatch):
    project = Path(__file__).resolve().parents[2]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for value, expected in [
        (str(tmp_path / "x"), tmp_path / "x"),
        ("relative/new", tmp_path / "relative/new"),
        ("~/data", tmp_path / "home/data"),
        ("", Path(pooch.os_cache("grnular"))),
        ("tests", project / "tests"),  # from a subfolder of the project
    ]:
        monkeypatch.setenv("GRNULAR_DATA", value)
        assert cache_folder() == expected
    assert list(tmp_path.iterdir()) == []
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
    path = fetch_member(ARCHIVE, "human/STRING-network.csv")
    assert path == server.folder / "full" / NAME and path.read_bytes() == EDGES
    assert server.files() == [f"full/{NAME}", ARCHIVE]
    assert [path.name for path in server.folder.parent.iterdir()] == ["cache"]


def test_an_unpacked_member_needs_no_archive(server, monkeypatch):
    serve(server, monkeypatch, NAME)
    path = server.leave(f"full/{NAME}", EDGES)
    assert fetch_member(ARCHIVE, NAME) == path
    path.write_bytes(EDGES + b"C,D\n")
    with pytest.raises(DownloadError, match="other bytes than expected"):
        fetch_member(ARCHIVE, NAME)
    assert path.exists() and server.log == []


TWICE = [f"{top}/human/STRING-network.csv" for top in "ab"]


@pytest.mark.parametrize(
    ("inside", "item", "content", "message"),
    [
        (["human/other.csv"], UNKNOWN, EDGES, "found 0: none"),
        (TWICE, UNKNOWN, EDGES, "found 2: a/human.*, b/human"),
        ([NAME], KNOWN, EDGES[::-1], f"expected {KNOWN.sha256}; it was not unpacked"),
    ],
    ids=["missing", "ambiguous", "other bytes"],
)
def test_a_member_that_is_not_the_one_is_refused(server, monkeypatch, inside, item, content, message):
    serve(server, monkeypatch, *inside, item=item, content=content)
    with pytest.raises(DownloadError, match=message):
        fetch_member(ARCHIVE, NAME)
    assert server.files() == [ARCHIVE]


def test_the_member_as_listed_goes_before_one_that_ends_alike(server, monkeypatch):
    serve(server, monkeypatch, TWICE[0], NAME)
    assert fetch_member(ARCHIVE, NAME).exists()
