"""How often an edge comes back when cells and seed are other ones.

A stable edge is one that the data hold on to. That makes it no true edge: two genes that a third one
regulates, or that mark the same cell type, go together in every drawing of the same cells.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grnular_core.data.candidates import positions
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import Progress, Run, method, run_method
from grnular_core.utils.errors import InputError
from grnular_core.workflow.resampling import drawn_cells

TOP = 1000  # edges of a network that are looked at, unless told otherwise
SHARE = 10  # and at most one in so many pairs: among nearly all pairs every edge comes back


def top_edges(data: GRNDataset, asked: int | None = None) -> int:
    """How many strongest edges are looked at: as many as asked for, else ``TOP`` and at most a tenth of all pairs."""
    return asked or max(min(TOP, n_pairs(data) // SHARE), 1)


def n_pairs(data: GRNDataset) -> int:
    """How many edges there could be: each TF with every other gene."""
    return len(data.tfs) * (data.n_genes - 1)


def edge_stability(
    data: GRNDataset,
    name: str,
    edges: pd.DataFrame,
    n_runs: int,
    top: int = TOP,
    run: Run | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Stability of the ``top`` strongest of ``edges``, which the method gave for all cells.

    The method runs ``n_runs`` times, each on as many cells drawn with replacement; a method that
    draws gets another seed each time. Columns ``regulator, target, stability, mean_rank``, in the
    order of ``edges``: the share of the runs in which the edge is among the ``top`` strongest again,
    and its mean rank over the runs. An edge that a run leaves out has there the rank after the last.
    The same data and ``run.seed`` give the same table. ``progress(done, total)`` counts runs.

    Raises ``InputError`` for fewer than 1 run or edge, and for data with too few cells.
    """
    if n_runs < 1 or top < 1:
        raise InputError(f"{n_runs} runs and {top} edges; stability takes at least 1 of each")
    run = run or Run()
    chosen = edges.head(top)[["regulator", "target"]].reset_index(drop=True)
    pairs = _pair_codes(chosen, data)
    inside, ranks = np.zeros(len(chosen)), np.zeros(len(chosen))
    for number in range(n_runs):
        if progress:
            progress(number, n_runs)
        again = run_method(*_drawn(data, name, run, number)).edges
        rank = _ranks_of(pairs, _pair_codes(again, data))
        inside += rank <= top
        ranks += rank
    if progress:
        progress(n_runs, n_runs)
    return chosen.assign(stability=inside / n_runs, mean_rank=ranks / n_runs)


def _drawn(data: GRNDataset, name: str, run: Run, number: int) -> tuple[GRNDataset, str, Run]:
    """Cells, method and seed of one run. The first number sets these draws apart from any other."""
    rng = np.random.default_rng([0, run.seed, number])
    seed = run.seed + 1 + number if method(name).stochastic else run.seed
    # parts of other cells are other parts: nothing is kept on disk
    settings = Run(seed, run.device, run.n_jobs, weights=run.weights)
    return drawn_cells(data, rng), name, settings


def _pair_codes(edges: pd.DataFrame, data: GRNDataset) -> np.ndarray:
    """One number for each edge (edges,), the same for the same pair of genes."""
    ends = [positions(edges[end], data.genes).astype(np.int64) for end in ("regulator", "target")]
    return ends[0] * data.n_genes + ends[1]


def _ranks_of(pairs: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Rank of each of ``pairs`` in ``found``, strongest first; the one after the last if absent."""
    at = pd.Index(found).get_indexer(pairs)
    return np.where(at < 0, len(found), at) + 1
