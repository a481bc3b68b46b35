"""The paper's protocol: undirected pairs above the diagonal of a D x D matrix.

It stands beside the strict protocol so that numbers can be compared with the paper's, and so that
what it hides can be shown: its AUROC has a floor, and a directed truth is only half seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import clean_truth, listed_tfs, positions, score_matrix
from grnular_core.scoring.ranking import NAN, auprc_and_auroc, why_undefined
from grnular_core.utils.errors import InputError

# How often random scores of a pair with (row) 0, 1 or 2 TFs beat those of one with (column) 0, 1, 2
WINS = np.array([[1 / 2, 0, 0], [1, 1 / 2, 1 / 6], [1, 5 / 6, 1 / 2]])


def paper_matrix(edges: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]) -> np.ndarray:
    """Prediction as a symmetric matrix (genes, genes): (M + M^T) / 2 with zero diagonal.

    M (genes, genes) holds the scores of the listed TFs in their rows and 0 elsewhere. So a TF-gene
    entry is half the score, a TF-TF entry the mean of both directions, a gene-gene entry 0. Edges
    whose regulator is not listed are ignored; for a method without a TF list give ``tfs=genes``.
    """
    rows = listed_tfs(genes, tfs)
    matrix = np.zeros((len(genes), len(genes)))
    matrix[positions(rows, genes)] = score_matrix(edges, rows, genes)
    np.fill_diagonal(matrix, 0.0)
    return (matrix + matrix.T) / 2


def truth_matrix(truth: pd.DataFrame, genes: Sequence[str], symmetric: bool = False) -> np.ndarray:
    """Truth as a boolean matrix (genes, genes), ``adj[regulator, target]``, or made symmetric."""
    clean, _ = clean_truth(truth, genes)
    adj = np.zeros((len(genes), len(genes)), dtype=bool)
    adj[positions(clean["regulator"], genes), positions(clean["target"], genes)] = True
    return adj | adj.T if symmetric else adj


def paper_scores(
    edges: pd.DataFrame,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    symmetric_truth: bool = False,
    beta: float = 1.0,
) -> dict[str, float | int | str]:
    """Score an edge table by the paper's protocol, in the gene order given.

    With a directed truth (``symmetric_truth=False``) only edges whose regulator comes before its
    target in ``genes`` count, so the numbers depend on that order: report them over several (see
    ``paper_scores_over_orders``). Keys and undefined values are those of
    ``paper_scores_of_matrices``. Raises ``InputError`` as the strict protocol does.
    """
    is_tf = np.zeros(len(genes), dtype=bool)
    is_tf[positions(listed_tfs(genes, tfs), genes)] = True
    adj = truth_matrix(truth, genes, symmetric_truth)
    return paper_scores_of_matrices(paper_matrix(edges, genes, tfs), adj, is_tf, beta)


def paper_scores_of_matrices(
    scores: np.ndarray,
    adj: np.ndarray,
    is_tf: np.ndarray | None = None,
    beta: float = 1.0,
) -> dict[str, float | int | str]:
    """Compare a score matrix with a truth matrix, both (genes, genes), above the diagonal only.

    ``is_tf`` (genes,) marks the TFs and sets the floor of the AUROC; None means that any pair may
    be predicted. A pair counts as predicted when its score is not 0. The keys:

    - ``n_pairs = D (D - 1) / 2``, ``n_true_seen``, ``n_predicted``;
    - ``auprc`` (average precision), ``auroc``; ``floor_auroc``, the AUROC of a method that is
      random among the pairs with a TF (``floor_auroc``), and ``random_auroc``, that of random edge
      scores in this very matrix;
    - ``fdr, tpr, fpr, precision, recall`` and ``fbeta``, where with ``b = beta``
      ``fbeta = (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp)``;
    - ``shd``, the number of pairs where prediction and truth differ.

    An undefined number is NaN with its reason under ``<name>_reason``: nothing predicted leaves
    ``precision`` and ``fdr`` undefined, no true pair seen all but ``fpr``, ``fdr`` and counts.
    Raises ``InputError`` when shapes disagree.
    """
    scores, adj = np.asarray(scores, dtype=float), np.asarray(adj, dtype=bool)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or scores.shape != adj.shape:
        raise InputError(
            f"scores have shape {scores.shape}, truth {adj.shape}; expected (genes, genes) for both"
        )
    upper = np.triu_indices(len(scores), k=1)
    score, truth = np.abs(scores[upper]), adj[upper]
    predicted = score > 0
    tp, fp = int((predicted & truth).sum()), int((predicted & ~truth).sum())
    fn, n_true = int((~predicted & truth).sum()), int(truth.sum())
    no_true, no_auroc = why_undefined(truth), why_undefined(truth, needs_false=True)
    auprc, auroc = auprc_and_auroc(score, truth)
    weighted = (1 + beta**2) * tp

    result: dict[str, float | int | str] = {
        "n_pairs": truth.size,
        "n_true_seen": n_true,
        "n_predicted": tp + fp,
        "shd": fp + fn,
    }
    candidate = np.ones(truth.size, dtype=bool) if is_tf is None else _pairs_with_tf(is_tf, upper)
    for name, value, reason in (
        ("auprc", auprc, no_true),
        ("auroc", auroc, no_auroc),
        ("floor_auroc", floor_auroc(truth, candidate), no_auroc),
        ("random_auroc", random_auroc(truth, _tfs_in_pair(is_tf, upper)), no_auroc),
        ("fdr", _ratio(fp, tp + fp), "nothing predicted"),
        ("tpr", _ratio(tp, n_true), no_true),
        ("fpr", _ratio(fp, truth.size - n_true), "no false pair"),
        ("precision", _ratio(tp, tp + fp), "nothing predicted"),
        ("recall", _ratio(tp, n_true), no_true),
        ("fbeta", _ratio(weighted, weighted + beta**2 * fn + fp) if n_true else NAN, no_true),
    ):
        result[name] = float(value)
        if value != value:
            result[f"{name}_reason"] = reason or "not defined"
    return result


def floor_auroc(truth: np.ndarray, candidate: np.ndarray) -> float:
    """AUROC that random scores on the candidate pairs reach, all others scoring 0.

    ``truth`` and ``candidate`` are boolean (pairs,). When every true pair is a candidate this is
    ``1 - (candidate negatives / all negatives) / 2``: random inside, but above every pair that
    could not be predicted. A true pair that is no candidate only ties with those. NaN when there is
    no true or no false pair.
    """
    if why_undefined(truth, needs_false=True):
        return NAN
    share_inside = (candidate & truth).sum() / truth.sum()
    negatives_inside = (candidate & ~truth).sum() / (~truth).sum()
    inside = 1 - negatives_inside / 2
    outside = (1 - negatives_inside) / 2
    return float(share_inside * inside + (1 - share_inside) * outside)


def random_auroc(truth: np.ndarray, n_tfs: np.ndarray) -> float:
    """Expected AUROC of edge tables with independent uniform weights on every TF's edges.

    ``truth`` (pairs,) is boolean, ``n_tfs`` (pairs,) counts the TFs of each pair. A pair without a
    TF scores 0, one with a TF half a weight, one of two TFs the mean of two weights: the last beats
    the second kind five times out of six. Where true pairs are often TF-TF, this is above
    ``floor_auroc``. NaN when there is no true or no false pair.
    """
    if why_undefined(truth, needs_false=True):
        return NAN
    true_share = np.bincount(n_tfs[truth], minlength=3) / truth.sum()
    false_share = np.bincount(n_tfs[~truth], minlength=3) / (~truth).sum()
    return float(true_share @ WINS @ false_share)


def paper_scores_over_orders(
    edges: pd.DataFrame,
    truth: pd.DataFrame,
    genes: Sequence[str],
    tfs: Sequence[str],
    n_orders: int = 20,
    seed: int | np.random.Generator = 0,
    beta: float = 1.0,
) -> pd.DataFrame:
    """The paper's protocol with a directed truth under ``n_orders`` random orders of the genes.

    One row per order, columns those of ``paper_scores``. The orders are drawn over the sorted
    names, so that the answer depends on the seed alone and not on the order of ``genes``.
    """
    generator = np.random.default_rng(seed)
    names = tuple(sorted(genes))
    scores, adj = paper_matrix(edges, names, tfs), truth_matrix(truth, names)
    is_tf = np.zeros(len(names), dtype=bool)
    is_tf[positions(listed_tfs(names, tfs), names)] = True
    rows = []
    for _ in range(n_orders):
        order = generator.permutation(len(names))
        both = np.ix_(order, order)
        rows.append(paper_scores_of_matrices(scores[both], adj[both], is_tf[order], beta))
    return pd.DataFrame(rows)


def _tfs_in_pair(is_tf: np.ndarray | None, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How many TFs each pair has; without a TF list every gene counts as one."""
    if is_tf is None:
        return np.full(len(upper[0]), 2)
    return np.asarray(is_tf, dtype=int)[upper[0]] + np.asarray(is_tf, dtype=int)[upper[1]]


def _pairs_with_tf(is_tf: np.ndarray, upper: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    is_tf = np.asarray(is_tf, dtype=bool)
    return is_tf[upper[0]] | is_tf[upper[1]]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else NAN
