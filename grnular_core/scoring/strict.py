"""The strict protocol: one row of numbers for a prediction, over an explicit set of candidates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import (
    Candidates,
    KnownEdges,
    candidates_of_clean,
    clean_truth,
    known_edges,
    listed_tfs,
    score_matrix,
    truth_genes,
)
from grnular_core.scoring.edge_metrics import (
    direction_share,
    per_tf_precision,
    per_tf_summary,
    sign_share,
    signed_early_precision,
)
from grnular_core.scoring.ranking import (
    NAN,
    EarlyPrecision,
    auprc_and_auroc,
    auroc,
    average_precision,
    early_precision,
    why_undefined,
)

__all__ = [
    "auroc",
    "average_precision",
    "early_precision",
    "per_tf_precision",
    "strict_scores",
]


def strict_scores(
    edges: pd.DataFrame,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    regulators: str = "with-truth",
    targets: str = "genes",
    undirected: bool = False,
) -> dict[str, float | int | str]:
    """Score an edge table against a truth by the strict protocol.

    ``genes`` are those the method saw; ``regulators`` and ``targets`` choose the candidates as in
    ``strict_candidates``; ``undirected`` says that the method means every edge both ways. The order
    of genes and of rows, duplicates and self-loops move no number.

    Keys of the answer (plain Python numbers; an undefined one is NaN and has its reason beside it
    under ``<name>_reason``):

    - ``n_candidates, n_true, density, n_regulators, n_regulators_listed, n_targets`` and
      ``n_true_left_out``, the true edges among ``genes`` that are no candidates;
    - ``auprc, auprc_ratio`` (over density), ``auroc``;
    - ``epr, epr_n_selected_over_k, epr_ties_expected`` on the candidates; ``epr_truth_genes`` with
      regulators that have a true edge and targets that occur in the truth (BEELINE with TF edges);
      ``epr_truth_genes_all_pairs`` over all ordered pairs of genes that occur in the truth;
    - ``tf_precision_mean, tf_precision_n_above_zero, tf_precision_n_tfs`` of ``per_tf_precision``;
    - ``direction_share, direction_n_pairs``; ``sign_share, sign_n_edges``;
    - ``signed_epr_activating, signed_epr_repressing`` on the candidates of ``epr_truth_genes``, and
      ``signed_epr``, the mean over the signs that the truth has.

    Raises ``InputError`` for missing columns, repeated genes, weights that are not finite and
    unknown choices. A truth without an edge among the candidates gives NaN, never 0.
    """
    clean, _ = clean_truth(truth, genes)
    known = known_edges(edges, genes, undirected)
    chosen = candidates_of_clean(clean, genes, tfs, regulators, targets)
    beeline = candidates_of_clean(clean, genes, tfs, "with-truth", "truth-genes")
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

    mean, n_above, n_tfs = per_tf_summary(per_tf_precision(scores, chosen))
    result |= _entry("tf_precision_mean", mean, "no TF with both true and false candidates")
    result |= {"tf_precision_n_above_zero": n_above, "tf_precision_n_tfs": n_tfs}
    share, n_pairs = direction_share(known, clean, genes, tfs)
    result |= _entry("direction_share", share, "no TF-TF pair that is true in just one direction")
    result["direction_n_pairs"] = n_pairs
    share, n_edges, reason = sign_share(known, chosen)
    result |= _entry("sign_share", share, reason)
    result["sign_n_edges"] = n_edges
    return result | _signed_epr(beeline_scores, beeline)


def _all_pairs_epr(edges: KnownEdges, clean: pd.DataFrame, genes: Sequence[str]) -> EarlyPrecision:
    """EPR over all ordered pairs of the genes that occur in the truth, TF or not.

    The view of BEELINE without its option for TF edges. It rewards knowing the TF list, since every
    other gene's row holds no true edge: read it beside the density.
    """
    names = truth_genes(clean, genes)
    pairs = candidates_of_clean(clean, genes, names, "listed", "truth-genes")
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
        early = signed_early_precision(scores, candidates, sign)
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
