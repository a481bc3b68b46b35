"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grnular_core.utils.errors import GrnularError

if TYPE_CHECKING:
    from anndata import AnnData


class WriteError(GrnularError, OSError):
    """A result that could not be written."""

    exit_code = 5


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there when the block ends well.

    A reader sees the old file or the new one, never a part. When the block fails, the temporary
    file is removed and the old one is left as it was; a killed process leaves a hidden ``.part``
    file and the old one. A link is followed, not replaced. Raises ``WriteError`` that names
    the folder and the likely fix for a full disk, a missing folder or missing rights.
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


def save_h5ad(adata: AnnData, path: Path, **options: Any) -> None:
    """``adata.write_h5ad``, in memory first and then to the disk in one go.

    HDF5 that runs out of disk gives no plain error, and may crash the process when it lets its file go. The
    price is memory for one copy of the file. Strings become categories, as in anndata. Raises
    ``OSError`` as any writing does.
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


def _refuse_special(target: Path) -> None:
    """A folder or a device (/dev/null) must not be replaced by a file."""
    if target.exists() and not target.is_file():
        kind = errno.EISDIR if target.is_dir() else errno.EINVAL
        raise OSError(kind, "it is no plain file; give the name of a file")


def write_error(error: OSError, path: Path) -> WriteError:
    """The error for a person: what could not be written, and what to do about it."""
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
