"""Stability of edges over bootstraps of the cells, and false discovery rates from permuted decoys.

**Stability.** A stable edge is one that the data hold on to. That makes it no true edge: two genes
that a third one regulates, or that mark the same cell type, go together in every bootstrap.

**False discovery rate (FDR) against permuted decoys.** Every gene gets a decoy with the same values
permuted over the cells. The method runs on genes and decoys together, the decoys being targets only.
An edge to a decoy is false, so the decoys that score as high as the r strongest edges estimate how many of
these r to expect from chance. Decoys are in the same run because many methods scale their weights by
the dataset (CLR and GRNULar do, ridge chooses its penalty): weights of a run on permuted data
alone are on another scale.

The rate is about one kind of falsehood alone: **a target that goes with no TF at all**. Pairs that go
together for another reason than regulation (one regulator in common, one after the other over a
third gene, markers of one cell type) pass, and most false edges are of that kind. Permuting
inside groups of cells (``groups``) takes out what the groups explain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from grnular_core.data.candidates import positions
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import Method, Progress, RunOptions, method, run_method
from grnular_core.utils.cluster import repeated
from grnular_core.utils.errors import InputError
from grnular_core.workflow.resampling import new_anndata, permuted, with_cells

TOP = 1000  # default number of strongest edges
SHARE = 10  # and at most one in so many pairs: among nearly all pairs every edge is found again
LEVELS = (0.05, 0.1)


def n_pairs(data: GRNDataset) -> int:
    """Count the edges that there could be: each TF with every other gene.

    Parameters
    ----------
    data : GRNDataset

    Returns
    -------
    int
        tfs x (genes - 1).
    """
    return len(data.tfs) * (data.n_genes - 1)


def _settings(name: str, run: RunOptions, number: int) -> RunOptions:
    """Set up one of several runs: a method that draws gets another seed each time."""
    seed = run.seed + 1 + number if method(name).stochastic else run.seed
    return replace(run, seed=seed)


def _alone(run: RunOptions) -> RunOptions:
    """Leave out what one run alone has: its progress, and its parts, which are of other cells."""
    return replace(run, progress=None, parts=None)


# --- stability


def edge_stability(
    data: GRNDataset,
    name: str,
    edges: pd.DataFrame,
    n_runs: int,
    top: int = TOP,
    run: RunOptions | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Run the method on bootstraps of the cells and count how often its strongest edges are found again.

    Parameters
    ----------
    data : GRNDataset
    name : str
    edges : DataFrame
        The edge table that it gave for all cells.
    n_runs : int
        Bootstraps, each of as many cells drawn with replacement.
    top : int
    run : RunOptions, optional
        Seed and device; the same data and seed give the same table.
    progress : callable, optional
        ``progress(done, total)`` counts runs.

    Returns
    -------
    DataFrame
        Columns ``regulator, target, stability, mean_rank`` for the ``top`` strongest edges, in their
        order: the share of the runs in which the edge is among the ``top`` strongest again, and its
        mean rank. An edge that a run leaves out has there the rank after the last.

    Raises
    ------
    InputError
        For fewer than 1 run or edge, and for data with too few cells.
    """
    if n_runs < 1 or top < 1:
        raise InputError(f"{n_runs} runs and {top} edges; stability takes at least 1 of each")
    run = run or RunOptions()
    chosen = edges.head(top)[["regulator", "target"]].reset_index(drop=True)
    pairs = _pair_codes(chosen, data)
    inside, ranks = np.zeros(len(chosen)), np.zeros(len(chosen))
    for rank in repeated(_bootstrap_ranks, n_runs, data, name, _alone(run), pairs, progress=progress):
        inside += rank <= top
        ranks += rank
    return chosen.assign(stability=inside / n_runs, mean_rank=ranks / n_runs)


def _bootstrap(data: GRNDataset, rng: np.random.Generator) -> GRNDataset:
    """Draw as many cells as there are, with replacement; genes of one value are left out, as everywhere."""
    rows = np.sort(rng.integers(data.n_cells, size=data.n_cells))
    return with_cells(data, data.adata.X[rows], "a bootstrap of the cells")


def _bootstrap_ranks(
    number: int, data: GRNDataset, name: str, run: RunOptions, pairs: np.ndarray
) -> np.ndarray:
    """Ranks of some pairs on one bootstrap of the cells."""
    # the first number sets these draws apart from those of decoys
    drawn = _bootstrap(data, np.random.default_rng([0, run.seed, number]))
    again = run_method(drawn, name, _settings(name, run, number)).edges
    return _ranks_of(pairs, _pair_codes(again, data))


def _pair_codes(edges: pd.DataFrame, data: GRNDataset) -> np.ndarray:
    """Give each edge a number, (edges,), the same for the same pair of genes."""
    ends = [positions(edges[end], data.genes).astype(np.int64) for end in ("regulator", "target")]
    return ends[0] * data.n_genes + ends[1]


def _ranks_of(pairs: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Rank each of ``pairs`` in ``found``, strongest first; the one after the last if absent."""
    at = pd.Index(found).get_indexer(pairs)
    return np.where(at < 0, len(found), at) + 1


# --- decoys


@dataclass(frozen=True, eq=False)
class DecoyCounts:
    """How many decoy edges pass."""

    # (pairs,), at place r - 1, how many decoy edges are at least as strong as the r-th strongest
    # edge, on average over the runs and for as many decoy pairs as there are pairs.
    above: np.ndarray
    n_runs: int  # runs with decoys permuted anew


def _with_decoys(
    data: GRNDataset, rng: np.random.Generator, groups: np.ndarray | None = None
) -> tuple[GRNDataset, str]:
    """Add a permuted decoy of every gene, no TF; their names have a prefix that no gene has."""
    decoys = permuted(data, rng, groups).adata.X
    prefix = "~"
    while any(gene.startswith(prefix) for gene in data.genes):
        prefix += "~"
    genes = [*data.genes, *(prefix + gene for gene in data.genes)]
    both = [data.adata.X, decoys]
    matrix = sparse.hstack(both, format="csr") if sparse.issparse(decoys) else np.hstack(both)
    return replace(data, adata=new_anndata(matrix, genes)), prefix


def check_decoys(chosen: Method) -> None:
    """Refuse decoys for a method whose weights cannot tell them.

    Parameters
    ----------
    chosen : Method

    Raises
    ------
    InputError
        For the control that knows the reference network, and for methods that join ranks: they rank decoys among
        themselves, and their false discovery rates are far too low.
    """
    if chosen.needs_truth:
        raise InputError(f"the method {chosen.name} takes no --decoys: it does not use the cells")
    if chosen.joins:
        raise InputError(
            f"the method {chosen.name} takes no --decoys: it joins ranks, which permuted data have as well, and its q-values "
            "would be far too low. Take --stability with it, and the column precision; or --decoys with --method grnular-context"
        )


def count_decoys(
    data: GRNDataset,
    name: str,
    n_runs: int,
    groups: np.ndarray | None = None,
    run: RunOptions | None = None,
    progress: Progress | None = None,
) -> DecoyCounts:
    """Run the method with decoys permuted anew each time, on twice the genes.

    Parameters
    ----------
    data : GRNDataset
    name : str
    n_runs : int
    groups : ndarray, (cells,), optional
        As in ``permuted``.
    run : RunOptions, optional
        Seed and device; the same data and seed give the same counts.
    progress : callable, optional
        ``progress(done, total)`` counts runs.

    Returns
    -------
    DecoyCounts

    Raises
    ------
    InputError
        For fewer than 1 run, and as ``check_decoys`` does.
    """
    if n_runs < 1:
        raise InputError(f"{n_runs} runs with decoys; an FDR takes at least 1")
    check_decoys(method(name))
    run = run or RunOptions()
    total = np.zeros(n_pairs(data))
    for counts in repeated(_decoy_counts, n_runs, data, name, _alone(run), groups, progress=progress):
        total += counts
    # a TF has an edge to its own decoy and none to itself
    return DecoyCounts(total / n_runs * (data.n_genes - 1) / data.n_genes, n_runs)


def _decoy_counts(
    number: int, data: GRNDataset, name: str, run: RunOptions, groups: np.ndarray | None
) -> np.ndarray:
    """Count decoy edges of one run, as ``_counts`` does."""
    both, prefix = _with_decoys(data, np.random.default_rng([1, run.seed, number]), groups)
    return _counts(run_method(both, name, _settings(name, run, number)).edges, prefix, n_pairs(data))


def _counts(edges: pd.DataFrame, prefix: str, n_pairs: int) -> np.ndarray:
    """Count decoy edges at least as strong as each edge, (pairs,); past the last edge, all of them."""
    is_decoy = edges["target"].str.startswith(prefix).to_numpy(dtype=bool)
    weights = edges["weight"].to_numpy()
    decoys = np.sort(weights[is_decoy])
    above = np.full(n_pairs, len(decoys), dtype=float)
    real = weights[~is_decoy][:n_pairs]
    above[: len(real)] = len(decoys) - np.searchsorted(decoys, real, side="left")
    return above


def q_values(edges: pd.DataFrame, counts: DecoyCounts) -> np.ndarray:
    """Estimate the smallest FDR with which each edge is let in.

    Parameters
    ----------
    edges : DataFrame
        The edge table of the data without decoys, strongest first.
    counts : DecoyCounts
        Of the same data and method.

    Returns
    -------
    ndarray, (edges,)
        Of the r strongest edges the estimate is (decoy edges that are as strong, on average) / r, at
        most 1. One decoy more is counted than was observed in all runs: an event not observed in a few runs is
        rare, not impossible. Edges of equal weight have equal q; a weaker edge never a smaller one.
    """
    weights = edges["weight"].to_numpy(dtype=float)
    # a threshold lets in all edges of equal weight: the number taken is the rank of the last of them
    taken = len(weights) - np.searchsorted(np.sort(weights), weights, side="left")
    rate = np.minimum((counts.above[taken - 1] + 1 / counts.n_runs) / np.maximum(taken, 1), 1.0)
    return np.minimum.accumulate(rate[::-1])[::-1]  # over all thresholds that let the edge in


def edges_at(q: np.ndarray, levels: tuple[float, ...] = LEVELS) -> dict[float, int]:
    """Count the edges up to each level.

    Parameters
    ----------
    q : ndarray, (edges,)
        Of ``q_values``.
    levels : tuple of float
        FDRs.

    Returns
    -------
    dict
        Level -> number of edges with a q of at most that.
    """
    return {level: int((np.asarray(q) <= level).sum()) for level in levels}
