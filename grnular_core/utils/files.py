"""Atomic writing of files, and the kind of file at a path."""

from __future__ import annotations

import errno
import gzip
import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from grnular_core.utils.errors import GrnularError, InputError

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Place = Literal["file", "folder", "other", "missing"]
_CANNOT_LOOK = {
    errno.EACCES: "permission denied; ask for the right to enter its folder, or choose another",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
    errno.ELOOP: "its links lead in a circle; name the file itself",
}


class WriteError(GrnularError, OSError):
    """A result that could not be written."""

    exit_code = 5


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there when the block ends well.

    A reader sees the old file or the new one, never a part. When the block fails, the temporary
    file is removed and the old one is left as it was; a killed process leaves a hidden ``.part``
    file and the old one. A link is followed, not replaced.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    Path
        An empty file in the same folder, to be filled by the block.

    Raises
    ------
    WriteError
        For a full disk, a missing folder or missing rights; it names the folder and the likely fix.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name[:40]}-{secrets.token_hex(8)}.part")
    try:
        _refuse_special(target)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        # made here, so that the rights are those of any new file; O_EXCL: it is ours alone
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise write_error(error, path) from error
    try:
        yield part
        with open(part, "rb+") as written:
            os.fsync(written.fileno())
        if mode is not None:
            os.chmod(part, mode)
        os.replace(part, target)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError) and not isinstance(error, GrnularError):
            raise write_error(error, path) from error
        raise


def write_csv(
    table: pd.DataFrame, path: str | Path, *, separator: str | None = None, **options: Any
) -> None:
    """Write a table as csv, whole or not at all; equal tables give equal bytes.

    Parameters
    ----------
    table : DataFrame
        Numbers are written in full, so that reading them gives the same ones.
    path : str or Path
        gzip packs when the name ends in ``.gz``.
    separator : str, optional
        By default a tab when the name ends in ``.tsv`` or ``.tsv.gz``, else a comma.
    **options
        Of ``DataFrame.to_csv``; by default the index is left out.

    Raises
    ------
    WriteError
        When the file cannot be written; an existing file is left unchanged.
    """
    name = Path(path).name.lower()
    separator = separator or ("\t" if name.removesuffix(".gz").endswith(".tsv") else ",")
    options = {"index": False, "lineterminator": "\n", **options}
    with atomic_write(path) as part, open(part, "wb") as raw:
        # no name and no time in the gzip header: they would differ between equal runs
        packed = gzip.GzipFile("", "wb", 6, raw, mtime=0) if name.endswith(".gz") else raw
        with io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream:
            table.to_csv(stream, sep=separator, **options)


def save_h5ad(adata: AnnData, path: Path, **options: Any) -> None:
    """Do ``adata.write_h5ad``, in memory first and then to the disk in one go.

    HDF5 that runs out of disk gives no plain error, and may crash the process when it lets its
    file go. The price is memory for one copy of the file. Strings become categories, as in anndata.

    Parameters
    ----------
    adata : AnnData
        Cells x genes; its text columns become categories in place.
    path : Path
        The file, which is not replaced atomically: use it inside ``atomic_write``.
    **options
        Of HDF5 datasets, such as ``compression``.

    Raises
    ------
    OSError
        As any writing does.
    """
    import h5py
    from anndata.io import write_elem

    adata.strings_to_categoricals()
    if adata.raw is not None:
        adata.strings_to_categoricals(adata.raw.var)
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        write_elem(file, "/", adata, dataset_kwargs=options)
        file.flush()
        image = file.id.get_file_image()
    path.write_bytes(image)


def write_error(error: OSError, path: Path) -> WriteError:
    """Error for the user: the path that cannot be written, and the likely fix.

    Parameters
    ----------
    error : OSError
    path : Path

    Returns
    -------
    WriteError
    """
    folder = path.parent
    if error.errno == errno.EISDIR:
        why = f"it is a folder; give the name of a file, e.g. {path / 'edges.csv'}"
    elif error.errno in (errno.ENOENT, errno.ENOTDIR) and not folder.is_dir():
        why = f"there is no folder {folder}; create it first"
    elif error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        why = f"the folder {folder} is not writable; choose another"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        why = "no space left on the disk; free some and run again"
    elif error.errno == errno.ENAMETOOLONG:
        why = "its name is too long; choose a shorter one"
    else:
        why = error.strerror or str(error)
    return WriteError(f"cannot write {path}: {why}")


def place(path: str | Path) -> Place:
    """Kind of file at a path, links followed; ``Path.exists`` may raise instead.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    {"file", "folder", "other", "missing"}
        ``other`` is a pipe or device. A link to nothing is missing.

    Raises
    ------
    InputError
        Where the path cannot be read (a folder without rights, a name too long), with the reason.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (OSError, ValueError) as error:  # ValueError: a NUL character in a name
        text = str(path)
        if len(text) > 200:
            text = f"{text[:100]}...{text[-60:]} ({len(text)} letters)"
        reason = getattr(error, "strerror", None) or str(error)
        why = _CANNOT_LOOK.get(getattr(error, "errno", None), reason)
        raise InputError(f"cannot read the path {text}: {why}") from error
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def same_place(one: str | Path, other: str | Path) -> bool:
    """Return whether both paths exist and are the same file, also by links.

    Parameters
    ----------
    one, other : str or Path

    Returns
    -------
    bool
        False where either is missing.
    """
    if "missing" in (place(one), place(other)):
        return False
    return os.path.samefile(one, other)


def _refuse_special(target: Path) -> None:
    """Refuse a folder or a device (/dev/null): it must not be replaced by a file."""
    if target.exists() and not target.is_file():
        kind = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(kind, "it is no plain file; give the name of a file")
