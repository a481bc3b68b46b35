"""GRNBoost2's regressions as one compiled loop: the trees of scikit-learn, many times sooner.

GRNBoost2 (Moerman et al. 2019) regresses every gene on the TFs by stochastic gradient boosting
(Friedman 2002): in each stage a tree of depth 3 is fitted to the residuals of nine tenths of the
cells, one tenth of the TFs being tried in each node, and boosting ends when the last stages do not
help the cells that were left out. A tree is microseconds of arithmetic, but scikit-learn needs a
millisecond around it, and sorts the cells of a node for every TF that it tries.

Here cells are sorted once by each TF (``Regressors``), trees grow on ranks (``shallow_tree``), and
every target sees the random numbers that scikit-learn would draw for its seed, drawn once (``Bags``).
So the trees are the same, to the last bit where the expression of a TF has no repeated values. Where
it has, sums are added in another order, and where that decides between equally good splits, or
whether a node without variance is split, a tree may differ.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from grnular_core.compiled import compiled
from grnular_core.shallow_tree import grow, leaf_of, new_tree

N_STAGES, LEARNING_RATE, SUBSAMPLE, MAX_FEATURES = 5000, 0.01, 0.9, 0.1
STAGES_AT_ONCE = 64


class Boosted(NamedTuple):
    """``importance`` (tfs,), normalised to sum to ``n_trees`` as arboreto does."""

    importance: np.ndarray
    n_trees: int


class Regressors(NamedTuple):
    """TFs prepared once for all targets, each array (tfs, cells).

    ``values`` float32 as trees see them; ``order`` the cells by rising value; ``rank`` every cell's
    place in that order; ``rising`` the values in that order.
    """

    values: np.ndarray
    order: np.ndarray
    rank: np.ndarray
    rising: np.ndarray

    @classmethod
    def of(cls, tf_expression: np.ndarray) -> Regressors:
        """Sort the cells by each column of ``tf_expression`` (cells, tfs)."""
        values = np.ascontiguousarray(tf_expression.T, dtype=np.float32)
        order = np.argsort(values, axis=1, kind="stable").astype(np.int32)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(order.shape[1], dtype=np.int32)[None], axis=1)
        return cls(values, order, rank, np.take_along_axis(values, order, axis=1))

    def without(self, tf: int) -> Regressors:
        """All TFs but one, for a target that is a TF itself."""
        return Regressors(*(np.delete(part, tf, 0) for part in self))


class Bags:
    """For every stage the cells its tree learns from, and the seed of its draws of TFs.

    They depend on seed and number of cells alone: all targets share them. Drawn when first needed;
    safe to use from several threads. ``inside`` is (stages, cells), ``shift`` (stages,).
    """

    def __init__(self, seed: int, n_cells: int) -> None:
        self.inside = np.empty((N_STAGES, n_cells), dtype=np.bool_)
        self.shift = np.empty(N_STAGES, dtype=np.int64)
        self.size = max(1, int(SUBSAMPLE * n_cells))
        self._random = np.random.RandomState(seed)
        self._known = 0
        self._lock = Lock()

    def up_to(self, stage: int) -> int:
        """Draw what is missing below ``stage`` (at most 5,000, which is returned)."""
        stage = min(stage, N_STAGES)
        with self._lock:
            while self._known < stage:
                _choose(self._random.uniform(size=self.inside.shape[1]), self.size,
                        self.inside[self._known])  # fmt: skip
                self.shift[self._known] = self._random.randint(0, 2**31 - 1)
                self._known += 1
        return stage


@compiled
def _choose(uniform, size, inside):  # pragma: no cover - compiled
    """Mark ``size`` cells at random (Knuth's selection sampling)."""
    chosen = 0
    for i in range(uniform.size):
        inside[i] = uniform[i] * (uniform.size - i) < size - chosen
        chosen += inside[i]


def boost(regressors: Regressors, target: np.ndarray, bags: Bags, window: int) -> Boosted:
    """Boost one target (cells,) on the regressors.

    Boosting ends when in the last ``window`` stages the squared error of the cells that each had left
    out, compared on the same cells before and after the stage, on average did not fall; or after
    5,000 stages. Importance of a TF: what its splits took from the variance of the residuals. It is
    0 for all when no tree has a split.
    """
    y = np.asarray(target, dtype=np.float64)
    n_tfs, n_cells = regressors.values.shape
    importance, prediction = np.zeros(n_tfs), np.full(n_cells, y.mean())
    tree, gains = new_tree(n_tfs, n_cells), np.empty(N_STAGES)
    first, stopped = 0, False
    while not stopped and first < N_STAGES:
        last = bags.up_to(first + STAGES_AT_ONCE)
        first, stopped = _stages(
            regressors, y, prediction, bags.inside, bags.shift, bags.size, first, last,
            max(1, int(MAX_FEATURES * n_tfs)), window, tree, importance, gains,
        )  # fmt: skip
    total = importance.sum()
    return Boosted(importance * (first / total) if total > 0 else importance, first)


@compiled
def _stages(
    regressors,
    y,
    prediction,
    inside,
    shift,
    n_bag,
    first,
    last,
    max_features,
    window,
    tree,
    importance,
    gains,
):  # pragma: no cover - compiled
    """Stages from ``first`` to before ``last``: the number done in all, and whether to stop."""
    n_cells = y.size
    residual = np.empty(n_cells)
    bag, left_out = np.empty(n_bag, np.int32), np.empty(n_cells - n_bag, np.int32)
    for stage in range(first, last):
        n_in = n_out = 0
        for i in range(n_cells):
            residual[i] = y[i] - prediction[i]
            if inside[stage, i]:
                bag[n_in] = i
                n_in += 1
            else:
                left_out[n_out] = i
                n_out += 1
        n_nodes = grow(regressors, residual, bag, shift[stage], max_features, tree, importance)
        for k in range(n_nodes):
            if tree.feature[k] < 0:
                step = LEARNING_RATE * tree.mean[k]
                for place in range(tree.start[k], tree.end[k]):
                    prediction[bag[place]] += step
        gain = 0.0
        for i in left_out:
            step = LEARNING_RATE * tree.mean[leaf_of(i, regressors.values, tree)]
            prediction[i] += step
            after = y[i] - prediction[i]
            gain += (after + step) ** 2 - after**2
        gains[stage] = gain  # every stage leaves out as many cells: a sum serves as a mean
        if stage >= window - 1 and gains[stage - window + 1 : stage + 1].sum() < 0:
            return stage + 1, True
    return last, False


def boosted_scores(
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int,
    window: int,
    n_jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Importance of every TF for every gene, shape (tfs, genes), from expression (cells, genes).

    ``tf_index`` holds the TFs' columns in the order in which trees shall see them. A gene does not
    regulate itself; one that is constant, or has no other TF, has importance 0.
    """
    n_genes = expression.shape[1]
    regressors = Regressors.of(expression[:, tf_index])
    bags = Bags(seed, len(expression))
    itself = {int(gene): tf for tf, gene in enumerate(tf_index)}
    scores = np.zeros((len(tf_index), n_genes))

    def fit(gene: int) -> None:
        others = np.delete(np.arange(len(tf_index)), itself.get(gene, []))
        if others.size and np.ptp(expression[:, gene]):
            seen = regressors.without(itself[gene]) if gene in itself else regressors
            scores[others, gene] = boost(seen, expression[:, gene], bags, window).importance

    n_jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    # threads: compiled loops run side by side
    runs = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")(
        delayed(fit)(gene) for gene in range(n_genes)
    )
    for done, _ in enumerate(runs, 1):
        if progress:
            progress(done, n_genes)
    return scores
