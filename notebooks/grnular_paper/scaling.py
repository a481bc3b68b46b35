"""How time and memory grow with genes, cells and TFs: which sizes are run.

``python tests/bench_scale.py sweep TABLE`` runs them. A method goes on to the next size of a sweep as
long as a run takes no more than ``PATIENCE`` seconds; the reason for the stop is recorded too.
"""

from __future__ import annotations

from typing import NamedTuple

METHODS = ("grnular-context", "grnboost2")
PATIENCE = 60.0
COLUMNS = (
    "sweep", "genes", "tfs", "cells", "density", "method", "threads", "seconds", "cpu_seconds",
    "peak_gb", "at_most_seconds", "estimate_gb",
)  # fmt: skip


class Size(NamedTuple):
    """Genes, TFs and cells of one run."""

    genes: int
    tfs: int
    cells: int


# sweep -> label of its axis, and its sizes in increasing order
SWEEPS: dict[str, tuple[str, tuple[Size, ...]]] = {
    "genes": (
        "genes, 7.5 to 10 % of them TFs, and as many cells",
        (
            Size(100, 10, 100), Size(300, 30, 300), Size(1000, 100, 1000), Size(2000, 150, 2000),
            Size(4000, 300, 4000), Size(8000, 600, 8000), Size(20000, 1500, 20000),
        ),
    ),
    "cells": ("cells of 1,000 genes, 100 TFs", tuple(Size(1000, 100, cells) for cells in (500, 2000, 10_000, 50_000, 100_000))),
    "tfs": ("TFs of 2,000 genes, 2,000 cells", tuple(Size(2000, tfs, 2000) for tfs in (20, 100, 500, 1500))),
}  # fmt: skip
