"""What weights a method gives where there is nothing to find, and the threshold that follows.

The values of every gene are shuffled over the cells, each gene on its own, and the method runs again.
Whatever it then calls an edge is false, so for every threshold we know how many edges to expect
from chance. Set against the number found in the real data this is an estimate of the false discovery rate
(FDR), of one kind of falsehood alone: **a pair of genes that does not go together at all**. Pairs that
go together for another reason than regulation (both have the same regulator, one follows the
other over a third, both mark one cell type) pass this test, and most false edges are of that
kind. Shuffling inside groups of cells (``groups``) takes out what the groups explain.

Weights of data and shuffled data are compared as they are. That is fair where a weight has a scale
of its own, such as a correlation, and less so where a method scales its weights by
the data at hand (CLR), or chooses a penalty by them (ridge).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from grnular_core.dataset import GRNDataset
from grnular_core.errors import InputError
from grnular_core.methods import Progress, Run, method, run_method
from grnular_core.resampling import shuffled

LEVELS = (0.05, 0.1)


@dataclass(frozen=True, eq=False)
class NullWeights:
    """Weights from shuffled data: all of them, sorted upwards, and from how many shufflings."""

    weights: np.ndarray
    n_runs: int

    def expected(self, weight: np.ndarray) -> np.ndarray:
        """Edges at least as strong that one shuffling gives, on average; same shape as ``weight``.

        One more is counted than was seen: what never happened in a few shufflings is rare, not
        impossible.
        """
        below = np.searchsorted(self.weights, weight, side="left")
        return (len(self.weights) - below + 1) / self.n_runs


def null_weights(
    data: GRNDataset,
    name: str,
    n_runs: int,
    groups: np.ndarray | None = None,
    run: Run | None = None,
    progress: Progress | None = None,
) -> NullWeights:
    """Run the method on ``n_runs`` shufflings of the data; ``groups`` as in ``shuffled``.

    A method that draws gets another seed each time. The same data and ``run.seed`` give the same
    weights. Raises ``InputError`` for fewer than 1 run, and for the control that knows the truth.
    """
    if n_runs < 1:
        raise InputError(f"{n_runs} shufflings of the data; a null takes at least 1")
    if method(name).needs_truth:
        raise InputError(
            f"the method {method(name).name} does not look at the data; it has no null"
        )
    run = run or Run()
    found = []
    for number in range(n_runs):
        if progress:
            progress(number, n_runs)
        rng = np.random.default_rng([1, run.seed, number])
        seed = run.seed + 1 + number if method(name).stochastic else run.seed
        settings = Run(seed, run.device, run.n_jobs, weights=run.weights)
        edges = run_method(shuffled(data, rng, groups), name, settings).edges
        found.append(edges["weight"].to_numpy())
    if progress:
        progress(n_runs, n_runs)
    return NullWeights(np.sort(np.concatenate(found)), n_runs)


def q_values(weights: np.ndarray, null: NullWeights) -> np.ndarray:
    """q of every edge: the smallest estimated FDR of a threshold that lets it in, (edges,).

    At a threshold w the estimate is (edges that one shuffling gives at w or above, on average) over
    (edges of the data there), at most 1. Every pair is taken for a possible false one, which
    errs on the safe side. Equal weights have equal q; a smaller weight never has a smaller q.
    No edge gives no q.
    """
    weights = np.asarray(weights, dtype=float)
    ordered = np.sort(weights)
    n_above = len(ordered) - np.searchsorted(ordered, ordered, side="left")
    rate = np.minimum(null.expected(ordered) / np.maximum(n_above, 1), 1.0)
    smallest = np.minimum.accumulate(rate)  # over all thresholds that let the edge in
    return smallest[np.searchsorted(ordered, weights, side="left")]


def edges_at(q: np.ndarray, levels: tuple[float, ...] = LEVELS) -> dict[float, int]:
    """How many edges have a q of at most each level."""
    return {level: int((np.asarray(q) <= level).sum()) for level in levels}


def fdr_curve(edges: pd.DataFrame, q: np.ndarray, points: int = 200) -> pd.DataFrame:
    """Estimated FDR against the number of edges taken: ``n_edges, weight, q_value``, for a figure.

    ``edges`` strongest first; the numbers of edges are spread evenly on a logarithmic axis.
    """
    if not len(edges):
        return pd.DataFrame(columns=["n_edges", "weight", "q_value"])
    at = np.unique(np.geomspace(1, len(edges), points).astype(int))
    weight = edges["weight"].to_numpy()[at - 1]
    return pd.DataFrame({"n_edges": at, "weight": weight, "q_value": np.asarray(q)[at - 1]})
