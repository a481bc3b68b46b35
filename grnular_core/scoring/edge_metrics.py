"""What a network gets right beyond its ranking: each TF's targets, directions and signs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import (
    Candidates,
    KnownEdges,
    listed_tfs,
    positions,
    score_matrix,
    sign_matrix,
)
from grnular_core.scoring.ranking import (
    NAN,
    EarlyPrecision,
    early_precision,
    early_selection,
    expected_hits,
)

# Normalised precision of a TF whose scores are all equal is 0 up to rounding; it is not "above 0".
ROUNDING = 1e-12


def per_tf_precision(scores: np.ndarray, candidates: Candidates) -> pd.DataFrame:
    """Precision among the first k_r targets of every regulator r, k_r being its true targets.

    ``scores`` has shape (regulators, targets). One row per regulator, in the order of
    ``candidates``: ``regulator, n_true, n_candidates, precision, normalised, reason``, where
    ``normalised = (precision - d) / (1 - d)`` with ``d = n_true / n_candidates``: 0 is chance, 1 is
    perfect. Ties at rank k_r count by their expectation, so an empty row gives 0.

    A regulator without a true target, or with nothing but true ones, has NaN and a reason.
    """
    rows = []
    for name, score, mask, truth in zip(
        candidates.regulators, scores, candidates.mask, candidates.truth, strict=True
    ):
        n_true, n_candidates = int(truth.sum()), int(mask.sum())
        row = {"regulator": name, "n_true": n_true, "n_candidates": n_candidates}
        precision = normalised = NAN
        reason = ""
        if n_true == 0:
            reason = "no true target"
        else:
            precision = expected_hits(score[mask], truth[mask], n_true) / n_true
            density = n_true / n_candidates
            if density < 1:
                normalised = (precision - density) / (1 - density)
            else:
                reason = "every candidate target is true"
        rows.append(row | {"precision": precision, "normalised": normalised, "reason": reason})
    columns = ["regulator", "n_true", "n_candidates", "precision", "normalised", "reason"]
    return pd.DataFrame(rows, columns=columns)


def per_tf_summary(table: pd.DataFrame) -> tuple[float, int, int]:
    """Mean normalised precision, number of TFs above 0 and number of TFs where it is defined.

    ``table`` is that of ``per_tf_precision``; the mean is NaN when no TF is defined.
    """
    values = table["normalised"].dropna().to_numpy(dtype=float)
    mean = float(values.mean()) if len(values) else NAN
    return mean, int((values > ROUNDING).sum()), len(values)


def direction_share(
    edges: pd.DataFrame | KnownEdges, clean: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]
) -> tuple[float, int]:
    """Share of TF-TF pairs whose true direction scores above the reverse, and number of pairs.

    Pairs of listed TFs among ``genes`` that are true in exactly one direction, by ``clean`` (a
    truth from ``clean_truth``). Equal scores count one half, so an undirected method, or one that
    predicts neither direction, has 0.5. NaN when there is no such pair.
    """
    names = listed_tfs(genes, tfs)
    scores = score_matrix(edges, names, names)
    row, column = positions(clean["regulator"], names), positions(clean["target"], names)
    inside = (row >= 0) & (column >= 0)
    is_true = np.zeros(scores.shape, dtype=bool)
    is_true[row[inside], column[inside]] = True
    one_way = is_true & ~is_true.T
    if not one_way.any():
        return NAN, 0
    forward, reverse = scores[one_way], scores.T[one_way]
    points = (forward > reverse) + 0.5 * (forward == reverse)
    return float(points.mean()), int(one_way.sum())


def sign_share(
    edges: pd.DataFrame | KnownEdges, candidates: Candidates
) -> tuple[float, int, str | None]:
    """Share of correct signs among the true pairs selected at k, their number, and a reason.

    Selected is what ``early_selection`` takes with k true pairs; only pairs whose true sign is
    known count. An unknown predicted sign beside known ones is not correct; when no predicted sign
    is known at all the share is NaN with that reason.
    """
    signed = candidates.sign != 0
    if not signed.any():
        return NAN, 0, "the truth has no signs among the candidates"
    scores = np.where(
        candidates.mask, score_matrix(edges, candidates.regulators, candidates.targets), 0.0
    )
    predicted = sign_matrix(edges, candidates.regulators, candidates.targets)
    if not (predicted[candidates.mask] != 0).any():
        return NAN, 0, "the prediction has no signs"
    selected = np.zeros(scores.shape, dtype=bool)
    selected[candidates.mask] = early_selection(scores[candidates.mask], candidates.n_true)
    found = selected & candidates.truth & signed
    if not found.any():
        return NAN, 0, "no true edge of known sign among those selected"
    return float((predicted == candidates.sign)[found].mean()), int(found.sum()), None


def signed_early_precision(scores: np.ndarray, candidates: Candidates, sign: int) -> EarlyPrecision:
    """EPR of the true pairs of one sign (+1 or -1) as BEELINE defines it.

    True pairs of the other or of unknown sign are no candidates here; k is the number of true pairs
    of this sign. The predicted sign plays no part: the question is whether a method finds
    activation more easily than repression.
    """
    if not (candidates.sign != 0).any():
        return EarlyPrecision(NAN, NAN, NAN, "the truth has no signs among the candidates")
    wanted = candidates.sign == sign
    kept = candidates.mask & (wanted | ~candidates.truth)
    return early_precision(scores[kept], wanted[kept])
