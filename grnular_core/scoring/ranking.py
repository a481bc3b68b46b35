"""Scores of a ranking against true labels: small functions of two arrays, nothing else.

``scores`` (candidates,) are non-negative, 0 meaning "not predicted"; ``truth`` (candidates,) is
boolean. Equal scores are one step of a ranking: nothing here depends on the order of the arrays.
Where a quantity is not defined the answer is NaN; ``why_undefined`` gives the reason.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grnular_core.utils.errors import InputError

NAN = float("nan")


@dataclass(frozen=True)
class EarlyPrecision:
    """Precision among the first k pairs, k being the number of true ones, over the density.

    ``ratio`` is the early precision ratio (EPR) with all pairs tied at the threshold selected,
    ``n_selected_over_k`` says how many that were, ``ties_expected`` is the exact expectation of
    the EPR when exactly k pairs are taken and ties at rank k are broken at random.
    """

    ratio: float
    n_selected_over_k: float
    ties_expected: float
    reason: str | None = None


def why_undefined(truth: np.ndarray, needs_false: bool = False) -> str | None:
    """Why a score over these candidates is not defined; None when it is."""
    if truth.size == 0:
        return "no candidate pair"
    if not truth.any():
        return "no true edge among the candidates"
    if needs_false and truth.all():
        return "every candidate is a true edge"
    return None


def counts_by_threshold(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True pairs and all pairs at or above every distinct score, from the highest down.

    Both arrays (thresholds,) are integer; the last entries are the totals. No candidate gives
    empty arrays. Raises ``InputError`` when shapes disagree or a score is not finite.
    """
    scores, truth = _checked(scores, truth)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_step = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    n_all = np.flatnonzero(last_of_step) + 1
    return np.cumsum(truth[order])[last_of_step], n_all


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """AUPRC as average precision: sum over thresholds of (R_n - R_{n-1}) P_n, ties as one step.

    This is the definition of scikit-learn, not the trapezoid under the curve, which flatters
    sparse predictions. A constant score gives the density. NaN without a true pair.
    """
    return _area_below_precision(*counts_by_threshold(scores, truth))


def auroc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Chance that a true pair scores above a false one, ties counting one half.

    A constant score gives 0.5. NaN when there is no true pair or no false one.
    """
    return _area_below_roc(*counts_by_threshold(scores, truth))


def auprc_and_auroc(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """``average_precision`` and ``auroc`` for the price of one sort."""
    counts = counts_by_threshold(scores, truth)
    return _area_below_precision(*counts), _area_below_roc(*counts)


def expected_hits(scores: np.ndarray, truth: np.ndarray, k: int) -> float:
    """Expected number of true pairs among exactly ``k``, ties at rank k broken at random.

    Pairs above the k-th score are all in; the places left are drawn from those tied with it, zero
    scores included. Raises ``InputError`` when ``k`` is not between 1 and the number of pairs.
    """
    scores, truth = _checked(scores, truth)
    return _expected_hits(scores, truth, k, kth_largest(scores, k))


def early_selection(scores: np.ndarray, k: int) -> np.ndarray:
    """The pairs counted as predicted at k: at or above max(k-th score, smallest nonzero score).

    Boolean, shape of ``scores``. More than k when scores tie at rank k, fewer when fewer than k are
    nonzero; none when all scores are 0.
    """
    return (scores >= kth_largest(scores, k)) & (scores > 0)


def early_precision(scores: np.ndarray, truth: np.ndarray) -> EarlyPrecision:
    """EPR = (hits / n_selected) / density, with how many were selected and the fair expectation.

    A prediction without a nonzero score has no EPR (NaN with the reason); ``ties_expected`` is then
    1, that of drawing k pairs at random. Without a true pair everything is NaN.
    """
    scores, truth = _checked(scores, truth)
    reason = why_undefined(truth)
    if reason:
        return EarlyPrecision(NAN, NAN, NAN, reason)
    k = int(truth.sum())
    density = k / truth.size
    threshold = kth_largest(scores, k)
    ties_expected = _expected_hits(scores, truth, k, threshold) / k / density
    selected = (scores >= threshold) & (scores > 0)
    n_selected = int(selected.sum())
    if n_selected == 0:
        return EarlyPrecision(NAN, 0.0, ties_expected, "no nonzero score among the candidates")
    hits = int((selected & truth).sum())
    return EarlyPrecision(hits / n_selected / density, n_selected / k, ties_expected)


def kth_largest(scores: np.ndarray, k: int) -> float:
    """The k-th largest of scores that are >= 0, k counting from 1."""
    if not 1 <= k <= scores.size:
        raise InputError(f"k is {k}, expected a rank between 1 and {scores.size}")
    positive = scores[scores > 0]  # most predictions are sparse: this spares work on the zeros
    if k > positive.size:
        return 0.0
    return float(np.partition(positive, positive.size - k)[positive.size - k])


def _expected_hits(scores: np.ndarray, truth: np.ndarray, k: int, threshold: float) -> float:
    above, tied = scores > threshold, scores == threshold
    share_of_tied = (k - np.count_nonzero(above)) / np.count_nonzero(tied)
    return float(np.count_nonzero(truth & above) + np.count_nonzero(truth & tied) * share_of_tied)


def _area_below_precision(n_true: np.ndarray, n_all: np.ndarray) -> float:
    if len(n_true) == 0 or n_true[-1] == 0:
        return NAN
    return float(np.sum(np.diff(n_true, prepend=0) * (n_true / n_all)) / n_true[-1])


def _area_below_roc(n_true: np.ndarray, n_all: np.ndarray) -> float:
    if len(n_true) == 0 or n_true[-1] in (0, n_all[-1]):
        return NAN
    false_step = np.diff(n_all - n_true, prepend=0)
    true_step = np.diff(n_true, prepend=0)
    wins = np.sum(false_step * (n_true - 0.5 * true_step))
    return float(wins / (n_true[-1] * float(n_all[-1] - n_true[-1])))


def _checked(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, truth = np.asarray(scores, dtype=float), np.asarray(truth, dtype=bool)
    if scores.shape != truth.shape or scores.ndim != 1:
        raise InputError(
            f"scores have shape {scores.shape} and truth {truth.shape}; expected one length"
        )
    if not np.isfinite(scores).all() or (scores < 0).any():
        raise InputError("scores hold NaN, infinite or negative values; a score is finite and >= 0")
    return scores, truth
