"""Two things that pooch knows: where a user's caches live, and the hash of a file."""

from __future__ import annotations

import warnings
from pathlib import Path

with warnings.catch_warnings():
    # pooch imports tqdm.auto, which warns in every notebook that has no ipywidgets
    warnings.simplefilter("ignore")
    import pooch


def user_cache() -> Path:
    """The platform's cache folder for this project; nothing is created."""
    return Path(pooch.os_cache("grnular"))


def sha256(path: str | Path) -> str:
    """The hex digest of a file, read in blocks."""
    return pooch.file_hash(str(path), alg="sha256")
