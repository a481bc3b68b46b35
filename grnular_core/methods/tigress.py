"""TIGRESS (Haury et al. 2012, BMC Systems Biology 6:145): LARS on the TFs with stability selection.

The linear model of the paper's Eq. 2, one regression a gene, made robust by repetition. Each of
``n_splits`` times the expression of every TF is multiplied by a random weight from [alpha, 1), the
cells are divided into two random halves, and in each half L steps of least-angle regression are
taken. The area score of a TF counts how often, and how early, it enters:

    score[t, g] = 1 / L * sum over l = 1 .. L of the share of halves whose model of gene g
                  holds TF t after l steps

Weights and halves are the same for all genes. A half needs one Gram matrix ``X'X`` of the TFs and one
product ``X'Y`` for all genes, and a path does not use the cells.

**Which LARS.** The path of scikit-learn's ``lars_path_gram(method="lasso")``, which is called once a target
and rearranges the whole Gram matrix; here targets share it, and a step costs a pass over the TFs for each
TF in the model. A step in which a coefficient reaches zero takes that TF out of the model. Its unmodified
variant (1.9) turns a sign and adds no TF in such a step, and what follows is no LARS path: the TFs in the
model no longer correlate equally with the residual. The weights also keep it from TFs that depend on each
other, equal ones or more TFs than cells: in the model they would make it ill-conditioned, and with a weight
of their own they never tie with what the model holds.

**One step.** Let c be the correlations of the TFs with what is left to explain, C the largest size among
them, A the model's TFs, each with ``abs(c) == C``, and s their signs. The TF that has reached C joins A.
The coefficients move along ``d = G_AA^-1 s``, divided by ``sqrt(s' d)``, until another TF's correlation is
as large as those of A, or nothing is left to explain, or a coefficient of A reaches zero. In the last case,
the lasso's, that TF leaves, and the next step takes no other in.

**How many splits.** 500, so 1,000 halves. Measured on two clean simulated graphs and two
with dropout 25 %, against 1,000 splits: the first 500 move no score by more than 0.03, and the
strict AUPRC of either 500 lies within 0.006. With 100 splits scores move by up to 0.09; the AUPRC of
ten such sets is 0.004 to 0.010 lower on average, with a standard deviation of 0.005 to 0.011.

All loops are in this file, because numba keeps compiled code until the file of its function changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

import numpy as np
from joblib import Parallel, delayed

from grnular_core.methods.correlation import correlation, standardised
from grnular_core.methods.interface import Progress, Scores
from grnular_core.utils.chunks import PartStore
from grnular_core.utils.errors import InputError
from grnular_core.utils.jit import compiled, part_of_compiled

N_SPLITS = 500
N_STEPS = 5
ALPHA = 0.4
SPLITS_PER_PART = 10
# of the paths
ROUNDING = 1e-12  # a coefficient that left the model may keep this much
NOTHING_LEFT = float(np.finfo(np.float32).eps)  # a path ends where C is below
DEPENDENT = 1e-7  # a TF that adds less than this to the Cholesky factor depends on the model
TINY = float(np.finfo(np.float32).tiny)  # no division by 0
DIGITS = 1e15  # changes of correlations are rounded to 15 decimals, so that equal ones stay equal


def _draw_split(
    n_cells: int, n_tfs: int, alpha: float, seed: int, split: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Draw one split of a seed: weights of the TFs (tfs,) and the cells of two halves.

    Each split has a generator of its own, so that it is the same whoever computes it. An odd cell goes to the
    second half.
    """
    rng = np.random.default_rng([seed, split])
    weights = rng.uniform(alpha, 1, n_tfs)
    order = rng.permutation(n_cells)
    return weights, (order[: n_cells // 2], order[n_cells // 2 :])


def _half_counts(x: np.ndarray, y: np.ndarray, tf_index: np.ndarray, n_steps: int) -> np.ndarray:
    """Count ``_steps_in_model`` for all genes on one half, (tfs, genes), from x (cells, tfs) and y (cells, genes).

    Both are centred, which fits the intercept, but not scaled: that would undo the weights. A TF is no regressor of
    itself. With fewer than two cells all counts are 0.
    """
    if len(x) < 2:
        return np.zeros((x.shape[1], y.shape[1]), dtype=np.int64)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    own = np.full(y.shape[1], -1)
    own[tf_index] = np.arange(len(tf_index))
    # the products of a gene next to each other, as the paths read them
    return _steps_in_model(x.T @ x / len(x), (y.T @ x / len(x)).T, n_steps, own)


def _part_counts(
    index: int,
    z: np.ndarray,
    tf_index: np.ndarray,
    splits: Iterable[int],
    n_steps: int,
    alpha: float,
    seed: int,
    area: bool = True,
) -> tuple[int, np.ndarray, float]:
    """Part number, counts (tfs, genes) summed over the halves of its splits, CPU seconds.

    Counts are over all steps, or, where not ``area``, after the last step alone.
    """
    start = time.process_time()
    counts = np.zeros((len(tf_index), z.shape[1]), dtype=np.int64)
    for split in splits:
        weights, halves = _draw_split(len(z), len(tf_index), alpha, seed, split)
        for cells in halves:
            y = z[cells]
            x = y[:, tf_index] * weights
            counts += _half_counts(x, y, tf_index, n_steps)
            if not area and n_steps > 1:
                counts -= _half_counts(x, y, tf_index, n_steps - 1)
    return index, counts, time.process_time() - start


def tigress(
    expression: np.ndarray,
    tf_index: np.ndarray,
    seed: int = 0,
    *,
    n_splits: int = N_SPLITS,
    n_steps: int = N_STEPS,
    alpha: float = ALPHA,
    area: bool = True,
    n_jobs: int = -1,
    progress: Progress | None = None,
    parts: PartStore | None = None,
) -> Scores:
    """Area score of every TF for every gene, with the sign of their correlation.

    Parameters
    ----------
    expression : ndarray, (cells, genes)
        With few cells a path ends when it fits them exactly; fewer than four cells leave a half without a model.
    tf_index : ndarray of int, (tfs,)
    seed : int
    n_splits, n_steps : int
        Splits, and steps L of each path; at least 1.
    alpha : float
        Lower end of the weights, between 0 and 1.
    area : bool
        The area score; else the share of halves whose model holds the TF after the last step, the "original"
        score of Haury et al.
    n_jobs : int
        Processes; counts are whole numbers, so their sum does not depend on them.
    progress : callable, optional
        Called with (done, all) parts.
    parts : PartStore, optional
        Keeps finished parts on disk; a later call with the same store resumes there.

    Returns
    -------
    Scores
        From 0 to 1. Constant genes and constant TFs have 0. A single TF has 1 for every other gene that it
        correlates with at all: nothing competes with it. With more steps than TFs the steps left over keep the
        last model.

    Raises
    ------
    InputError
        For settings that make no sense.
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
        delayed(_part_counts)(i, z, tf_index, block, n_steps, alpha, seed, area)
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
    sign = correlation(expression, tf_index).sign
    return Scores(total / (2 * n_splits * (n_steps if area else 1)), sign, cpu_seconds)


def _steps_in_model(
    gram: np.ndarray, products: np.ndarray, n_steps: int, own: np.ndarray | None = None
) -> np.ndarray:
    """Count after how many of the first ``n_steps`` steps each TF is in the model, (tfs, targets).

    ``gram`` is X'X, (tfs, tfs), and ``products`` X'Y, (tfs, targets), both divided by the number of cells. ``own``
    (targets,) is the row of the TF that a target is itself, which is no regressor of it, or -1.

    A path that has nothing left to explain keeps its last model for the steps that remain. A TF that depends on
    those in the model never enters; where one would have, scikit-learn sets a wrong TF's correlation to 0, and this
    does not.
    """
    by_target = np.ascontiguousarray(products.T, dtype=np.float64)
    none = np.full(len(by_target), -1)
    own = np.asarray(none if own is None else own, dtype=np.int64)
    return _count_steps(np.ascontiguousarray(gram, dtype=np.float64), by_target, own, n_steps).T


@compiled
def _count_steps(gram, products, own, n_steps):  # pragma: no cover - compiled
    """``_steps_in_model`` with targets first in ``products`` and in what is returned."""
    n_targets, n_tfs = products.shape
    most = min(n_steps, n_tfs)
    counts = np.zeros((n_targets, n_tfs), np.int64)
    c, change, coefficients = np.empty(n_tfs), np.empty(n_tfs), np.empty(n_tfs)
    order, barred = np.empty(n_tfs, np.int64), np.empty(n_tfs, np.int64)
    factor, signs, direction = np.empty((most, most)), np.empty(most), np.empty(most)
    for target in range(n_targets):
        _path(
            gram, products, target, own[target], n_steps, counts,
            c, change, coefficients, order, barred, factor, signs, direction,
        )  # fmt: skip
    return counts


# fmt: off
@part_of_compiled
def _path(
    gram, products, target, own, n_steps, counts,
    c, change, coefficients, order, barred, factor, signs, direction,
):  # pragma: no cover - compiled
    # fmt: on
    """Follow the path of one target and add it to its row of ``counts``. The third line of arguments is work space.

    ``order`` holds the TFs of the model in the order of their entry, then the others; ``signs``, ``direction`` and
    the rows of ``factor`` follow it. ``barred`` TFs keep a correlation of 0.
    """
    n_tfs = order.size
    for tf in range(n_tfs):
        c[tf], coefficients[tf], order[tf] = products[target, tf], 0.0, tf
    n_active = n_barred = step = 0
    if own >= 0:
        barred[0], n_barred, c[own] = own, 1, 0.0
    before, dropped = np.inf, False
    while step < n_steps:
        place, C = _largest(c, order, n_active)
        if C <= NOTHING_LEFT:
            break
        if not dropped:
            order[n_active], order[place] = order[place], order[n_active]
            tf = order[n_active]
            if _factor_row(gram, order, factor, n_active) < DEPENDENT:
                order[n_active], order[place] = order[place], order[n_active]
                barred[n_barred], c[tf] = tf, 0.0
                n_barred += 1
                continue
            signs[n_active] = 1.0 if c[tf] > 0 else -1.0
            n_active += 1
        if C > before:  # what is left is rounding
            break
        before = C
        speed = _equal_direction(factor, signs, direction, n_active)
        _changes(gram, order, direction, n_active, change)
        for i in range(n_barred):
            change[barred[i]] = 0.0
        length = _length_to_entry(c, change, order, n_active, C, speed)
        to_zero = _length_to_zero(coefficients, order, direction, n_active)
        dropped = to_zero < length
        length = min(length, to_zero)
        leaving = -1
        for i in range(n_active):
            tf = order[i]
            if dropped and -coefficients[tf] / (direction[i] + TINY) == to_zero:
                leaving = i
            coefficients[tf] += length * direction[i]
        for tf in range(n_tfs):
            c[tf] -= length * change[tf]
        step += 1
        for i in range(n_active):
            counts[target, order[i]] += abs(coefficients[order[i]]) > ROUNDING
        if dropped:
            tf = order[leaving]
            c[tf] = products[target, tf]
            for i in range(n_active):
                c[tf] -= gram[tf, order[i]] * coefficients[order[i]]
            coefficients[tf] = 0.0
            n_active -= 1
            _leave(gram, order, factor, signs, leaving, n_active)
    for i in range(n_active):
        if abs(coefficients[order[i]]) > ROUNDING:
            counts[target, order[i]] += n_steps - step


@part_of_compiled
def _largest(c, order, n_active):  # pragma: no cover - compiled
    """Place in ``order`` of the largest correlation outside the model, the first of equals, its size."""
    place, largest = -1, 0.0
    for i in range(n_active, order.size):
        if abs(c[order[i]]) > largest:
            place, largest = i, abs(c[order[i]])
    return place, largest


@part_of_compiled
def _factor_row(gram, order, factor, row):  # pragma: no cover - compiled
    """One more row of the Cholesky factor of the model's Gram matrix; returns its last entry."""
    rest = gram[order[row], order[row]]
    for i in range(row):
        value = gram[order[row], order[i]]
        for k in range(i):
            value -= factor[row, k] * factor[i, k]
        factor[row, i] = value / factor[i, i]
        rest -= factor[row, i] ** 2
    factor[row, row] = np.sqrt(abs(rest))
    return factor[row, row]


@part_of_compiled
def _leave(gram, order, factor, signs, place, n_active):  # pragma: no cover - compiled
    """Move a TF from the model to the first of the others; rows of the factor behind it are new.

    ``n_active`` is the number of those that stay.
    """
    tf = order[place]
    for i in range(place, n_active):
        order[i], signs[i] = order[i + 1], signs[i + 1]
        _factor_row(gram, order, factor, i)
    order[n_active] = tf


@part_of_compiled
def _equal_direction(factor, signs, direction, n_active):  # pragma: no cover - compiled
    """Set the direction in which all correlations of the model fall alike; returns their speed."""
    squared = 0.0
    for i in range(n_active):
        value = signs[i]
        for k in range(i):
            value -= factor[i, k] * direction[k]
        direction[i] = value / factor[i, i]
        squared += direction[i] ** 2
    speed = 1 / np.sqrt(squared)
    for i in range(n_active - 1, -1, -1):
        value = direction[i]
        for k in range(i + 1, n_active):
            value -= factor[k, i] * direction[k]
        direction[i] = value / factor[i, i]
    for i in range(n_active):
        direction[i] *= speed
    return speed


@part_of_compiled
def _changes(gram, order, direction, n_active, change):  # pragma: no cover - compiled
    """How fast the correlation of every TF falls in that direction."""
    for tf in range(change.size):
        change[tf] = 0.0
    for i in range(n_active):
        row, share = order[i], direction[i]
        for tf in range(change.size):
            change[tf] += share * gram[row, tf]
    for tf in range(change.size):
        change[tf] = np.rint(change[tf] * DIGITS) / DIGITS


@part_of_compiled
def _length_to_entry(c, change, order, n_active, C, speed):  # pragma: no cover - compiled
    """How far to go until another TF's correlation is as large, or nothing is left."""
    length = C / speed
    for i in range(n_active, order.size):
        tf = order[i]
        up = (C - c[tf]) / (speed - change[tf] + TINY)
        down = (C + c[tf]) / (speed + change[tf] + TINY)
        if 0 < up < length:
            length = up
        if 0 < down < length:
            length = down
    return length


@part_of_compiled
def _length_to_zero(coefficients, order, direction, n_active):  # pragma: no cover - compiled
    """How far to go until a coefficient of the model is zero; infinite if none gets there."""
    length = np.inf
    for i in range(n_active):
        to_zero = -coefficients[order[i]] / (direction[i] + TINY)
        if 0 < to_zero < length:
            length = to_zero
    return length
