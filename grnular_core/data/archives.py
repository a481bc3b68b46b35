"""Taking one file out of a zip archive without trusting the archive."""

from __future__ import annotations

import hashlib
import stat
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from grnular_core.data.partfile import clear, write_all
from grnular_core.data.registry import Member, tail
from grnular_core.utils.errors import DownloadError

LARGEST_UNKNOWN = 512 * 1024**2  # bytes; a bound for members whose size nobody noted
CHUNK = 1 << 16


def extract(archive: Path, item: Member, into: BinaryIO) -> None:
    """Write the bytes of ``item``, and of nothing else, from ``archive`` to ``into``.

    Where the file goes is the caller's choice and never the archive's. The member is found by
    its last folder and file name, so that another top folder or spelling does no harm.

    Raises ``DownloadError`` when the archive is no zip file, has no such member or several, when
    the member has an unsafe path, is a link or encrypted, is longer than it should be, or when
    its bytes are damaged or have another hash than the known one.
    """
    clear(into)  # a killed extraction may have left its beginning
    try:
        with zipfile.ZipFile(archive) as opened:
            info = _find(opened, archive, item)
            digest = _copy(opened, info, item, into)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        clear(into)
        raise DownloadError(
            f"cannot unpack {item.name} from {archive}: {error}. Remove the archive and run again "
            "to download it afresh"
        ) from error
    except DownloadError:
        clear(into)
        raise
    if item.sha256 is not None and digest != item.sha256:
        clear(into)
        raise DownloadError(
            f"{item.name} in {archive} has sha256 {digest}, expected {item.sha256}"
            + ("" if item.confirmed else " (a hash read in a public note, unconfirmed)")
            + "; it was not unpacked"
        )


def _find(opened: zipfile.ZipFile, archive: Path, item: Member) -> zipfile.ZipInfo:
    same = [info for info in opened.infolist() if tail(info.filename) == tail(item.name)]
    exact = [info for info in same if info.filename == item.name]
    found = exact if len(exact) == 1 else same
    if len(found) != 1:
        have = ", ".join(info.filename for info in same[:4]) or "none"
        raise DownloadError(
            f"{archive} should hold one file like {item.name}; found {len(found)}: {have}"
        )
    info = found[0]
    folders = info.filename.split("/")
    if info.filename.startswith("/") or ".." in folders or ":" in folders[0]:
        raise DownloadError(f"{archive} holds the unsafe path {info.filename!r}; not unpacked")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.is_dir() or kind not in (0, stat.S_IFREG):
        raise DownloadError(f"{info.filename} in {archive} is not a plain file; not unpacked")
    return info


def _copy(opened: zipfile.ZipFile, info: zipfile.ZipInfo, item: Member, into: BinaryIO) -> str:
    limit = LARGEST_UNKNOWN if item.size is None else item.size
    if info.file_size > limit or (item.size is not None and info.file_size != item.size):
        raise DownloadError(
            f"{info.filename} says it unpacks to {info.file_size} bytes, expected "
            f"{'at most ' if item.size is None else ''}{limit}; not unpacked"
        )
    digest = hashlib.sha256()
    # zipfile stops at the length just checked and compares the CRC there.
    with opened.open(info) as source:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            write_all(into, chunk)
    return digest.hexdigest()
