"""Filling a part file over HTTP: resumed after a cut, checked for length and hash.

pooch's own download begins at zero, replaces a file whose hash differs and leaves a nameless
temporary file when it is killed. Here a cut connection or a killed process costs only what had not
arrived, and bytes get their final name only after the check.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

from grnular_core.data.partfile import clear, length, write_all
from grnular_core.data.registry import Entry
from grnular_core.data.userfiles import sha256
from grnular_core.utils.errors import DownloadError

REACH_SECONDS = 6.0  # name lookup and connection together, whatever the number of addresses
CONNECT_SECONDS = 3.0  # one address
READ_SECONDS = 20.0  # silence in the middle of a transfer
TRIES = 4  # in a row without a single new byte
PAUSE_SECONDS = 0.5  # before the second try; doubles
BAR_SECONDS = 0.5  # dozens of small files need no progress bar
CHUNK = 1 << 14  # what a cut can lose at most


class Unreachable(DownloadError):
    """The server cannot be reached at all; trying its other files would only take time."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class WrongBytes(DownloadError):
    """What arrived is not the file of the registry."""


class _Cut(Exception):
    """The transfer ended before the file did; worth another try."""


def download(item: Entry, part: BinaryIO, progress: bool = True) -> None:
    """Fill ``part`` with exactly the bytes of ``item``, going on where it ends.

    A part whose bytes turn out wrong is emptied. If it held bytes from an earlier run, the
    download is done once more from zero, since the two halves may be of different versions.

    Raises ``Unreachable`` within seconds when there is no network, ``WrongBytes`` for another
    length or hash, ``DownloadError`` for an answer such as HTTP 404 and for a connection that
    keeps ending early (the part then keeps what has arrived), and ``OSError`` for the disk.
    """
    if item.size is not None and length(part) > item.size:
        clear(part)
    if length(part):
        try:
            return _download_once(item, part, progress)
        except WrongBytes:
            pass
    _download_once(item, part, progress)


def _download_once(item: Entry, part: BinaryIO, progress: bool) -> None:
    try:
        if item.size is None or length(part) != item.size:
            _reach(item, Path(part.name).parent)
            _receive(item, part, progress)
        got = sha256(part.name)
        if got != item.sha256:
            raise WrongBytes(_wrong(item, f"sha256 {got}", f"sha256 {item.sha256}"))
    except WrongBytes:
        clear(part)
        raise


def _receive(item: Entry, part: BinaryIO, progress: bool) -> None:
    failures, most = 0, length(part)
    with tqdm(
        total=item.size,
        initial=length(part),
        desc=item.key.rsplit("/", 1)[-1],
        unit="B",
        unit_scale=True,
        delay=BAR_SECONDS,
        disable=not progress,
    ) as bar:
        while True:
            try:
                return _stream(item, part, bar)
            except _Cut as cut:
                # Only bytes never had before count: a server that ignores ranges sends the
                # same beginning again and again.
                failures = 0 if length(part) > most else failures + 1
                most = max(most, length(part))
                if failures >= TRIES:
                    raise DownloadError(_stopped(item, part, str(cut))) from cut
                time.sleep(PAUSE_SECONDS * 2**failures)


def _stream(item: Entry, part: BinaryIO, bar: tqdm) -> None:
    """Ask for what is missing and append it until the server ends."""
    # A server may compress text on the way; lengths and ranges would then mean other bytes.
    headers = {"Accept-Encoding": "identity"}
    if length(part):
        headers["Range"] = f"bytes={length(part)}-"
    try:
        with requests.get(
            item.url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response:
            total = _total(item, part, response)
            if response.status_code == 416:
                return
            bar.total = bar.total or total
            for chunk in response.iter_content(CHUNK):
                write_all(part, chunk)
                bar.update(length(part) - bar.n)
                if item.size is not None and length(part) > item.size:
                    raise WrongBytes(_wrong(item, "more bytes", f"{item.size} bytes"))
    except requests.Timeout as error:
        raise _Cut(f"no answer within {READ_SECONDS:g} s") from error
    except requests.RequestException as error:
        raise _Cut(_root(error)) from error
    expected = total if item.size is None else item.size
    if expected is not None and length(part) < expected:
        raise _Cut(f"the connection ended after {length(part)} of {expected} bytes")


def _total(item: Entry, part: BinaryIO, response: requests.Response) -> int | None:
    """Judge the answer's status; return the whole file's length when the server says it.

    The part is emptied when the server sends the file from its beginning.
    """
    status, have = response.status_code, length(part)
    ranged = re.match(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))
    if status == 200:
        clear(part)
        total = response.headers.get("Content-Length")
        if "Content-Encoding" in response.headers:
            total = None
    elif status == 206 and ranged and ranged[1] == str(have):
        total = ranged[2]
    elif status == 206:
        clear(part)
        raise _Cut(f"the server sent another range than the one from byte {have}")
    elif status == 416 and have:
        # Nothing after the byte we have: the end of a file of unknown length, else too short.
        total = ranged[2] if ranged else None
        if item.size is not None or total != str(have):
            expected = have if item.size is None else item.size
            raise WrongBytes(_wrong(item, f"{total or 'fewer'} bytes", f"{expected} bytes"))
    elif status in (408, 425, 429) or status >= 500:
        raise _Cut(f"the server answered HTTP {status}")
    else:
        raise DownloadError(_refused(item, status))
    total = int(total) if total and total.isdigit() else None
    if item.size is not None and total is not None and total > item.size:
        raise WrongBytes(_wrong(item, f"{total} bytes", f"{item.size} bytes"))
    return total


def _reach(item: Entry, folder: Path) -> None:
    """Find out within seconds that there is no network.

    Name lookup takes no time limit and a connection tries every address in turn, so both run in
    a thread that is left behind when it takes too long.
    """
    proxies = requests.utils.get_environ_proxies(item.url)
    proxy = requests.utils.select_proxy(item.url, proxies)
    # A proxy looks the server's name up, perhaps as the only one who can: then reach the proxy.
    parts = urlsplit(requests.utils.prepend_scheme_if_needed(proxy, "http") if proxy else item.url)
    address = (parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))
    server = f"{item.host} (by the proxy {parts.hostname})" if proxy else item.host
    outcome: list[OSError | None] = []

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=CONNECT_SECONDS).close()
            outcome.append(None)
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    if outcome and outcome[0] is None:
        return
    why = str(outcome[0]) if outcome else f"no answer within {REACH_SECONDS:g} s"
    raise Unreachable(
        f"cannot download {item.key}: {server} is not reachable ({why}), and the file is not in "
        f"{folder}. Connect to the network and run again, or set GRNULAR_DATA to a folder that "
        "holds the file under this name",
        item.host,
    )


def _wrong(item: Entry, got: str, expected: str) -> str:
    message = (
        f"the download of {item.key} from {item.url} is not the expected file: got {got}, "
        f"expected {expected}. It was deleted. Either the file there has changed, or something "
        "between (a proxy, a login page) answered instead"
    )
    if not item.confirmed:
        message += (
            ". The expected hash of this file was only read in a public note and is unconfirmed: "
            "if you trust the server, put the unpacked members you need into the cache folder by "
            "hand; each is checked on its own where its hash is known"
        )
    return message


def _stopped(item: Entry, part: BinaryIO, why: str) -> str:
    of = "" if item.size is None else f" of {item.size}"
    return (
        f"the download of {item.key} from {item.host} stopped {TRIES} times in a row: {why}. "
        f"{length(part)}{of} bytes have arrived; run again to go on from there"
    )


def _refused(item: Entry, status: int) -> str:
    what = "the file is no longer there" if status in (404, 410) else "the server refused it"
    return (
        f"cannot download {item.key}: {what} (HTTP {status} from {item.url}). Get it from "
        "elsewhere, put it into the cache folder under this name, and it will be checked by its "
        f"hash {item.sha256}"
    )


def _root(error: BaseException) -> str:
    """Say the first cause; what requests wraps around it is long and names our internals."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error) or type(error).__name__
