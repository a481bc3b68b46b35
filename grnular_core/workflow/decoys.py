"""How many edges chance would give: a false discovery rate (FDR) against shuffled twins of the genes.

Every gene gets a twin, a decoy, with the same values shuffled over the cells. The method runs on genes and
decoys together, the decoys being targets only. An edge to a decoy is false, so the decoys that score
as high as the r strongest edges tell how many of these r to expect from chance. The twins are in the
same run because many methods scale their weights by the data at hand (CLR and GRNULar do, ridge
chooses its penalty): weights of a run on shuffled data alone stand on another scale.

The rate is about one kind of falsehood alone: **a target that goes with no TF at all**. Pairs that go
together for another reason than regulation (one regulator in common, one after the other over a
third gene, markers of one cell type) pass, and most false edges are of that kind. Shuffling
inside groups of cells (``groups``) takes out what the groups explain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import Progress, Run, method, run_method
from grnular_core.utils.errors import InputError
from grnular_core.workflow.resampling import anndata_of, shuffled
from grnular_core.workflow.stability import n_pairs

LEVELS = (0.05, 0.1)


@dataclass(frozen=True, eq=False)
class Decoys:
    """``above`` (pairs,): at place r - 1, how many decoy edges are at least as strong as the r-th
    strongest edge, on average over ``n_runs`` runs and for as many decoy pairs as there are pairs."""

    above: np.ndarray
    n_runs: int


def with_decoys(
    data: GRNDataset, rng: np.random.Generator, groups: np.ndarray | None = None
) -> tuple[GRNDataset, str]:
    """The data with a shuffled twin of every gene, and the prefix by which twins are named.

    Twins are no TFs. ``groups`` as in ``shuffled``. Sparse data stay sparse.
    """
    twin = shuffled(data, rng, groups).adata.X
    stack = sparse.hstack([data.adata.X, twin], format="csr") if sparse.issparse(twin) else None
    prefix = "~"
    while any(gene.startswith(prefix) for gene in data.genes):
        prefix += "~"
    genes = [*data.genes, *(prefix + gene for gene in data.genes)]
    matrix = np.hstack([data.adata.X, twin]) if stack is None else stack
    return replace(data, adata=anndata_of(matrix, genes)), prefix


def count_decoys(
    data: GRNDataset,
    name: str,
    n_runs: int,
    groups: np.ndarray | None = None,
    run: Run | None = None,
    progress: Progress | None = None,
) -> Decoys:
    """Run the method ``n_runs`` times with decoys shuffled anew, on twice the genes.

    A method that draws gets another seed each time. The same data and ``run.seed`` give the same
    counts; ``progress(done, total)`` counts runs. Raises ``InputError`` for fewer than 1 run, and for
    the control that knows the truth.
    """
    if n_runs < 1:
        raise InputError(f"{n_runs} runs with shuffled genes; a null takes at least 1")
    if method(name).needs_truth:
        raise InputError(
            f"the method {method(name).name} does not look at the data; it has no null"
        )
    run = run or Run()
    total = np.zeros(n_pairs(data))
    for number in range(n_runs):
        if progress:
            progress(number, n_runs)
        twins, prefix = with_decoys(data, np.random.default_rng([1, run.seed, number]), groups)
        seed = run.seed + 1 + number if method(name).stochastic else run.seed
        settings = Run(seed, run.device, run.n_jobs, weights=run.weights)
        total += _counts(run_method(twins, name, settings).edges, prefix, len(total))
    if progress:
        progress(n_runs, n_runs)
    # a TF has an edge to its own twin and none to itself
    return Decoys(total / n_runs * (data.n_genes - 1) / data.n_genes, n_runs)


def _counts(edges: pd.DataFrame, prefix: str, n_pairs: int) -> np.ndarray:
    """Decoy edges at least as strong as each edge, (pairs,); past the last edge, all of them."""
    is_decoy = edges["target"].str.startswith(prefix).to_numpy(dtype=bool)
    weights = edges["weight"].to_numpy()
    decoys = np.sort(weights[is_decoy])
    above = np.full(n_pairs, len(decoys), dtype=float)
    real = weights[~is_decoy][:n_pairs]
    above[: len(real)] = len(decoys) - np.searchsorted(decoys, real, side="left")
    return above


def q_values(edges: pd.DataFrame, decoys: Decoys) -> np.ndarray:
    """q of every edge, strongest first: the smallest estimated FDR with which it is let in, (edges,).

    Of the r strongest edges the estimate is (decoy edges that are as strong, on average) / r, at most 1.
    One decoy more is counted than was seen in all runs: what never happened in a few is rare, not
    impossible. Edges of equal weight have equal q; a weaker edge never has a smaller one.
    """
    weights = edges["weight"].to_numpy(dtype=float)
    # a threshold lets in all edges of equal weight: the number taken is the rank of the last of them
    taken = len(weights) - np.searchsorted(np.sort(weights), weights, side="left")
    rate = np.minimum((decoys.above[taken - 1] + 1 / decoys.n_runs) / np.maximum(taken, 1), 1.0)
    return np.minimum.accumulate(rate[::-1])[::-1]  # over all thresholds that let the edge in


def edges_at(q: np.ndarray, levels: tuple[float, ...] = LEVELS) -> dict[float, int]:
    """How many edges have a q of at most each level."""
    return {level: int((np.asarray(q) <= level).sum()) for level in levels}


def fdr_curve(q: np.ndarray, points: int = 200) -> pd.DataFrame:
    """Estimated FDR against the number of edges taken: ``n_edges, q_value``, for a figure.

    ``q`` strongest edge first; the numbers of edges are spread evenly on a logarithmic axis.
    """
    if not len(q):
        return pd.DataFrame(columns=["n_edges", "q_value"])
    at = np.unique(np.geomspace(1, len(q), points).astype(int))
    return pd.DataFrame({"n_edges": at, "q_value": np.asarray(q)[at - 1]})
