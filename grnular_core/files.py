"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grnular_core.errors import GrnularError


class WriteError(GrnularError, OSError):
    """A result that could not be written."""

    exit_code = 5


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; move it there when the block ends well.

    A reader sees the old file or the new one, never a part. When the block fails, the temporary
    file is removed and the old one is left as it was. Raises ``WriteError`` that names the folder
    and the likely fix for a full disk, a missing folder or missing rights.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise WriteError(_why(error, path)) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with open(part, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(part, 0o666 & ~_umask())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WriteError(_why(error, path)) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _why(error: OSError, path: Path) -> str:
    if error.errno == errno.ENOENT:
        return f"cannot write {path}: the folder {path.parent} does not exist; create it first"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return f"cannot write {path}: the folder {path.parent} is not writable; choose another"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write {path}: no space left on the disk; free some and run again"
    return f"cannot write {path}: {error}"
