"""What published code does otherwise than the papers say, as numbers for the page of differences.

The code of 2020 sees the upper triangle of a network's matrix alone: the target of training, and the
covariance that rho_nn sees, are cut to pairs whose first gene comes before the second. An edge from a
TF to a gene before it is then no edge. GRNBoost2 under today's packages stops boosting too early.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from grnular_core.utils.files import write_csv
from grnular_paper.runs import run_missing
from grnular_paper.synthetic import replicate_of, synthetic_tasks

DATASETS = ("DS1", "DS2", "DS3")
TRIANGLE = "triangle.csv"
STOPS_EARLY, N_GRAPHS = "grnboost2-shipped", 12  # clean graphs where arboreto is on record too


def lost_edges(adjacency: np.ndarray, tf_index: np.ndarray) -> int:
    """How many edges an upper triangle leaves out: those whose TF comes after its target.

    Parameters
    ----------
    adjacency : ndarray, shape (tfs, genes)
        Not zero where there is an edge.
    tf_index : ndarray, shape (tfs,)
        Position of each TF among the genes.

    Returns
    -------
    int
        Number of edges.
    """
    row, column = np.nonzero(adjacency)
    return int((np.asarray(tf_index)[row] > column).sum())


def record_missing(folder: Path) -> list[str]:
    """Add to the record what is not there yet: lost edges of SERGIO's datasets, and GRNBoost2's early stop.

    Parameters
    ----------
    folder : Path
        The folder of recorded tables.

    Returns
    -------
    list of str
        A line for each run that failed.

    Raises
    ------
    DownloadError
        When the inputs can not be had.
    """
    if not (folder / TRIANGLE).exists():
        lines = []
        for name in DATASETS:
            network = replicate_of(name, 0)
            edges = int(network.adjacency.sum())
            lines.append((name, edges, lost_edges(network.adjacency, network.tf_index) / edges))
        table = pd.DataFrame(lines, columns=["dataset", "edges", "lost"])
        write_csv(table, folder / TRIANGLE, float_format="%.6f")
    return run_missing(folder, synthetic_tasks(["clean"], [STOPS_EARLY], range(N_GRAPHS)))
