"""arboreto as a backend of GRNBoost2 and GENIE3, an optional dependency.

Both are run through ``arboreto.core.infer_partial_network`` with arboreto's published settings
(GENIE3: random forest of 1,000 trees, sqrt features; GRNBoost2: stochastic gradient boosting, learning rate
0.01, at most 5,000 trees, early stop over a window of 25 stages), spread over processes by joblib.
TFs come sorted by name, since a random forest depends on the order of its columns.

**The early stop of GRNBoost2.** Boosting ends when the mean out-of-bag improvement of the last 25
stages is negative. Up to scikit-learn 1.2 the improvement of a stage compared the loss before and
after that stage on the *same* left-out cells; later versions compare with the previous stage's loss
on *other* left-out cells, so the difference is mostly sampling noise and boosting stops far too
early. ``_SameMaskEarlyStop`` computes the original quantity; ``restored=False`` keeps the
behaviour of scikit-learn 1.3 and later.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from grnular_core.methods.correlation import pearson
from grnular_core.methods.interface import ARBORETO, MethodInput, RunOptions, Scores
from grnular_core.methods.trees import EARLY_STOP_WINDOW, Ensemble
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import MethodError

TARGETS_PER_PART = 16


def arboreto_method(
    ensemble: Ensemble, restored: bool, given: MethodInput, options: RunOptions
) -> Scores:
    """Scores of arboreto's ensembles as the registry asks for them, with the sign of the correlation.

    Parameters
    ----------
    ensemble : {"grnboost2", "genie3"}
    restored : bool
        Whether boosting has the original early stop.
    given : MethodInput
    options : RunOptions
        Seed, jobs, progress and the folder of finished parts.

    Returns
    -------
    Scores
        With the CPU seconds of all processes.

    Raises
    ------
    MethodError
        When a regression fails (arboreto alone would return an empty table), and without arboreto.
    """
    label = ensemble if restored else f"{ensemble}-shipped"
    importance, cpu_seconds = _tree_scores(ensemble, restored, given, options, given.part_store(label, options))
    sign = np.sign(pearson(given.expression, given.tf_index))
    return Scores(importance, sign, cpu_seconds)


class _SameMaskEarlyStop:
    """Monitor for scikit-learn's gradient boosting: stop when recent stages no longer help.

    For each stage the squared error of the left-out cells before and after adding that stage's tree is compared on
    the same cells. Boosting stops when the mean of the last ``window`` differences is negative, never before
    ``window`` stages.
    """

    def __init__(self, window: int = EARLY_STOP_WINDOW) -> None:
        self.window = window
        self.improvements: list[float] = []

    def __call__(self, stage: int, regressor: Any, local: dict[str, Any]) -> bool:
        """Tell whether to stop after a stage."""
        left_out = ~local["sample_mask"]
        tree = regressor.estimators_[stage, 0].tree_
        step = regressor.learning_rate * tree.predict(local["X"][left_out]).ravel()
        residual = local["y"][left_out] - local["raw_predictions"][left_out, 0]
        self.improvements.append(float(np.mean((residual + step) ** 2 - residual**2)))
        if stage < self.window - 1:
            return False
        return float(np.mean(self.improvements[-self.window :])) < 0


@contextmanager
def _early_stop(restored: bool) -> Iterator[None]:
    """Let arboreto use the restored early stop inside this process, for the time of the block."""
    core = ARBORETO.load()

    shipped = core.EarlyStopMonitor
    if restored:
        core.EarlyStopMonitor = _SameMaskEarlyStop
    try:
        yield
    finally:
        core.EarlyStopMonitor = shipped


def _fit_target(
    ensemble: Ensemble,
    tf_expression: np.ndarray,
    tfs: Sequence[str],
    target: str,
    expression: np.ndarray,
    seed: int,
    restored: bool = True,
) -> tuple[pd.DataFrame, int]:
    """Regress a target on the other TFs: links (none where it is constant), and the number of trees."""
    core = ARBORETO.load()

    if all(tf == target for tf in tfs) or np.ptp(expression) == 0:
        return pd.DataFrame({"TF": [], "target": [], "importance": []}), 0
    kind, settings = ("GBM", core.SGBM_KWARGS) if ensemble == "grnboost2" else ("RF", core.RF_KWARGS)
    with _early_stop(restored):
        links, meta = core.infer_partial_network(
            regressor_type=kind,
            regressor_kwargs=settings,
            tf_matrix=tf_expression,
            tf_matrix_gene_names=list(tfs),
            target_gene_name=target,
            target_gene_expression=expression,
            include_meta=True,
            early_stop_window_length=EARLY_STOP_WINDOW,
            seed=seed,
        )
    if len(meta) == 0:
        raise MethodError(f"{ensemble} could not fit the target {target}; see the warning above")
    return links, int(meta["n_estimators"].iloc[0])


def _tree_scores(
    ensemble: Ensemble, restored: bool, given: MethodInput, options: RunOptions, parts: PartStore | None
) -> tuple[np.ndarray, float]:
    """Compute the importance (tfs, genes) of every TF for every gene, and the CPU seconds of all processes.

    Targets are fitted in parts of a few genes. The result does not depend on the number of jobs or on being resumed.
    """
    expression, progress, n_jobs = given.expression, options.progress, options.n_jobs
    # column-major: scikit-learn reads one feature at a time
    tf_expression = np.asfortranarray(expression[:, given.tf_index])
    rows = {tf: i for i, tf in enumerate(given.tfs)}
    blocks = [range(len(given.genes))[i : i + TARGETS_PER_PART] for i in range(0, len(given.genes), TARGETS_PER_PART)]
    kept = ((i, parts.find(i)) for i in range(len(blocks) if parts else 0))
    done = {i: part for i, part in kept if part}
    if progress:
        progress(len(done), len(blocks))

    def fit_block(index: int) -> tuple[int, np.ndarray, float]:
        start = time.process_time()
        block = np.zeros((len(rows), len(blocks[index])))
        for column, gene in enumerate(blocks[index]):
            target = given.genes[gene], expression[:, gene]
            links, _ = _fit_target(ensemble, tf_expression, given.tfs, *target, options.seed, restored)
            # below 0 by rounding alone, where a split takes nothing
            importance = links["importance"].clip(lower=0)
            block[[rows[tf] for tf in links["TF"]], column] = importance
        return index, block, time.process_time() - start

    todo = (delayed(fit_block)(i) for i in range(len(blocks)) if i not in done)
    n_jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    for index, block, cpu in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(todo):
        done[index] = block, cpu
        if parts:
            parts.save(index, block, cpu)
        if progress:
            progress(len(done), len(blocks))
    return np.hstack([done[i][0] for i in range(len(blocks))]), sum(cpu for _, cpu in done.values())
