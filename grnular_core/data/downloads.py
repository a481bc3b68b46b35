"""The project's data files, from the cache folder or the network, always with the right bytes.

pooch does the transfer and the hashes. A file that is in the cache is used without the network
and without writing anything, so the cache may be read-only. One that is not there is downloaded
beside its place under a hidden name, checked, and only then given its name, so that neither a
killed process nor two at once leave a wrong file.
"""

from __future__ import annotations

import os
import shutil
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from grnular_core.data.registry import Entry, Member, entry, member, tail
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.utils.files import atomic_write, place

with warnings.catch_warnings():
    # pooch imports tqdm.auto, which warns in every notebook that has no ipywidgets
    warnings.simplefilter("ignore")
    import pooch
    from tqdm import tqdm

TIMEOUT = (5.0, 20.0)  # seconds: to connect, and of silence in the middle of a transfer
TRIES = 2
PAUSE_SECONDS = 1.0
BAR_SECONDS = 0.5  # dozens of small files need no progress bar
CHUNK = 1 << 14


class Unreachable(DownloadError):
    """The server cannot be reached at all; trying its other files would only take time."""


@dataclass(frozen=True)
class Availability:
    """Which of the requested files are available."""

    paths: dict[str, Path] = field(default_factory=dict)  # by key
    reasons: dict[str, str] = field(default_factory=dict)  # by key, of those that are not


def cache_folder() -> Path:
    """Return the folder that holds the data: ``GRNULAR_DATA``, else the user's cache folder.

    A relative ``GRNULAR_DATA`` is taken from the working folder; if it is not there, from the
    project's folder. Nothing is created.

    Returns
    -------
    Path
        It need not exist.

    Raises
    ------
    DownloadError
        When ``GRNULAR_DATA`` cannot be read.
    """
    value = os.environ.get("GRNULAR_DATA", "").strip()
    if not value:
        return Path(pooch.os_cache("grnular"))
    folder = Path(value).expanduser()
    # A notebook's working folder is notebooks/, while the variable was set in the project's.
    project = Path(__file__).resolve().parents[2]
    if not folder.is_absolute() and _is_missing(folder) and not _is_missing(project / folder):
        return (project / folder).resolve()
    return folder.absolute()


def fetch(key: str, progress: bool = True) -> Path:
    """Return the path of the file ``key``, downloading it when the cache lacks it.

    Parameters
    ----------
    key : str
        A key of the registry.
    progress : bool
        Show a bar on stderr when it takes longer than half a second.

    Returns
    -------
    Path
        The file inside ``cache_folder()``; its hash was checked, once in each process.

    Raises
    ------
    InputError
        For an unknown key.
    DownloadError
        When the file cannot be had: no network, an answer such as HTTP 404, wrong bytes, a disk
        that is full or cannot be written, or a file in the cache whose bytes are wrong, which is
        left as it is. ``Unreachable`` where the server cannot be reached.
    """
    item = entry(key)
    return _kept(cache_folder() / key, item, lambda part: _download(item, part, progress))


def fetch_member(archive_key: str, name: str) -> Path:
    """Return the path of one file out of a zip archive of the registry.

    It lies beside the archive under its full path and is checked by its own hash, if known; when
    it is there, the archive is not needed. Else the archive is fetched and this one file is taken
    out of it.

    Parameters
    ----------
    archive_key : str
    name : str
        The path inside, or only its last folder and file name.

    Returns
    -------
    Path
        The unpacked file inside ``cache_folder()``.

    Raises
    ------
    InputError, DownloadError
        As ``fetch`` does; also for an archive that does not hold exactly one such file.
    """
    item = member(archive_key, name)
    target = (cache_folder() / archive_key).parent / item.name
    return _kept(target, item, lambda part: _extract(fetch(archive_key), item, part))


def is_cached(key: str) -> bool:
    """Return whether the cache holds ``key`` with the right bytes, without network or writing.

    Parameters
    ----------
    key : str

    Returns
    -------
    bool
        False also where the file cannot be read.

    Raises
    ------
    InputError
        For an unknown key under which the cache holds a file.
    DownloadError
        When ``GRNULAR_DATA`` cannot be read.
    """
    target = cache_folder() / key
    try:
        return _hash(target) == entry(key).sha256
    except OSError:
        return False


def available(keys: Iterable[str], download_missing: bool = True) -> Availability:
    """Fetch all files that are available, without a bar, and give a reason for each of the others.

    A missing file is no error, so that a page can leave out an experiment and name the reason. An
    unreachable server is not tried again for the next file.

    Parameters
    ----------
    keys : iterable of str
    download_missing : bool
        False looks only into the cache.

    Returns
    -------
    Availability
        Every key is in its paths or in its reasons.

    Raises
    ------
    InputError
        For an unknown key, before anything is downloaded.
    """
    found = Availability()
    unreachable: set[str] = set()
    for item in [entry(key) for key in dict.fromkeys(keys)]:
        try:
            missing = _is_missing(cache_folder() / item.key)
            if missing and not download_missing:
                raise DownloadError(
                    f"{item.key} is not in {cache_folder()} and was not to be downloaded"
                )
            if missing and item.host in unreachable:
                raise DownloadError(f"cannot download {item.key}: {item.host} is not reachable")
            found.paths[item.key] = fetch(item.key, progress=False)
        except DownloadError as error:
            found.reasons[item.key] = str(error)
            if isinstance(error, Unreachable):
                unreachable.add(item.host)
    return found


def sha256(path: str | Path) -> str:
    """Return the hash of a file, in lower-case hex.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
    """
    return pooch.file_hash(str(path), alg="sha256")


def _kept(target: Path, item: Entry | Member, make: Callable[[Path], None]) -> Path:
    """``target`` with the right bytes: as it is, or made at the path that ``make`` is given."""
    try:
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(target) as part:
                make(part)
        got = None if item.sha256 is None else _hash(target)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(
            f"{target} cannot be read or written: {error.strerror or error}. Set GRNULAR_DATA to a "
            "folder you can write, on a disk with space, or put the file there"
        ) from error
    if got != item.sha256:
        raise DownloadError(
            f"{target} holds other bytes than expected: its sha256 is {got}, expected "
            f"{item.sha256}{_doubt(item)}. It was left as it is; remove or rename it, and the "
            "next run fetches the file afresh"
        )
    return target


def _download(item: Entry, part: Path, progress: bool) -> None:
    """Fill ``part`` with the bytes of ``item``; a cut or a busy server is tried again."""
    import requests

    for attempt in range(TRIES):
        try:
            _transfer(item, part, progress)
            break
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", 503)
            if status < 500 and status != 429:
                raise DownloadError(_refused(item, status)) from error
            if attempt + 1 == TRIES:
                raise Unreachable(_unreachable(item, error)) from error
            time.sleep(PAUSE_SECONDS)
    got = sha256(part)
    if got != item.sha256:
        raise DownloadError(
            f"the download of {item.key} from {item.url} is not the expected file: its sha256 is "
            f"{got}, expected {item.sha256}{_doubt(item)}. It was deleted. Either the file there "
            "has changed, or something between (a proxy, a login page) answered instead"
        )


def _transfer(item: Entry, part: Path, progress: bool) -> None:
    """One try."""
    get = pooch.HTTPDownloader(
        progressbar=_Bar(
            desc=item.key.rsplit("/", 1)[-1], total=item.size or 1, unit="B", unit_scale=True,
            delay=BAR_SECONDS, disable=not progress,
        ),
        chunk_size=CHUNK,
        timeout=TIMEOUT,
        # a server may compress text on the way, and the bar would count other bytes
        headers={"Accept-Encoding": "identity"},
    )  # fmt: skip
    with get.progressbar:
        get(item.url, str(part), None)


class _Bar(tqdm):
    """A bar that pooch may set back without its being taken for one that was never shown."""

    def reset(self, total: float | None = None) -> None:
        self.n = 0


def _extract(archive: Path, item: Member, part: Path) -> None:
    """Write the member to ``part``. Where it goes is the caller's choice and never the archive's."""
    with zipfile.ZipFile(archive) as opened:
        found = [name for name in opened.namelist() if tail(name) == tail(item.name)]
        found = [item.name] if item.name in found else found
        if len(found) != 1:
            raise DownloadError(
                f"{archive} should hold one file like {item.name}; found {len(found)}: "
                f"{', '.join(found[:4]) or 'none'}"
            )
        with opened.open(found[0]) as source, open(part, "wb") as sink:
            shutil.copyfileobj(source, sink)
    if item.sha256 is not None and (got := sha256(part)) != item.sha256:
        raise DownloadError(
            f"{item.name} in {archive} has sha256 {got}, expected {item.sha256}{_doubt(item)}; it "
            "was not unpacked"
        )


def _unreachable(item: Entry, error: BaseException) -> str:
    while error.__cause__ or error.__context__:  # what is wrapped around names our internals
        error = error.__cause__ or error.__context__
    return (
        f"cannot download {item.key}: {item.url} is not reachable ({error}), and the file is not "
        f"in {cache_folder()}. Connect to the network and run again, or set GRNULAR_DATA to a "
        "folder that holds the file under this name"
    )


def _refused(item: Entry, status: int) -> str:
    return (
        f"cannot download {item.key}: HTTP {status} from {item.url}. Get the file from elsewhere "
        f"and put it into {cache_folder()} (or another folder named by GRNULAR_DATA) under this "
        f"name; it is checked by its sha256 {item.sha256}"
    )


def _doubt(item: Entry | Member) -> str:
    if item.confirmed:
        return ""
    return (
        " (read in a public note, unconfirmed: if you trust the server, put the unpacked members "
        "you need into the cache folder by hand; each is checked where its hash is known)"
    )


def _is_missing(path: Path) -> bool:
    try:
        return place(path) == "missing"
    except InputError as error:
        raise DownloadError(
            f"the data folder (GRNULAR_DATA) cannot be used: {error}. Set GRNULAR_DATA to a folder "
            "you can read"
        ) from error


def _hash(path: Path) -> str:
    now = path.stat()
    return _hash_of(str(path), now.st_mtime_ns, now.st_size)


@cache
def _hash_of(path: str, mtime_ns: int, size: int) -> str:
    """Hash a file once, as long as nothing shows that its bytes changed."""
    return sha256(path)
