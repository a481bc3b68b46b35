"""Where the code that runs comes from: its folder and its commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def repository() -> Path:
    """Find the folder that holds ``grnular_core``; in a checkout also ``notebooks`` and ``book``.

    Returns
    -------
    Path
    """
    return PACKAGE.parent


def package_commit(*more: Path) -> str:
    """Find the commit that last changed the package.

    Parameters
    ----------
    *more : Path
        Other folders of the checkout that count too.

    Returns
    -------
    str
        Short hash; ``-dirty`` follows where the files differ from it, ``unknown`` stands for no git.
    """
    folders = [str(folder) for folder in (PACKAGE, *more)]
    try:
        last = _git("log", "-1", "--format=%h", "--abbrev=10", "--", *folders)
        return last + ("-dirty" if _git("status", "--porcelain", "--", *folders) else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    """Output of git in the checkout of the package."""
    done = subprocess.run(
        ["git", "-C", str(PACKAGE), *words], check=True, capture_output=True, text=True, timeout=20
    )
    return done.stdout.strip()
