"""What stands at a path that somebody typed, asked in a way that never ends in a traceback.

``Path.exists`` and its kin raise for a folder that may not be entered and for a name that is too long.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Literal

from grnular_core.utils.errors import InputError

Place = Literal["file", "folder", "other", "missing"]
WHY = {
    errno.EACCES: "permission denied; ask for the right to enter its folder, or choose another",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
    errno.ELOOP: "its links lead in a circle; name the file itself",
}


def place(path: str | Path) -> Place:
    """What ``path`` is, links followed; ``other`` is a pipe or device. A link to nothing is missing.

    Raises ``InputError`` where that cannot be told, with the reason.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (OSError, ValueError) as error:  # ValueError: a NUL character in a name
        why = WHY.get(getattr(error, "errno", None), getattr(error, "strerror", None) or str(error))
        raise InputError(f"cannot look at {_short(path)}: {why}") from error
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def same_place(one: str | Path, other: str | Path) -> bool:
    """Whether both are there and are one file, also under two names."""
    if "missing" in (place(one), place(other)):
        return False
    return os.path.samefile(one, other)


def dangling(path: str | Path) -> str | None:
    """Where a link leads that leads to nothing; None for everything else."""
    try:
        return os.readlink(path) if place(path) == "missing" and os.path.islink(path) else None
    except OSError:
        return None


def _short(path: str | Path) -> str:
    text = str(path)
    return text if len(text) <= 200 else f"{text[:100]}...{text[-60:]} ({len(text)} letters)"
