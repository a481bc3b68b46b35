"""TIGRESS (Haury et al. 2012, BMC Systems Biology 6:145): LARS on the TFs with stability selection.

The linear model of the paper's Eq. 2, one regression a gene, made robust by repetition. Each of
``n_splits`` times the expression of every TF is multiplied by a random weight from [alpha, 1), the
cells are divided into two random halves, and in each half L steps of least-angle regression are
taken. The area score of a TF counts how often, and how early, it enters:

    score[t, g] = 1 / L * sum over l = 1 .. L of the share of halves whose model of gene g
                  holds TF t after l steps

Weights and halves are the same for all genes. A half needs one Gram matrix ``X'X`` of the TFs and one
product ``X'Y`` for all genes, and a path costs no look at the cells.

**Which LARS.** scikit-learn's path, computed by ``lars``, with the lasso modification: a step in which a coefficient reaches zero
takes that TF out of the model. Its unmodified variant (1.9) turns a sign and adds no TF in such a
step, and what follows is no LARS path: the TFs in the model no longer correlate equally with the
residual. The weights also keep it from TFs that depend on each other, equal ones or more TFs than cells:
in the model they would make it ill-conditioned, and with a weight of their own they never tie with
what the model holds.

**How many splits.** 500, so 1,000 halves. Seconds of one core: 0.3 for 100 genes, 10 TFs and 1,000
cells, 1 if all 100 genes may be TFs, 22 for 900 genes, 400 TFs and 400 cells. One call of
scikit-learn a gene and half takes 31, 32 and 960 for the same counts. Measured on two clean simulated graphs and two
with dropout 25 %, against 1,000 splits: the first 500 move no score by more than 0.03, and the
strict AUPRC of either 500 lies within 0.006. With 100 splits scores move by up to 0.09; the AUPRC of
ten such sets is 0.004 to 0.010 lower on average, with a standard deviation of 0.005 to 0.011.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.correlation import Scores, pearson, standardised, without_self
from grnular_core.methods.lars import steps_in_model
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import InputError

N_SPLITS = 500
N_STEPS = 5
ALPHA = 0.4
SPLITS_PER_PART = 10


def draw_split(
    n_cells: int, n_tfs: int, alpha: float, seed: int, split: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Weights of the TFs, shape (tfs,), and the cells of two halves, for one split of a seed.

    Each split has a generator of its own, so that it is the same whoever computes it. An odd cell
    goes to the second half.
    """
    rng = np.random.default_rng([seed, split])
    weights = rng.uniform(alpha, 1, n_tfs)
    order = rng.permutation(n_cells)
    return weights, (order[: n_cells // 2], order[n_cells // 2 :])


def half_counts(x: np.ndarray, y: np.ndarray, tf_index: np.ndarray, n_steps: int) -> np.ndarray:
    """``steps_in_model`` of all genes on one half, shape (tfs, genes).

    ``x`` has shape (cells, tfs) and ``y`` (cells, genes). Both are centred, which fits the intercept,
    but not scaled: that would undo the weights. A TF is no regressor of itself. With fewer than two
    cells all counts are 0.
    """
    if len(x) < 2:
        return np.zeros((x.shape[1], y.shape[1]), dtype=np.int64)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    own = np.full(y.shape[1], -1)
    own[tf_index] = np.arange(len(tf_index))
    # the products of a gene next to each other, as the paths read them
    return steps_in_model(x.T @ x / len(x), (y.T @ x / len(x)).T, n_steps, own)


def _part_counts(
    index: int,
    z: np.ndarray,
    tf_index: np.ndarray,
    splits: Iterable[int],
    n_steps: int,
    alpha: float,
    seed: int,
) -> tuple[int, np.ndarray, float]:
    """Part number, counts (tfs, genes) summed over the halves of its splits, CPU seconds."""
    start = time.process_time()
    counts = np.zeros((len(tf_index), z.shape[1]), dtype=np.int64)
    for split in splits:
        weights, halves = draw_split(len(z), len(tf_index), alpha, seed, split)
        for cells in halves:
            y = z[cells]
            counts += half_counts(y[:, tf_index] * weights, y, tf_index, n_steps)
    return index, counts, time.process_time() - start


def tigress(
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int = 0,
    *,
    n_splits: int = N_SPLITS,
    n_steps: int = N_STEPS,
    alpha: float = ALPHA,
    n_jobs: int = -1,
    progress: Callable[[int, int], None] | None = None,
    parts: PartStore | None = None,
) -> Scores:
    """Area score of every TF for every gene, shape (tfs, genes), from 0 to 1; correlation's sign.

    ``expression`` has shape (cells, genes), ``tf_index`` the positions of the TFs. With ``parts``
    finished parts are kept on disk, and a later call with the same store goes on where this one
    stopped. Counts are whole numbers, so their sum depends neither on the number of jobs nor on
    being resumed.

    Constant genes and constant TFs score 0. A single TF scores 1 for every other gene that it
    correlates with at all: nothing competes with it. With more steps than TFs the steps left over
    keep the last model. With few cells a path ends when it fits them exactly; fewer than four cells
    leave a half without a model. Raises ``InputError`` for settings that make no sense.
    """
    if n_splits < 1 or n_steps < 1 or not 0 < alpha < 1:
        raise InputError(
            f"TIGRESS needs n_splits and n_steps of at least 1 and 0 < alpha < 1, got "
            f"n_splits={n_splits}, n_steps={n_steps}, alpha={alpha}"
        )
    z = standardised(expression)
    total, cpu_seconds = np.zeros((len(tf_index), z.shape[1]), dtype=np.int64), 0.0
    blocks = [
        range(i, min(i + SPLITS_PER_PART, n_splits)) for i in range(0, n_splits, SPLITS_PER_PART)
    ]
    found = ((i, parts.find(i)) for i in range(len(blocks) if parts else 0))
    kept = {i: part for i, part in found if part}
    for counts, cpu in kept.values():
        total, cpu_seconds = total + counts, cpu_seconds + cpu
    if progress:
        progress(len(kept), len(blocks))
    todo = (
        delayed(_part_counts)(i, z, tf_index, block, n_steps, alpha, seed)
        for i, block in enumerate(blocks)
        if i not in kept
    )
    n_jobs = (os.cpu_count() or 1) if n_jobs == -1 else n_jobs
    found = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(todo)
    for n_done, (index, counts, cpu) in enumerate(found, start=len(kept) + 1):
        total, cpu_seconds = total + counts, cpu_seconds + cpu
        if parts:
            parts.save(index, counts, cpu)
        if progress:
            progress(n_done, len(blocks))
    sign = np.sign(without_self(pearson(expression, tf_index), tf_index))
    return Scores(total / (2 * n_splits * n_steps), sign, cpu_seconds)
