"""Where results come from: commit, versions of packages and processor, written once in ``environments.csv``.

A row names its environment by eight digits; the file holds the full text. Thousands of rows would
repeat the text otherwise.

Parameters
----------
folder : Path
    The folder of recorded tables.
"""

from __future__ import annotations

import csv
import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError, write_csv
from grnular_core.utils.provenance import package_commit, repository

FILE, HEADER = "environments.csv", ["environment", "text"]
OPTIONAL = ("regdiffusion",)  # methods that run a package of their name
LOCK_SECONDS = 60


def short(text: str) -> str:
    """The eight hexadecimal digits that name an environment.

    Parameters
    ----------
    text : str
        Environment of ``provenance``.

    Returns
    -------
    str
    """
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def known(folder: Path) -> dict[str, str]:
    """The environments that rows of a folder may name; none without a file.

    Returns
    -------
    dict of str to str
        Digits -> text.

    Raises
    ------
    InputError
        For a line whose digits are not those of its text.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    wrong = [line for line in lines if len(line) != 2 or short(line[1]) != line[0]]
    if header != HEADER or wrong:
        raise InputError(f"{path} is damaged at {wrong[0] if wrong else header}; restore it from git")
    return dict(lines)


def remember(folder: Path, texts: set[str]) -> None:
    """Add to the file of environments in a folder, which stays sorted.

    Parameters
    ----------
    texts : set of str
        Environments; an empty text is none.

    Raises
    ------
    InputError
        For a damaged file.
    WriteError
        When the file is locked or cannot be written.
    """
    with locked(folder / FILE):
        before = known(folder)
        after = before | {short(text): text for text in texts if text}
        if after != before:
            write_csv(pd.DataFrame(sorted(after.items()), columns=HEADER), folder / FILE)


@lru_cache(maxsize=16)
def provenance(method: str = "") -> dict[str, str]:
    """Software and machine of this process: ``commit`` (``-dirty`` when the packages differ from it) and ``environment``.

    The latter has versions (of an optional package where ``method`` runs it), processor and the vector
    instructions that PyTorch and OpenBLAS use on it.

    Parameters
    ----------
    method : str
        The method that computes them, where it runs an optional package of its name.

    Returns
    -------
    dict of str to str
    """
    names = ["numpy", "scipy", "scikit-learn", "torch", "arboreto"]
    versions = [f"{name}={version(name)}" for name in names]
    try:
        versions += [f"{method}={version(method)}"] if method in OPTIONAL else []
    except PackageNotFoundError:
        pass
    facts = [f"python={platform.python_version()}", *versions, processor()]
    return {"commit": _commit(), "environment": " ".join(facts)}


@lru_cache(maxsize=1)
def _commit() -> str:
    return package_commit(repository() / "notebooks" / "grnular_paper")


@lru_cache(maxsize=1)
def processor() -> str:
    """The processor and the vector instructions in use, as ``processor=... torch_cpu=... openblas=...``.

    Single precision carries the rounding of one kind of instructions through hundreds of steps of a fit.
    Blanks of names are underscores; unknown values are ``unknown``.

    Returns
    -------
    str
    """
    import torch
    from threadpoolctl import threadpool_info

    name = platform.processor() or "unknown"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((s.partition(":")[2] for s in lines if s.startswith("model name")), name)
    except OSError:  # no Linux
        pass
    kernels = sorted({x["architecture"] for x in threadpool_info() if "architecture" in x})
    found = {
        "processor": "_".join(name.split()),
        "torch_cpu": torch.backends.cpu.get_cpu_capability(),
        "openblas": "/".join(kernels) or "unknown",
    }
    return " ".join(f"{key}={'_'.join(value.split())}" for key, value in found.items())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Exclusive lock on ``path`` inside the block.

    Parameters
    ----------
    path : Path
        A file; the lock is a hidden one beside it.

    Yields
    ------
    None

    Raises
    ------
    WriteError
        When another process holds the lock for more than ``LOCK_SECONDS``.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        with lock.acquire(timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise WriteError(f"{path} has been locked by another process for {LOCK_SECONDS} s; is one hanging?") from error
