"""The first steps of least-angle regression (Efron et al. 2004) for many targets, as one compiled loop.

The targets share their regressors, so one Gram matrix serves all of them and is never copied. The path
is that of scikit-learn's ``lars_path_gram`` with ``method="lasso"``, which is called once a target and
rearranges the whole Gram matrix: a step here costs a pass over the TFs for each TF in the model.

**One step.** Let c be the correlations of the TFs with what is left to explain, C the largest size
among them, A the model's TFs, each with ``abs(c) == C``, and s their signs. The TF that has reached C joins A.
The coefficients move along ``d = G_AA^-1 s``, divided by ``sqrt(s' d)``, until another TF's
correlation is as large as those of A, or nothing is left to explain, or a coefficient of A reaches
zero. In the last case, the lasso's, that TF leaves, and the next step takes no other in.

All loops are in this file, because numba keeps compiled code until the file of its function changes.
"""

from __future__ import annotations

import numpy as np

from grnular_core.utils.jit import compiled, part_of_compiled

ROUNDING = 1e-12  # a coefficient that left the model may keep this much
NOTHING_LEFT = float(np.finfo(np.float32).eps)  # a path ends where C is below
DEPENDENT = 1e-7  # a TF that adds less than this to the Cholesky factor depends on the model
TINY = float(np.finfo(np.float32).tiny)  # no division by 0
DIGITS = 1e15  # changes of correlations are rounded to 15 decimals, so that equal ones stay equal


def steps_in_model(
    gram: np.ndarray, products: np.ndarray, n_steps: int, own: np.ndarray | None = None
) -> np.ndarray:
    """After how many of the first ``n_steps`` steps each TF is in the model, shape (tfs, targets).

    ``gram`` is X'X, shape (tfs, tfs), and ``products`` X'Y, shape (tfs, targets), both divided by the
    number of cells. ``own`` (targets,) is the row of the TF that a target is itself, which is no
    regressor of it, or -1.

    A path that has nothing left to explain keeps its last model for the steps that remain. Without TFs
    or targets there is nothing to count. A TF that depends on those in the model never enters; where
    one would have, scikit-learn sets a wrong TF's correlation to 0, and this does not.
    """
    by_target = np.ascontiguousarray(products.T, dtype=np.float64)
    none = np.full(len(by_target), -1)
    own = np.asarray(none if own is None else own, dtype=np.int64)
    return count_steps(np.ascontiguousarray(gram, dtype=np.float64), by_target, own, n_steps).T


@compiled
def count_steps(gram, products, own, n_steps):  # pragma: no cover - compiled
    """``steps_in_model`` with targets first in ``products`` and in what is returned."""
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
    """The path of one target, added to its row of ``counts``. The third line of arguments is work space.

    ``order`` holds the TFs of the model in the order of their entry, then the others; ``signs``,
    ``direction`` and the rows of ``factor`` follow it. ``barred`` TFs keep a correlation of 0.
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
    """Moves a TF from the model to the first of the others; rows of the factor behind it are new.

    ``n_active`` is the number of those that stay.
    """
    tf = order[place]
    for i in range(place, n_active):
        order[i], signs[i] = order[i + 1], signs[i + 1]
        _factor_row(gram, order, factor, i)
    order[n_active] = tf


@part_of_compiled
def _equal_direction(factor, signs, direction, n_active):  # pragma: no cover - compiled
    """Sets the direction in which all correlations of the model fall alike; returns their speed."""
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
