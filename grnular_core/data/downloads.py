"""The project's data files, from the cache folder or the network, always with the right bytes.

A file that is in the cache is used without the network and without writing anything, so the cache
may be read-only; its hash is checked at the first use in each process. A file that is not there is
downloaded, checked, and only then given its name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from grnular_core.data.archives import extract
from grnular_core.data.partfile import claimed_part, finish
from grnular_core.data.registry import Entry, Member, entry, member
from grnular_core.data.transfer import Unreachable, download
from grnular_core.data.userfiles import sha256, user_cache
from grnular_core.utils.errors import DownloadError, GrnularError, InputError
from grnular_core.utils.places import place

# Hash of each file seen by this process, by what changes whenever the bytes do.
_hashes: dict[tuple[str, int, int], str] = {}


@dataclass(frozen=True)
class Availability:
    """Which files are at hand: ``paths`` by key, and for the others the ``reasons`` by key."""

    paths: dict[str, Path] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every file is at hand."""
        return not self.reasons


def cache_folder() -> Path:
    """Return the folder that holds the data: ``GRNULAR_DATA``, else the user's cache folder.

    A relative ``GRNULAR_DATA`` is taken from the working folder; if it is not there, from the
    project's folder. Nothing is created.
    """
    value = os.environ.get("GRNULAR_DATA", "").strip()
    if not value:
        return user_cache()
    folder = Path(value).expanduser()
    # A notebook's working folder is notebooks/, while the variable was set in the project's.
    project = Path(__file__).resolve().parents[2]
    if not folder.is_absolute() and _is_missing(folder) and not _is_missing(project / folder):
        return (project / folder).resolve()
    return folder.absolute()


def _is_missing(folder: Path) -> bool:
    """Whether there is nothing. Raises ``DownloadError`` where ``GRNULAR_DATA`` cannot be looked at."""
    try:
        return place(folder) == "missing"
    except InputError as error:
        raise DownloadError(
            f"the data folder (GRNULAR_DATA) cannot be used: {error}. Set GRNULAR_DATA to a folder "
            "you can read"
        ) from error


def fetch(key: str, progress: bool = True) -> Path:
    """Return the path of the file ``key``, downloading it when the cache lacks it.

    ``progress`` shows a bar on stderr when it takes longer than half a second. Raises
    ``InputError`` for an unknown key and ``DownloadError`` (what, expected, likely fix) when the
    file cannot be had: no network, HTTP error, cut connection, wrong bytes, full or read-only
    disk, or a file in the cache whose bytes are wrong, which is left as it is.
    """
    item = entry(key)
    target = cache_folder() / key
    with _explained(key, target):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with claimed_part(target, progress) as part:
                if not target.exists():
                    download(item, part, progress)
                    finish(part, target)
                    _hashes[_stamp(target)] = item.sha256
        _check(target, item)
    return target


def is_cached(key: str) -> bool:
    """Say whether the cache holds ``key`` with the right bytes, without network or writing."""
    item = entry(key)
    target = cache_folder() / key
    try:
        return target.is_file() and _hash(target) == item.sha256
    except OSError:
        return False


def available(
    keys: Iterable[str], download_missing: bool = True, progress: bool = True
) -> Availability:
    """Fetch what can be had, and say for each other file why it cannot.

    This never raises for a file that cannot be had, so that a page can leave out an experiment
    and name the reason; an unknown key is still an ``InputError``. A server found unreachable is
    not asked again for the next file. ``download_missing=False`` looks only into the cache.
    """
    found = Availability()
    unreachable: set[str] = set()
    for key in _known(keys):
        item = entry(key)
        try:
            missing = _is_missing(cache_folder() / key)
            if missing and not download_missing:
                found.reasons[key] = (
                    f"{key} is not in {cache_folder()} and was not to be downloaded"
                )
            elif missing and item.host in unreachable:
                found.reasons[key] = f"cannot download {key}: {item.host} is not reachable"
            else:
                found.paths[key] = fetch(key, progress)
        except DownloadError as error:
            found.reasons[key] = str(error)
            if isinstance(error, Unreachable):
                unreachable.add(error.host)
    return found


def fetch_member(archive_key: str, name: str, progress: bool = True) -> Path:
    """Return the path of one file out of a zip archive of the registry.

    ``name`` is the path inside, or just its last folder and file name. The unpacked file lies
    beside the archive under its full path and is checked by its own hash, if known; when it is
    there, the archive is not needed. Else the archive is fetched and this one file taken out.
    Raises as ``fetch`` does, and ``DownloadError`` for an archive that is damaged or unsafe.
    """
    item = member(archive_key, name)
    target = (cache_folder() / archive_key).parent / item.name
    with _explained(item.name, target):
        if not target.exists():
            archive = fetch(archive_key, progress)
            target.parent.mkdir(parents=True, exist_ok=True)
            with claimed_part(target, progress) as part:
                if not target.exists():
                    extract(archive, item, part)
                    finish(part, target)
        if item.sha256 is not None:
            _check(target, item)
    return target


def _known(keys: Iterable[str]) -> list[str]:
    return [entry(key).key for key in dict.fromkeys(keys)]


def _check(path: Path, item: Entry | Member) -> None:
    if place(path) == "other":  # reading it would wait for ever
        raise DownloadError(f"{path} is a pipe or device, expected the file; remove or rename it")
    got = _hash(path)
    if got != item.sha256:
        doubt = "" if item.confirmed else " (read in a public note, unconfirmed)"
        raise DownloadError(
            f"{path} holds other bytes than expected: its sha256 is {got}, expected "
            f"{item.sha256}{doubt}. It was left as it is; remove or rename it, and the next run "
            "fetches the file afresh"
        )


def _hash(path: Path) -> str:
    stamp = _stamp(path)
    if stamp not in _hashes:
        _hashes[stamp] = sha256(path)
    return _hashes[stamp]


def _stamp(path: Path) -> tuple[str, int, int]:
    now = path.stat()
    return str(path), now.st_mtime_ns, now.st_size


@contextmanager
def _explained(name: str, target: Path) -> Iterator[None]:
    """Turn the system's errors about ``target`` into a ``DownloadError`` with the likely fix."""
    try:
        yield
    except GrnularError:
        raise
    except OSError as error:
        raise DownloadError(_why(error, name, target)) from error


def _is_seen(target: Path) -> bool:
    try:
        return place(target) != "missing"
    except InputError:
        return False


def _why(error: OSError, name: str, target: Path) -> str:
    folder = cache_folder()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space left while fetching {name} into {folder}; free some and run again (what "
            "has arrived is kept), or set GRNULAR_DATA to a folder on a larger disk"
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and not _is_seen(target):
        return (
            f"{name} is not in the cache folder {folder}, and that cannot be written "
            f"({error.strerror}). Set GRNULAR_DATA to a folder you can write, or put the file at "
            f"{target}"
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return (
            f"cannot keep {name} at {target}: a part of that path is a file, expected a folder. "
            "Remove it or set GRNULAR_DATA to another folder"
        )
    if error.errno == errno.EISDIR:
        return f"{target} is a folder, expected the file {name}; remove it and run again"
    return f"cannot use {target} for {name}: {error}"
