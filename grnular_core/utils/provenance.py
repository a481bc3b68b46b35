"""Where the code that runs comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def repository() -> Path:
    """The folder that holds ``grnular_core``; in a checkout also ``notebooks`` and ``book``."""
    return PACKAGE.parent


def package_commit(*more: Path) -> str:
    """Short hash of the commit that last changed the package or one of the folders ``more``.

    ``-dirty`` follows where they differ from it, ``unknown`` stands for no git at all.
    """
    folders = [str(folder) for folder in (PACKAGE, *more)]
    try:
        last = _git("log", "-1", "--format=%h", "--abbrev=10", "--", *folders)
        return last + ("-dirty" if _git("status", "--porcelain", "--", *folders) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(PACKAGE), *words], check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout.strip()
