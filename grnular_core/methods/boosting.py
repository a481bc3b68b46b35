"""GRNBoost2's regressions as one compiled loop: the trees of scikit-learn, many times sooner.

GRNBoost2 (Moerman et al. 2019) regresses every gene on the TFs by stochastic gradient boosting
(Friedman 2002): in each stage a tree of depth 3 is fitted to the residuals of nine tenths of the
cells, one tenth of the TFs being tried in each node, and boosting ends when the last stages do not
help the cells that were left out. A tree is microseconds of arithmetic, but scikit-learn needs a
millisecond around it, and sorts the cells of a node for every TF that it tries.

Here cells are sorted once by each TF, trees grow on ranks (``tree_kernels``), and
every target sees the random numbers that scikit-learn would draw for its seed, drawn once (``Bags``).
So the trees are the same, to the last bit where the expression of a TF has no repeated values. Where
it has, sums are added in another order, and where that decides between equally good splits, or
whether a node without variance is split, a tree may differ.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np

from grnular_core.methods.tree_data import Regressors, new_tree
from grnular_core.methods.tree_kernels import boost_stages
from grnular_core.utils.jit import compiled

N_STAGES, SUBSAMPLE, DEPTH = 5000, 0.9, 3
EARLY_STOP_WINDOW = 25
STAGES_AT_ONCE = 64


class Boosting(NamedTuple):
    """What a user of GRNBoost2 may set; the defaults are arboreto's.

    ``max_features`` is the share of the TFs tried in a node, at least one TF. ``window`` is that of the
    early stop, see ``boost``.
    """

    learning_rate: float = 0.01
    max_features: float = 0.1
    window: int = EARLY_STOP_WINDOW


ARBORETO = Boosting()


class Boosted(NamedTuple):
    """``importance`` (tfs,), normalised to sum to ``n_trees`` as arboreto does."""

    importance: np.ndarray
    n_trees: int


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


def boost(
    regressors: Regressors, target: np.ndarray, bags: Bags, settings: Boosting = ARBORETO
) -> Boosted:
    """Boost one target (cells,) on the regressors.

    Boosting ends when in the last ``settings.window`` stages the squared error of the cells that each had left
    out, compared on the same cells before and after the stage, on average did not fall; or after
    5,000 stages. Importance of a TF: what its splits took from the variance of the residuals. It is
    0 for all when no tree has a split.
    """
    y = np.asarray(target, dtype=np.float64)
    n_tfs, n_cells = regressors.values.shape
    importance, prediction = np.zeros(n_tfs), np.full(n_cells, y.mean())
    tree, gains = new_tree(n_tfs, n_cells, 2 ** (DEPTH + 1) - 1), np.empty(N_STAGES)
    first, stopped = 0, False
    while not stopped and first < N_STAGES:
        last = bags.up_to(first + STAGES_AT_ONCE)
        first, stopped = boost_stages(
            regressors, y, prediction, bags.inside, bags.shift, bags.size, first, last,
            max(1, int(settings.max_features * n_tfs)), DEPTH, settings.learning_rate, settings.window,
            tree, importance, gains,
        )  # fmt: skip
    importance.clip(min=0, out=importance)  # a split that takes nothing may add -1e-17 by rounding
    total = importance.sum()
    return Boosted(importance * (first / total) if total > 0 else importance, first)
