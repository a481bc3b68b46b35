"""GENIE3's regressions as one compiled loop: the random forests of scikit-learn, sooner.

GENIE3 (Huynh-Thu et al. 2010) regresses every gene on the TFs by a random forest (Breiman 2001): 1,000
trees without a limit of depth, each on cells drawn with replacement, the square root of the number of
TFs being tried in each node. The draws depend on the seed alone, so all targets share them
(``Bootstraps``); what ``boosting`` says of equal trees holds here as well.
"""

from __future__ import annotations

import math

import numpy as np

from grnular_core.methods.tree_data import Regressors, new_tree
from grnular_core.methods.tree_kernels import grow_forest

N_TREES = 1000


class Bootstraps:
    """For every tree how often each cell was drawn, and the seed of its draws of TFs.

    ``weight`` is (trees, cells), ``shift`` (trees,).
    """

    def __init__(self, seed: int, n_cells: int, n_trees: int = N_TREES) -> None:
        self.weight = np.empty((n_trees, n_cells), dtype=np.uint16)
        self.shift = np.empty(n_trees, dtype=np.int64)
        of_forest = np.random.RandomState(seed)
        for tree in range(n_trees):
            of_tree = of_forest.randint(2**31 - 1)
            drawn = np.random.RandomState(of_tree).randint(0, n_cells, n_cells)
            self.weight[tree] = np.bincount(drawn, minlength=n_cells)
            self.shift[tree] = np.random.RandomState(of_tree).randint(0, 2**31 - 1)


def forest(regressors: Regressors, target: np.ndarray, bootstraps: Bootstraps) -> np.ndarray:
    """Importance (tfs,) of a random forest for one target (cells,); it sums to 1.

    Every tree's importances are normalised before their mean is taken. They are 0 for all when no
    tree has a split.
    """
    n_tfs, n_cells = regressors.values.shape
    importance = np.zeros(n_tfs)
    grow_forest(
        regressors, np.asarray(target, dtype=np.float64), bootstraps.weight, bootstraps.shift,
        max(1, math.isqrt(n_tfs)), new_tree(n_tfs, n_cells, 2 * n_cells), importance,
    )  # fmt: skip
    importance.clip(min=0, out=importance)  # a split that takes nothing may add -1e-17 by rounding
    total = importance.sum()
    return importance / total if total > 0 else importance
