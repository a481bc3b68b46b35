"""What published code does otherwise than the papers say, as numbers for the page of differences.

The code of 2020 sees the upper triangle of a network's matrix alone: the target of training, and the
covariance that rho_nn sees, are cut to pairs whose first gene comes before the second. An edge from a
TF to a gene before it is then no edge. GRNBoost2 under today's packages stops boosting too early.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.utils.files import atomic_write
from grnular_paper.records import provenance
from grnular_paper.synthetic import SyntheticTask, replicate_of, run_synthetic

DATASETS = ("DS1", "DS2", "DS3")
TRIANGLE, EARLY_STOP = "triangle.csv", "early_stop.csv"


def lost_edges(adjacency: np.ndarray, tf_index: np.ndarray) -> int:
    """Edges of ``adjacency`` (tfs, genes) whose TF, gene ``tf_index`` (tfs,), comes after the target."""
    row, column = np.nonzero(adjacency)
    return int((np.asarray(tf_index)[row] > column).sum())


def record_lost_edges(folder: Path, datasets: Sequence[str] = DATASETS) -> pd.DataFrame:
    """Write ``triangle.csv`` for SERGIO's data sets; ``DownloadError`` when their inputs can not be had."""
    lines = []
    for name in datasets:
        network = replicate_of(name, 0)
        edges = int(network.adjacency.sum())
        lines.append((name, edges, lost_edges(network.adjacency, network.tf_index) / edges))
    table = pd.DataFrame(lines, columns=["dataset", "edges", "lost"])
    with atomic_write(folder / TRIANGLE) as part:
        table.to_csv(part, index=False, float_format="%.6f", lineterminator="\n")
    return table


def record_early_stop(folder: Path, n_graphs: int = 12) -> pd.DataFrame:
    """Write ``early_stop.csv``: GRNBoost2 as today's packages run it, on clean graphs with their TFs.

    The same graphs as in ``clean.csv``, where ``grnboost2-arboreto`` has the early stop restored.
    """
    rows = [run_synthetic(SyntheticTask("clean", "grnboost2-shipped", r)) for r in range(n_graphs)]
    columns = ["dataset", "cells", "cell_types", "replicate", "method", "strict_auprc", "paper_auprc", "cpu_seconds"]  # fmt: skip
    table = pd.DataFrame(rows)[columns].assign(**provenance())
    with atomic_write(folder / EARLY_STOP) as part:
        table.to_csv(part, index=False, float_format="%.6g", lineterminator="\n")
    return table


def record_missing(folder: Path) -> list[str]:
    """Write whichever of the two tables is not in ``folder``; the names of those written.

    Raises ``DownloadError`` as ``record_lost_edges`` does.
    """
    tables = {TRIANGLE: record_lost_edges, EARLY_STOP: record_early_stop}
    wanted = [name for name in tables if not (folder / name).exists()]
    for name in wanted:
        tables[name](folder)
    return wanted
