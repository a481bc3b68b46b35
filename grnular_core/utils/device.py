"""The machine: the device that computes, decided once and never changed silently, and its memory."""

from __future__ import annotations

import ctypes
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grnular_core.utils.errors import InputError

if TYPE_CHECKING:
    import torch

_NAME = re.compile(r"(cpu|cuda)(:\d{1,3})?")
# data with more pairs, or more values, go through GRNULar a block at a time: less memory, and quicker
# (10,000 cells of 1,000 genes in 1.6 s, not in 5.9 s)
LARGE_PAIRS, LARGE_VALUES = 2_000_000, 3_500_000
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """Find the device of a name.

    Parameters
    ----------
    device : str or torch.device
        ``auto`` (the first GPU where there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``.

    Returns
    -------
    torch.device
        Never the CPU where a GPU is requested.

    Raises
    ------
    InputError
        For an unknown name, before torch is loaded, and for a GPU that is not there.
    """
    name = str(device)
    if name != "auto" and not _NAME.fullmatch(name):
        raise InputError(f"unknown device {name!r}; use 'auto', 'cpu', 'cuda' or 'cuda:N'")
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = torch.device(name)
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device {name!r} was requested, but torch sees {torch.cuda.device_count()} "
            "GPUs; use device 'cpu' or 'auto', or install a torch built for your GPU"
        )
    return found


def is_large(n_cells: int, n_genes: int, n_tfs: int) -> bool:
    """Return whether data are too large for GRNULar to work on all of them at once.

    Parameters
    ----------
    n_cells, n_genes, n_tfs : int

    Returns
    -------
    bool
        True above ``LARGE_PAIRS`` pairs (tfs x genes) or ``LARGE_VALUES`` values (cells x genes).
    """
    return n_tfs * n_genes > LARGE_PAIRS or n_cells * n_genes > LARGE_VALUES


def machine_bytes() -> int | None:
    """Ask for the memory of the machine, or of the container when that is less.

    Returns
    -------
    int or None
        Bytes; None where unknown.
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    try:
        return min(total, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return total


def give_back_memory() -> None:
    """Return to the system what was freed: glibc keeps pieces below 32 MB, which add up to half a gigabyte."""
    with suppress(OSError, AttributeError, TypeError):  # other systems
        ctypes.CDLL(None).malloc_trim(0)


def spelled_size(n_bytes: int) -> str:
    """Write bytes in the unit that reads well.

    Parameters
    ----------
    n_bytes : int

    Returns
    -------
    str
        Such as ``about 2.5 MB``.
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"about {n_bytes / size:.1f} {unit}"
    return "less than 1 MB"
