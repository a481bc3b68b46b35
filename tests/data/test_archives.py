"""Taking one member out of an archive that may be strange, damaged or hostile."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from grnular_core.data import archives, registry
from grnular_core.data.downloads import fetch_member
from grnular_core.data.registry import Member
from grnular_core.utils.errors import DownloadError, InputError

if TYPE_CHECKING:
    from data_server import DataServer

pytest_plugins = ("data_server",)

ARCHIVE = "full/nets.zip"
NAME = "Networks/human/STRING-network.csv"
BYTES = b"Gene1,Gene2\nA,B\n" * 5000
KNOWN = Member(ARCHIVE, NAME, hashlib.sha256(BYTES).hexdigest(), len(BYTES), True)
UNKNOWN = replace(KNOWN, sha256=None, size=None, confirmed=False)


def zipped(*names: str | zipfile.ZipInfo, content: bytes = BYTES) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as opened:
        for name in names:
            opened.writestr(name, content)
    return memory.getvalue()


def serve(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, archive: bytes, item: Member = KNOWN
) -> None:
    server.add(ARCHIVE, archive)
    monkeypatch.setattr(registry, "members", lambda: {(ARCHIVE, NAME): item})


@pytest.mark.parametrize("item", [KNOWN, UNKNOWN], ids=["known", "unknown hash"])
@pytest.mark.parametrize(
    "inside",
    [NAME, "human/STRING-network.csv", "Other/top/Human/string-Network.csv"],
    ids=["as listed", "no top folder", "other spelling"],
)
def test_exactly_the_member_is_unpacked(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, inside: str, item: Member
) -> None:
    noise = ["Networks/mouse/STRING-network.csv", "__MACOSX/human/._STRING-network.csv"]
    serve(server, monkeypatch, zipped(*noise, inside), item)
    path = fetch_member(ARCHIVE, "human/STRING-network.csv", progress=False)
    assert path == server.folder / "full" / NAME and path.read_bytes() == BYTES
    assert server.files() == [f"full/{NAME}", ARCHIVE]


def test_an_unpacked_member_needs_no_archive(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch, zipped(NAME))
    fetch_member(ARCHIVE, NAME, progress=False)
    (server.folder / ARCHIVE).unlink()
    server.log.clear()
    path = fetch_member(ARCHIVE, NAME, progress=False)
    assert server.log == []
    path.write_bytes(BYTES + b"C,D\n")
    with pytest.raises(DownloadError, match="other bytes than expected"):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert path.exists()


def test_a_killed_unpacking_is_begun_again(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch, zipped(NAME))
    part = server.part(f"full/{NAME}")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"beginning of something")
    assert fetch_member(ARCHIVE, NAME, progress=False).read_bytes() == BYTES
    assert not part.exists()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("../../human/STRING-network.csv", "unsafe path"),
        ("/etc/human/STRING-network.csv", "unsafe path"),
        ("C:/human/STRING-network.csv", "unsafe path"),
        (link(NAME), "not a plain file"),
        ("human/other.csv", "found 0"),
    ],
    ids=["upwards", "absolute", "drive", "link", "missing"],
)
def test_what_is_unsafe_or_missing_is_refused(
    server: DataServer,
    monkeypatch: pytest.MonkeyPatch,
    inside: str | zipfile.ZipInfo,
    message: str,
) -> None:
    serve(server, monkeypatch, zipped(inside), UNKNOWN)
    with pytest.raises(DownloadError, match=message):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert server.files() == [ARCHIVE]
    assert [path.name for path in server.folder.parent.iterdir()] == ["cache"]


def test_two_members_that_fit_are_ambiguous_unless_one_is_exact(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch, zipped("a/human/STRING-network.csv", "b/human/STRING-network.csv"))
    with pytest.raises(DownloadError, match="found 2: a/human.*, b/human"):
        fetch_member(ARCHIVE, NAME, progress=False)
    (server.folder / ARCHIVE).unlink()
    serve(server, monkeypatch, zipped("a/human/STRING-network.csv", NAME))
    assert fetch_member(ARCHIVE, NAME, progress=False).exists()


def test_a_member_that_would_fill_the_disk_is_refused_before_it_is_unpacked(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zipped(NAME, content=bytes(1_000_000))
    serve(server, monkeypatch, bomb)
    with pytest.raises(DownloadError, match=f"unpacks to 1000000 bytes, expected {len(BYTES)}"):
        fetch_member(ARCHIVE, NAME, progress=False)
    monkeypatch.setattr(archives, "LARGEST_UNKNOWN", 999_999)
    serve(server, monkeypatch, bomb, UNKNOWN)
    with pytest.raises(DownloadError, match="expected at most 999999"):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert server.files() == [ARCHIVE]


def test_a_member_that_understates_its_length_is_never_unpacked_further(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = zipped(NAME, content=BYTES * 10)
    told, real = (n.to_bytes(4, "little") for n in (len(BYTES), len(BYTES) * 10))
    serve(server, monkeypatch, content.replace(real, told))
    with pytest.raises(DownloadError):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert server.files() == [ARCHIVE]


def test_other_bytes_of_the_right_length_are_refused(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch, zipped(NAME, content=BYTES[::-1]))
    with pytest.raises(DownloadError, match=f"expected {KNOWN.sha256}"):
        fetch_member(ARCHIVE, NAME, progress=False)
    assert server.files() == [ARCHIVE]


def test_a_damaged_archive_is_named(server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    good = zipped(NAME)
    at = good.index(NAME.encode()) + len(NAME) + 40
    damaged = good[:at] + bytes([good[at] ^ 255]) + good[at + 1 :]
    for content in (damaged, b"<html>please log in</html>"):
        serve(server, monkeypatch, content)
        (server.folder / ARCHIVE).unlink(missing_ok=True)
        with pytest.raises(DownloadError, match="cannot unpack .* Remove the archive"):
            fetch_member(ARCHIVE, NAME, progress=False)
        assert server.files() == [ARCHIVE]


def test_an_unknown_member_is_an_input_error_before_any_download(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(server, monkeypatch, zipped(NAME))
    with pytest.raises(InputError, match="did you mean Networks/human/STRING-network.csv"):
        fetch_member(ARCHIVE, "Networks/human/STRNG-network.csv")
    assert server.log == []
