"""Scores of a ranking against true labels: average precision, AUROC, early precision.

The candidates are the edge universe, chosen by the caller. Equal scores are one step of a ranking:
nothing here depends on the order of the arrays. Where a quantity is not defined the answer is NaN and
``why_undefined`` gives the reason.

Parameters
----------
scores : ndarray of float, shape (candidates,)
    Finite and >= 0; 0 means not predicted.
truth : ndarray of bool, shape (candidates,)
    Which candidates are true edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError

NAN = float("nan")


@dataclass(frozen=True)
class EarlyPrecision:
    """Precision among the first k candidates, k being the number of true ones, over the density."""

    # Early precision ratio (EPR) with all pairs tied at the threshold selected; 1 is the expectation of a random ranking.
    ratio: float
    n_selected_over_k: float  # how many pairs that selected, over k
    # Exact expectation of the EPR when exactly k pairs are taken, ties at rank k broken at random.
    ties_expected: float
    reason: str | None = None  # why ``ratio`` is NaN


def why_undefined(truth: np.ndarray, needs_false: bool = False) -> str | None:
    """Return why a score over these candidates is not defined.

    Parameters
    ----------
    truth : ndarray of bool
        Labels of all candidates, of any shape.
    needs_false : bool
        Whether the score also needs a false candidate, as AUROC does.

    Returns
    -------
    str or None
        The reason; None when the score is defined.
    """
    if truth.size == 0:
        return "no candidate pair"
    if not truth.any():
        return "no true edge among the candidates"
    if needs_false and truth.all():
        return "every candidate is a true edge"
    return None


def _counts_by_threshold(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (thresholds,) of true and of all pairs at or above every distinct score, highest first."""
    scores, truth = _checked(scores, truth)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_step = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    n_all = np.flatnonzero(last_of_step) + 1
    return np.cumsum(truth[order])[last_of_step], n_all


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """AUPRC as average precision, AP = sum_n (R_n - R_{n-1}) P_n over the distinct scores.

    Precision P_n and recall R_n are those of the candidates that score at or above the n-th largest
    distinct score, so ties are one step. This is scikit-learn's definition, not the trapezoid
    under the curve, which flatters sparse predictions.

    Returns
    -------
    float
        In [0, 1]. A constant score gives the density; NaN without a true candidate.

    Raises
    ------
    InputError
        When the shapes differ or a score is negative or not finite.
    """
    return _area_below_precision(*_counts_by_threshold(scores, truth))


def auprc_and_auroc(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Compute ``average_precision`` and the AUROC with one sort.

    Returns
    -------
    auprc : float
        As ``average_precision``.
    auroc : float
        Probability that a true candidate scores above a false one, ties counting one half. A constant score
        gives 0.5; NaN without a true or without a false candidate.

    Raises
    ------
    InputError
        When the shapes differ or a score is negative or not finite.
    """
    counts = _counts_by_threshold(scores, truth)
    return _area_below_precision(*counts), _area_below_roc(*counts)


def expected_hits(scores: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Count the true candidates expected among exactly ``k``, ties at rank k broken at random.

    Candidates above the k-th largest score are all in; the places left are drawn from those tied
    with it, scores of 0 included.

    Parameters
    ----------
    k : int
        From 1 to the number of candidates.

    Returns
    -------
    float
        From 0 to ``k``.

    Raises
    ------
    InputError
        When ``k`` is out of range or the arrays are not as described.
    """
    scores, truth = _checked(scores, truth)
    return _expected_hits(scores, truth, k, _kth_largest(scores, k))


def early_selection(scores: np.ndarray, k: int) -> np.ndarray:
    """Select the candidates counted as predicted at k: score >= max(k-th largest, smallest nonzero).

    Parameters
    ----------
    k : int
        From 1 to the number of candidates.

    Returns
    -------
    ndarray of bool, shape (candidates,)
        More than k where scores tie at rank k, fewer where fewer than k are nonzero, none where all
        scores are 0.
    """
    return (scores >= _kth_largest(scores, k)) & (scores > 0)


def early_precision(scores: np.ndarray, truth: np.ndarray) -> EarlyPrecision:
    """Early precision ratio, EPR = (hits / selected) / density, as BEELINE defines it [1]_.

    Selected is what ``early_selection`` takes with k the number of true candidates; density is
    k over the number of candidates.

    Returns
    -------
    EarlyPrecision
        Without a nonzero score the ratio is NaN with a reason and ``ties_expected`` is 1, that of k
        candidates drawn at random. Without a true candidate everything is NaN.

    Raises
    ------
    InputError
        When the shapes differ or a score is negative or not finite.

    References
    ----------
    .. [1] Pratapa et al., Nature Methods 17, 147-154 (2020).
    """
    scores, truth = _checked(scores, truth)
    reason = why_undefined(truth)
    if reason:
        return EarlyPrecision(NAN, NAN, NAN, reason)
    k = int(truth.sum())
    density = k / truth.size
    threshold = _kth_largest(scores, k)
    ties_expected = _expected_hits(scores, truth, k, threshold) / k / density
    selected = (scores >= threshold) & (scores > 0)
    n_selected = int(selected.sum())
    if n_selected == 0:
        return EarlyPrecision(NAN, 0.0, ties_expected, "no nonzero score among the candidates")
    hits = int((selected & truth).sum())
    return EarlyPrecision(hits / n_selected / density, n_selected / k, ties_expected)


def _kth_largest(scores: np.ndarray, k: int) -> float:
    """Find the k-th largest of scores >= 0, k counting from 1."""
    if not 1 <= k <= scores.size:
        raise InputError(f"k is {k}, expected a rank between 1 and {scores.size}")
    positive = scores[scores > 0]  # most predictions are sparse: this spares work on the zeros
    if k > positive.size:
        return 0.0
    return float(np.partition(positive, positive.size - k)[positive.size - k])


def _expected_hits(scores: np.ndarray, truth: np.ndarray, k: int, threshold: float) -> float:
    """Count the expected hits where the k-th largest score is ``threshold``."""
    above, tied = scores > threshold, scores == threshold
    share_of_tied = (k - np.count_nonzero(above)) / np.count_nonzero(tied)
    return float(np.count_nonzero(truth & above) + np.count_nonzero(truth & tied) * share_of_tied)


def _area_below_precision(n_true: np.ndarray, n_all: np.ndarray) -> float:
    """Average precision from the counts of ``_counts_by_threshold``."""
    if len(n_true) == 0 or n_true[-1] == 0:
        return NAN
    return float(np.sum(np.diff(n_true, prepend=0) * (n_true / n_all)) / n_true[-1])


def _area_below_roc(n_true: np.ndarray, n_all: np.ndarray) -> float:
    """AUROC from the counts of ``_counts_by_threshold``."""
    if len(n_true) == 0 or n_true[-1] in (0, n_all[-1]):
        return NAN
    false_step = np.diff(n_all - n_true, prepend=0)
    true_step = np.diff(n_true, prepend=0)
    wins = np.sum(false_step * (n_true - 0.5 * true_step))
    return float(wins / (n_true[-1] * float(n_all[-1] - n_true[-1])))


def _checked(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays in their types, refused where they do not fit together."""
    scores, truth = np.asarray(scores, dtype=float), np.asarray(truth, dtype=bool)
    if scores.shape != truth.shape or scores.ndim != 1:
        raise InputError(
            f"scores have shape {scores.shape} and truth {truth.shape}; expected one length"
        )
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise InputError("scores hold NaN, infinite or negative values; a score is finite and >= 0")
    return scores, truth
