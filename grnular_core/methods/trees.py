"""GRNBoost2 and GENIE3: one regression of every gene on the TFs, by compiled trees, in threads.

GRNBoost2 (Moerman et al. 2019) uses stochastic gradient boosting (Friedman 2002): in each stage a tree of
depth 3 is fitted to the residuals of nine tenths of the cells, one tenth of the TFs being tried in each
node, and boosting ends when the last stages do not help the cells that were left out. GENIE3 (Huynh-Thu et
al. 2010) uses a random forest (Breiman 2001): 1,000 trees without a limit of depth, each on cells drawn with
replacement, the square root of the number of TFs being tried in each node. A tree is microseconds of
arithmetic, but scikit-learn needs a millisecond around it, and sorts the cells of a node for every TF that
it tries.

Here cells are sorted once by each TF, trees grow on ranks (``tree_kernels``), and every target sees the
random numbers that scikit-learn would draw for its seed, drawn once (``_Bags``, ``_Bootstraps``). So the trees
are the same, to the last bit where the expression of a TF has no repeated values. Where it has, sums are
added in another order, and where that decides between equally good splits, or whether a node without
variance is split, a tree may differ.
"""

from __future__ import annotations

import math
import os
from threading import Lock
from typing import Literal, NamedTuple

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.interface import Progress
from grnular_core.methods.tree_kernels import (
    NO_LIMIT,
    Regressors,
    boost_stages,
    grow_forest,
    new_tree,
)
from grnular_core.utils.jit import compiled

Ensemble = Literal["grnboost2", "genie3"]
N_STAGES, SUBSAMPLE, DEPTH = 5000, 0.9, 3  # of boosting
EARLY_STOP_WINDOW = 25
STAGES_AT_ONCE = 64
N_TREES = 1000  # of a forest


class Boosting(NamedTuple):
    """What a user of GRNBoost2 may set; the defaults are arboreto's."""

    learning_rate: float = 0.01
    max_features: float = 0.1  # share of the TFs tried in a node, at least one TF
    window: int = EARLY_STOP_WINDOW  # stages that the early stop looks at, see ``boost``
    depth: int = DEPTH  # of the trees


class Forest(NamedTuple):
    """What a user of GENIE3 may set; the defaults are arboreto's."""

    # Share of the TFs tried in a node, at least one TF; None for the square root of their number.
    max_features: float | None = None
    depth: int = NO_LIMIT  # of the trees, at most
    n_trees: int = N_TREES  # of a forest


ARBORETO_SETTINGS, ARBORETO_FOREST = Boosting(), Forest()


def ensemble_scores(
    ensemble: Ensemble,
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int,
    n_jobs: int = -1,
    progress: Progress | None = None,
    boosting: Boosting = ARBORETO_SETTINGS,
    forest: Forest = ARBORETO_FOREST,
) -> np.ndarray:
    """Compute the importance of every TF for every gene.

    Parameters
    ----------
    ensemble : {"grnboost2", "genie3"}
    expression : ndarray, (cells, genes)
    tf_index : ndarray of int, (tfs,)
        Columns of the TFs in the order in which trees shall see them.
    seed : int
    n_jobs : int
        Threads; -1: one for each core.
    progress : callable, optional
        Called with (done, all) genes.
    boosting : Boosting
    forest : Forest

    Returns
    -------
    ndarray, (tfs, genes)
        A gene does not regulate itself; one that is constant, or has no other TF, has 0.
    """
    n_cells, n_genes = expression.shape
    regressors = Regressors.of(expression[:, tf_index])
    draws = _Bags(seed, n_cells) if ensemble == "grnboost2" else _Bootstraps(seed, n_cells, forest.n_trees)
    itself = {int(gene): tf for tf, gene in enumerate(tf_index)}
    scores = np.zeros((len(tf_index), n_genes))

    def fit(gene: int) -> None:
        target = expression[:, gene]
        others = np.delete(np.arange(len(tf_index)), itself.get(gene, []))
        if not others.size or not np.ptp(target):
            return
        seen = regressors.without(itself[gene]) if gene in itself else regressors
        if isinstance(draws, _Bags):
            scores[others, gene] = _boost(seen, target, draws, boosting).importance
        else:
            scores[others, gene] = _forest(seen, target, draws, forest)

    n_jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    # threads, also on a worker of a cluster: compiled loops run side by side, and write to one table
    runs = Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator_unordered")(
        delayed(fit)(gene) for gene in range(n_genes)
    )
    for done, _ in enumerate(runs, 1):
        if progress:
            progress(done, n_genes)
    return scores


class _Boosted(NamedTuple):
    """A boosted ensemble; ``importance`` (tfs,) sums to ``n_trees``, as arboreto has it."""

    importance: np.ndarray
    n_trees: int


class _Bags:
    """For every stage the cells its tree learns from, (stages, cells), and the seed of its draws of TFs.

    They depend on seed and number of cells alone: all targets share them. Drawn when first needed; safe to use from
    several threads.
    """

    def __init__(self, seed: int, n_cells: int) -> None:
        self.inside = np.empty((N_STAGES, n_cells), dtype=np.bool_)
        self.shift = np.empty(N_STAGES, dtype=np.int64)
        self.size = max(1, int(SUBSAMPLE * n_cells))
        self._random = np.random.RandomState(seed)
        self._known = 0
        self._lock = Lock()

    def up_to(self, stage: int) -> int:
        """Draw what is missing below ``stage``; returns how far, at most 5,000."""
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


def _boost(
    regressors: Regressors, target: np.ndarray, bags: _Bags, settings: Boosting = ARBORETO_SETTINGS
) -> _Boosted:
    """Boost one target (cells,) on the regressors.

    Boosting ends when in the last ``settings.window`` stages the squared error of the cells that each had left out,
    compared on the same cells before and after the stage, on average did not fall; or after 5,000 stages. Importance of
    a TF: what its splits took from the variance of the residuals; 0 for all when no tree has a split.
    """
    y = np.asarray(target, dtype=np.float64)
    n_tfs, n_cells = regressors.values.shape
    importance, prediction = np.zeros(n_tfs), np.full(n_cells, y.mean())
    tree, gains = new_tree(n_tfs, n_cells, 2 ** (settings.depth + 1) - 1), np.empty(N_STAGES)
    first, stopped = 0, False
    while not stopped and first < N_STAGES:
        last = bags.up_to(first + STAGES_AT_ONCE)
        first, stopped = boost_stages(
            regressors, y, prediction, bags.inside, bags.shift, bags.size, first, last,
            max(1, int(settings.max_features * n_tfs)), settings.depth, settings.learning_rate, settings.window,
            tree, importance, gains,
        )  # fmt: skip
    importance.clip(min=0, out=importance)  # a split that takes nothing may add -1e-17 by rounding
    total = importance.sum()
    return _Boosted(importance * (first / total) if total > 0 else importance, first)


class _Bootstraps:
    """For every tree of a forest how often each cell was drawn, (trees, cells), and the seed of its draws of TFs."""

    def __init__(self, seed: int, n_cells: int, n_trees: int = N_TREES) -> None:
        self.weight = np.empty((n_trees, n_cells), dtype=np.uint16)
        self.shift = np.empty(n_trees, dtype=np.int64)
        of_forest = np.random.RandomState(seed)
        for tree in range(n_trees):
            of_tree = of_forest.randint(2**31 - 1)
            drawn = np.random.RandomState(of_tree).randint(0, n_cells, n_cells)
            self.weight[tree] = np.bincount(drawn, minlength=n_cells)
            self.shift[tree] = np.random.RandomState(of_tree).randint(0, 2**31 - 1)


def _forest(
    regressors: Regressors, target: np.ndarray, bootstraps: _Bootstraps, settings: Forest = ARBORETO_FOREST
) -> np.ndarray:
    """Find the importance (tfs,) of a random forest for one target (cells,); it sums to 1.

    Every tree's importances are normalised before their mean is taken. 0 for all when no tree has a split.
    """
    n_tfs, n_cells = regressors.values.shape
    importance = np.zeros(n_tfs)
    share = settings.max_features
    tried = math.isqrt(n_tfs) if share is None else int(share * n_tfs)
    grow_forest(
        regressors, np.asarray(target, dtype=np.float64), bootstraps.weight, bootstraps.shift,
        max(1, tried), settings.depth, new_tree(n_tfs, n_cells, 2 * n_cells), importance,
    )  # fmt: skip
    importance.clip(min=0, out=importance)  # a split that takes nothing may add -1e-17 by rounding
    total = importance.sum()
    return importance / total if total > 0 else importance
