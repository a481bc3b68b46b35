"""The strict protocol: one row of numbers for a prediction, over an explicit set of candidates.

The edge universe is a set of directed pairs (regulator, target): listed TFs in the rows, genes in the
columns, self pairs left out (``data.candidates``). Beside the ranking it says what a network gets
right of each TF's targets, of directions between TFs and of signs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import (
    Candidates,
    ScoredEdges,
    candidate_pairs,
    candidates_of_clean,
    clean_truth,
    listed_tfs,
    positions,
    score_matrix,
    scored_edges,
    sign_matrix,
    truth_genes,
)
from grnular_core.scoring.ranking import (
    NAN,
    EarlyPrecision,
    auprc_and_auroc,
    early_precision,
    early_selection,
    expected_hits,
    why_undefined,
)

# Normalised precision of a TF whose scores are all equal is 0 up to rounding; it is not "above 0".
ROUNDING = 1e-12


def strict_scores(
    edges: pd.DataFrame, truth: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]
) -> dict[str, float | int | str]:
    """Score an edge table against a reference network by the strict protocol.

    The order of genes and of rows, duplicates and self-loops move no number; a candidate that the
    table leaves out scores 0.

    Parameters
    ----------
    edges : DataFrame
        Predicted edges with the columns ``regulator, target, weight`` and perhaps ``sign``.
    truth : DataFrame
        Reference network with the columns ``regulator, target`` and perhaps ``sign``.
    genes : sequence of str
        The genes that the method saw.
    tfs : sequence of str
        The TF list; names that are not among ``genes`` are ignored.

    Returns
    -------
    dict
        Plain Python numbers; an undefined one is NaN and has its reason under ``<name>_reason``.

        - ``n_candidates, n_true, density, n_regulators, n_regulators_listed, n_targets`` and
          ``n_true_left_out``, the true edges among ``genes`` that are no candidates;
        - ``auprc``, ``auprc_ratio`` (AUPRC / density) and ``auroc``;
        - ``epr, epr_n_selected_over_k, epr_ties_expected`` on the candidates; ``epr_truth_genes``
          over regulators with a true edge and targets that occur in the reference network (BEELINE
          with TF edges); ``epr_truth_genes_all_pairs`` over all ordered pairs of genes that occur
          in it;
        - ``tf_precision_mean, tf_precision_n_above_zero, tf_precision_n_tfs``: precision of each TF among
          as many targets as it has, 0 at random and 1 when perfect;
        - ``direction_share, direction_n_pairs``: of the pairs of listed TFs that are true in exactly
          one direction, the share whose true direction scores higher, ties counting one half;
        - ``sign_share, sign_n_edges``: of the true edges of known sign among the first k, the share
          whose predicted sign is right;
        - ``signed_epr_activating, signed_epr_repressing``, the EPR of the true edges of one sign on
          the candidates of ``epr_truth_genes``, and ``signed_epr``, their mean.

    Raises
    ------
    InputError
        For missing columns, repeated genes and weights that are not finite.

    Notes
    -----
    A reference network without an edge among the candidates gives NaN, never 0. A prediction without
    edges has the density as AUPRC, 0.5 as AUROC and no EPR.
    """
    clean, _ = clean_truth(truth, genes)
    known = scored_edges(edges, genes)
    chosen = candidates_of_clean(clean, genes, tfs)
    beeline = candidate_pairs(clean, chosen.regulators, truth_genes(clean, genes))
    scores = score_matrix(known, chosen.regulators, chosen.targets)
    beeline_scores = score_matrix(known, beeline.regulators, beeline.targets)

    result = _sizes(chosen)
    result["n_regulators_listed"] = len(listed_tfs(genes, tfs))
    result["n_true_left_out"] = len(clean) - chosen.n_true
    result |= _ranking_scores(scores, chosen)
    early = early_precision(beeline_scores[beeline.mask], beeline.truth[beeline.mask])
    result |= _entry("epr_truth_genes", early.ratio, early.reason)
    early = _all_pairs_epr(known, clean, genes)
    result |= _entry("epr_truth_genes_all_pairs", early.ratio, early.reason)

    of_tfs = _tf_precision(scores, chosen)
    mean = sum(of_tfs) / len(of_tfs) if of_tfs else NAN
    result |= _entry("tf_precision_mean", mean, "no TF with both true and false candidates")
    result["tf_precision_n_above_zero"] = sum(value > ROUNDING for value in of_tfs)
    result["tf_precision_n_tfs"] = len(of_tfs)
    share, n_pairs = _direction_share(known, clean, genes, tfs)
    result |= _entry("direction_share", share, "no TF-TF pair that is true in just one direction")
    result["direction_n_pairs"] = n_pairs
    share, n_edges, reason = _sign_share(known, chosen)
    result |= _entry("sign_share", share, reason)
    result["sign_n_edges"] = n_edges
    return result | _signed_epr(beeline_scores, beeline)


def _tf_precision(scores: np.ndarray, candidates: Candidates) -> list[float]:
    """Normalised precision of every regulator among its first k_r targets, k_r being its number of true ones.

    ``(precision - d) / (1 - d)`` with the density ``d`` of the regulator's candidates is 0 at random and 1 when perfect.
    Ties at rank k_r count by their expectation, so a regulator without a score has 0. One with nothing but true
    candidates is left out.
    """
    values = []
    for score, mask, truth in zip(scores, candidates.mask, candidates.truth, strict=True):
        n_true = int(truth.sum())
        density = n_true / int(mask.sum())
        if density < 1:
            precision = expected_hits(score[mask], truth[mask], n_true) / n_true
            values.append((precision - density) / (1 - density))
    return values


def _all_pairs_epr(edges: ScoredEdges, clean: pd.DataFrame, genes: Sequence[str]) -> EarlyPrecision:
    """EPR over all ordered pairs of the genes that occur in the reference network, TF or not.

    The early precision of BEELINE without its option for TF edges. It rewards knowing the TF list, since every
    other gene's row holds no true edge: read it beside the density.
    """
    names = truth_genes(clean, genes)
    pairs = candidate_pairs(clean, names, names)
    scores = score_matrix(edges, names, names)
    return early_precision(scores[pairs.mask], pairs.truth[pairs.mask])


def _sizes(candidates: Candidates) -> dict[str, float | int | str]:
    return {
        "n_candidates": candidates.n_candidates,
        "n_true": candidates.n_true,
        "n_regulators": len(candidates.regulators),
        "n_targets": len(candidates.targets),
    } | _entry("density", candidates.density, "no candidate pair")


def _ranking_scores(scores: np.ndarray, candidates: Candidates) -> dict[str, float | int | str]:
    """AUPRC, AUROC and EPR of a score matrix (regulators, targets) on its candidates."""
    score, truth = scores[candidates.mask], candidates.truth[candidates.mask]
    (auprc, area), density = auprc_and_auroc(score, truth), candidates.density
    reason = why_undefined(truth)
    early = early_precision(score, truth)
    return (
        _entry("auprc", auprc, reason)
        | _entry("auprc_ratio", auprc / density if reason is None else NAN, reason)
        | _entry("auroc", area, why_undefined(truth, needs_false=True))
        | _entry("epr", early.ratio, early.reason)
        | _entry("epr_n_selected_over_k", early.n_selected_over_k, early.reason)
        | _entry("epr_ties_expected", early.ties_expected, early.reason)
    )


def _signed_epr(scores: np.ndarray, candidates: Candidates) -> dict[str, float | int | str]:
    result, defined = {}, []
    for name, sign in (("activating", 1), ("repressing", -1)):
        early = _signed_early_precision(scores, candidates, sign)
        result |= _entry(f"signed_epr_{name}", early.ratio, early.reason)
        if (candidates.sign == sign).any():
            defined.append(early)
    mean = sum(early.ratio for early in defined) / len(defined) if defined else NAN
    reasons = [early.reason for early in defined if early.reason]
    fallback = "the truth has no signs among the candidates"
    return result | _entry("signed_epr", mean, reasons[0] if reasons else fallback)


def _entry(name: str, value: float, reason: str | None) -> dict[str, float | str]:
    """One number of the result, with its reason beside it when it is not defined."""
    value = float(value)
    if value == value:
        return {name: value}
    return {name: value, f"{name}_reason": reason or "not defined"}


def _direction_share(
    edges: pd.DataFrame | ScoredEdges, clean: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]
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


def _sign_share(
    edges: pd.DataFrame | ScoredEdges, candidates: Candidates
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


def _signed_early_precision(
    scores: np.ndarray, candidates: Candidates, sign: int
) -> EarlyPrecision:
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
