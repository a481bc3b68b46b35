"""Downloads that are cut, refused, killed, resumed or done twice at once."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grnular_core.data import partfile, transfer
from grnular_core.data.downloads import fetch
from grnular_core.utils.errors import DownloadError

if TYPE_CHECKING:
    from data_server import DataServer

pytest_plugins = ("data_server",)

KEY = "some/folder/data.csv"
BYTES = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)

CHILD = """
import json, sys
from grnular_core.data import downloads; from grnular_core.data import partfile; from grnular_core.data import registry
item = registry.Entry(**json.loads(sys.argv[1]))
registry.registry = lambda: {item.key: item}
if sys.argv[2] == "no locks":
    partfile.fcntl = None
print(downloads.fetch(item.key))
"""


def child(server: DataServer, locks: str = "locks") -> subprocess.Popen[str]:
    """Fetch KEY in a process of its own."""
    item = json.dumps(asdict(server.entries[KEY]))
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, item, locks],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


# --- cut, slow, refused


def test_a_connection_cut_many_times_is_resumed_to_the_end(server: DataServer) -> None:
    server.add(KEY, BYTES, cut=49_152)
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert server.ranges() == [None, *(f"bytes={at}-" for at in range(49_152, 300_000, 49_152))]


def test_a_server_that_always_cuts_at_one_place_ends_in_a_clear_error(server: DataServer) -> None:
    server.add(KEY, BYTES, cut=49_152, ranges=False)
    with pytest.raises(DownloadError, match="49152 of 300000 bytes have arrived; run again"):
        fetch(KEY, progress=False)
    assert len(server.log) == transfer.TRIES + 1
    assert server.files() == [f"{KEY}.part"]


def test_a_shorter_file_on_the_server_is_never_accepted(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.answers[KEY].content = BYTES[:-5]
    with pytest.raises(DownloadError, match="got 299995 bytes, expected 300000 bytes"):
        fetch(KEY, progress=False)
    assert KEY not in server.files()


def test_a_silent_server_is_a_timeout(server: DataServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "READ_SECONDS", 0.1)
    server.add(KEY, BYTES, silent=True)
    with pytest.raises(DownloadError, match="no answer within 0.1 s"):
        fetch(KEY, progress=False)
    assert server.files() == []


def test_a_busy_server_is_asked_again(server: DataServer) -> None:
    server.add(KEY, BYTES, statuses=[503, 429])
    assert fetch(KEY, progress=False).read_bytes() == BYTES


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_is_final_and_says_what_to_do(server: DataServer, status: int) -> None:
    item = server.add(KEY, BYTES, statuses=[status])
    with pytest.raises(DownloadError, match=f"HTTP {status}") as caught:
        fetch(KEY, progress=False)
    assert item.url in str(caught.value) and item.sha256 in str(caught.value)
    assert len(server.log) == 1 and server.files() == []


# --- no network


def test_a_refused_connection_names_key_host_and_fix(server: DataServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server.add(KEY, BYTES, url=f"http://127.0.0.1:{port}/x")
    with pytest.raises(transfer.Unreachable, match="GRNULAR_DATA") as caught:
        fetch(KEY, progress=False)
    assert KEY in str(caught.value) and "127.0.0.1" in str(caught.value)
    assert str(server.folder) in str(caught.value) and server.files() == []


def test_a_name_that_does_not_resolve_is_not_tried_again(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def no_name(address: tuple[str, int], timeout: float) -> None:
        asked.append(address)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(transfer.socket, "create_connection", no_name)
    server.add(KEY, BYTES, url="https://data.invalid/x")
    with pytest.raises(transfer.Unreachable, match="data.invalid .*Name or service not known"):
        fetch(KEY, progress=False)
    assert asked == [("data.invalid", 443)]


def test_a_network_that_swallows_everything_is_noticed_in_time(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transfer.REACH_SECONDS < 10
    monkeypatch.setattr(transfer, "REACH_SECONDS", 0.1)

    def swallow(address: tuple[str, int], timeout: float) -> None:
        time.sleep(3)
        raise TimeoutError("timed out")

    monkeypatch.setattr(transfer.socket, "create_connection", swallow)
    server.add(KEY, BYTES)
    began = time.monotonic()
    with pytest.raises(transfer.Unreachable, match="no answer within 0.1 s"):
        fetch(KEY, progress=False)
    assert time.monotonic() - began < 2.5


# --- going on from a part


@pytest.mark.parametrize("size", [None, len(BYTES)])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize(
    "part",
    [BYTES[:1], BYTES[:123_456], BYTES, OTHER[:1000], OTHER, BYTES + b"more"],
    ids=["a byte", "half", "complete", "other half", "other file", "too long"],
)
def test_whatever_part_lies_there_the_file_is_right(
    server: DataServer, part: bytes, ranges: bool, size: int | None
) -> None:
    server.add(KEY, BYTES, ranges=ranges, size=size)
    server.leave(f"{KEY}.part", part)
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert server.files() == [KEY]


def test_a_complete_part_needs_no_network(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.leave(f"{KEY}.part", BYTES)
    fetch(KEY, progress=False)
    assert server.log == []


def test_a_part_of_an_older_version_is_begun_again_once(server: DataServer) -> None:
    server.add(KEY, BYTES)
    server.leave(f"{KEY}.part", OTHER[:1000])
    fetch(KEY, progress=False)
    assert server.ranges() == ["bytes=1000-", None]
    (server.folder / KEY).unlink()
    server.answers[KEY].content = OTHER
    server.log.clear()
    server.part(KEY).write_bytes(BYTES[:1000])
    with pytest.raises(DownloadError, match="not the expected file"):
        fetch(KEY, progress=False)
    assert server.ranges() == ["bytes=1000-", None] and server.files() == []


def test_a_killed_download_leaves_only_its_part_and_is_resumed(server: DataServer) -> None:
    server.add(KEY, BYTES, pause=0.3)
    process = child(server)
    try:
        deadline = time.monotonic() + 20
        while not (server.part(KEY).exists() and server.part(KEY).stat().st_size > 60_000):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert server.files() == [f"{KEY}.part"]
    have = server.part(KEY).stat().st_size
    assert server.part(KEY).read_bytes() == BYTES[:have]
    server.answers[KEY].pause = 0
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert server.ranges() == [None, f"bytes={have}-"]
    assert server.files() == [KEY]


# --- two at once


@pytest.mark.parametrize("locks", ["locks", "no locks"])
def test_two_processes_both_get_the_whole_file(server: DataServer, locks: str) -> None:
    server.add(KEY, BYTES, pause=0.05)
    both = [child(server, locks) for _ in range(2)]
    results = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert [Path(out.strip()) for out, _ in results] == [server.folder / KEY] * 2
    assert (server.folder / KEY).read_bytes() == BYTES and server.files() == [KEY]
    if locks == "locks":
        assert len(server.log) == 1  # the second waited, or came later


@pytest.mark.skipif(partfile.fcntl is None, reason="this system has no advisory locks")
def test_a_part_held_by_a_process_that_hangs_is_left_to_it(
    server: DataServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(partfile, "PATIENCE_SECONDS", 0.1)
    server.add(KEY, BYTES)
    server.leave(f"{KEY}.part", BYTES[:7])
    with open(server.part(KEY), "ab") as held:
        partfile.fcntl.flock(held, partfile.fcntl.LOCK_EX)
        assert fetch(KEY).read_bytes() == BYTES
    assert server.part(KEY).read_bytes() == BYTES[:7]
    assert server.files() == [KEY, f"{KEY}.part"]
    assert "another process is fetching data.csv" in capsys.readouterr().err


@pytest.mark.skipif(partfile.fcntl is None, reason="this system has no advisory locks")
def test_a_part_that_vanishes_before_it_is_locked_is_opened_again(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add(KEY, BYTES)
    real, calls = partfile.fcntl.flock, []

    def flock(handle: object, how: int) -> None:
        if not calls:
            server.part(KEY).unlink()  # as when the process before us gave up just now
        calls.append(how)
        real(handle, how)

    monkeypatch.setattr(partfile.fcntl, "flock", flock)
    assert fetch(KEY, progress=False).read_bytes() == BYTES
    assert len(calls) == 2 and server.files() == [KEY]


def test_a_proxy_that_refuses_is_found_out_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    item = transfer.Entry("a/file", "0" * 64, 3, "https://data.invalid/file", "none", True)
    start = time.monotonic()
    with (
        open(tmp_path / "part", "w+b") as part,
        pytest.raises(transfer.Unreachable, match="proxy 127.0.0.1"),
    ):
        transfer.download(item, part, progress=False)
    assert time.monotonic() - start < 3
