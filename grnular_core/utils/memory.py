"""The memory of this machine, and when data are too large to be worked on all at once."""

from __future__ import annotations

import os
from pathlib import Path

# data with more pairs, or more values, go through GRNULar a block at a time: less memory, and quicker
# (10,000 cells of 1,000 genes in 1.6 s, not in 5.9 s)
LARGE_PAIRS, LARGE_VALUES = 2_000_000, 3_500_000
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")



def is_large(n_cells: int, n_genes: int, n_tfs: int) -> bool:
    """Whether data are too large for GRNULar to work on all of them at once."""
    return n_tfs * n_genes > LARGE_PAIRS or n_cells * n_genes > LARGE_VALUES


def machine_bytes() -> int | None:
    """Memory of the machine, or of the container when that is less; None where nobody can say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    try:
        return min(total, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit
        return total


def spelled_size(n_bytes: int) -> str:
    """Bytes in the unit that reads well."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"about {n_bytes / size:.1f} {unit}"
    return "less than 1 MB"
