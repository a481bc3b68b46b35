"""How much memory a run takes, said before it is allocated."""

from __future__ import annotations

import os
from pathlib import Path

from grnular_core.errors import InputError

# copies of the expression that live at once, and bytes of an edge in a table with its two names
COPIES, EDGE_BYTES, SCORE_MATRICES = 4, 120, 4
# a rho_nn that sees context keeps its features and layers for all pairs at once, measured
CONTEXT_BYTES = 1500
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def needed_bytes(n_cells: int, n_genes: int, n_tfs: int, method: str = "") -> int:
    """Bytes that any method takes: expression, scores (tfs, genes) and the edge table.

    The trained ``grnular`` takes more for every pair.
    """
    a_pair = 8 * SCORE_MATRICES + EDGE_BYTES + (CONTEXT_BYTES if method == "grnular" else 0)
    return 8 * COPIES * n_cells * n_genes + a_pair * n_tfs * n_genes


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


def check_memory(n_cells: int, n_genes: int, n_tfs: int, method: str = "") -> str:
    """How much a run takes, as words. Raises ``InputError`` when the machine does not have it."""
    needed, there = needed_bytes(n_cells, n_genes, n_tfs, method), machine_bytes()
    if there is not None and needed > there:
        raise InputError(
            f"{n_cells} cells, {n_genes} genes and {n_tfs} TFs take {spelled_size(needed)} "
            f"of memory and the machine has {spelled_size(there)}; keep fewer genes (the most "
            "variable ones) or cells, or give a shorter TF list"
        )
    return f"{spelled_size(needed)} of memory"


def spelled_size(n_bytes: int) -> str:
    """Bytes in the unit that reads well."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            return f"about {n_bytes / size:.1f} {unit}"
    return "less than 1 MB"
