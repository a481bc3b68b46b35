"""Whole networks from compiled tree ensembles: one regression per target gene, in threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.boosting import ARBORETO, Bags, Boosting, boost
from grnular_core.methods.forest import Bootstraps, forest
from grnular_core.methods.tree_data import Regressors

Ensemble = Literal["grnboost2", "genie3"]


def ensemble_scores(
    ensemble: Ensemble,
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int,
    n_jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
    boosting: Boosting = ARBORETO,
) -> np.ndarray:
    """Importance of every TF for every gene, shape (tfs, genes), from expression (cells, genes).

    ``tf_index`` holds the TFs' columns in the order in which trees shall see them. A gene does not
    regulate itself; one that is constant, or has no other TF, has importance 0.
    """
    n_cells, n_genes = expression.shape
    regressors = Regressors.of(expression[:, tf_index])
    draws = Bags(seed, n_cells) if ensemble == "grnboost2" else Bootstraps(seed, n_cells)
    itself = {int(gene): tf for tf, gene in enumerate(tf_index)}
    scores = np.zeros((len(tf_index), n_genes))

    def fit(gene: int) -> None:
        target = expression[:, gene]
        others = np.delete(np.arange(len(tf_index)), itself.get(gene, []))
        if not others.size or not np.ptp(target):
            return
        seen = regressors.without(itself[gene]) if gene in itself else regressors
        if isinstance(draws, Bags):
            scores[others, gene] = boost(seen, target, draws, boosting).importance
        else:
            scores[others, gene] = forest(seen, target, draws)

    n_jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    # threads: compiled loops run side by side
    runs = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator_unordered")(
        delayed(fit)(gene) for gene in range(n_genes)
    )
    for done, _ in enumerate(runs, 1):
        if progress:
            progress(done, n_genes)
    return scores
