"""The paper's protocol: undirected pairs above the diagonal of a D x D matrix.

The edge universe is the D (D - 1) / 2 pairs of different genes, TFs or not. The protocol stands beside
the strict one so that numbers can be compared with the paper's, and so that what it hides can be
shown: its AUROC has a floor, and only half of a directed reference network is compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grnular_core.data.candidates import clean_truth, listed_tfs, positions, score_matrix
from grnular_core.scoring.ranking import NAN, auprc_and_auroc, why_undefined

# How often random scores of a pair with (row) 0, 1 or 2 TFs beat those of one with (column) 0, 1, 2
WINS = np.array([[1 / 2, 0, 0], [1, 1 / 2, 1 / 6], [1, 5 / 6, 1 / 2]])


def _paper_matrix(edges: pd.DataFrame, genes: Sequence[str], tfs: Sequence[str]) -> np.ndarray:
    """Prediction as a symmetric matrix (genes, genes), (M + M^T) / 2 with zero diagonal.

    M holds the scores of the listed TFs in their rows and 0 elsewhere: a TF-gene entry is half the
    score, a TF-TF entry the mean of both directions, a gene-gene entry 0.
    """
    rows = listed_tfs(genes, tfs)
    matrix = np.zeros((len(genes), len(genes)))
    matrix[positions(rows, genes)] = score_matrix(edges, rows, genes)
    np.fill_diagonal(matrix, 0.0)
    return (matrix + matrix.T) / 2


def _truth_matrix(truth: pd.DataFrame, genes: Sequence[str], symmetric: bool = False) -> np.ndarray:
    """Give the reference network (genes, genes), bool, ``adj[regulator, target]``, or made symmetric."""
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
) -> dict[str, float | int | str]:
    """Score an edge table by the paper's protocol, in the gene order given.

    The prediction is made symmetric: a pair scores the mean of both directions, where a direction
    that no listed TF has scores 0. A pair counts as predicted when its score is not 0. With a
    directed reference network only edges whose regulator comes before its target in ``genes``
    count, so the numbers depend on that order: report them over several orders
    (``paper_scores_over_orders``).

    Parameters
    ----------
    edges : DataFrame
        Predicted edges with the columns ``regulator, target, weight``; those whose regulator is not
        listed are ignored.
    truth : DataFrame
        Reference network with the columns ``regulator, target``.
    genes : sequence of str
        All genes, in the order of the matrix.
    tfs : sequence of str
        The TF list; give ``genes`` for a method without one.
    symmetric_truth : bool
        Whether a true edge counts whichever end comes first.

    Returns
    -------
    dict
        Plain Python numbers; an undefined one is NaN with its reason under ``<name>_reason``.

        - ``n_pairs`` = D (D - 1) / 2, ``n_true_seen``, ``n_predicted``;
        - ``auprc`` (average precision) and ``auroc``; ``floor_auroc``, the AUROC of a method that is
          random among the pairs with a TF, and ``random_auroc``, that of random edge weights in
          this very matrix;
        - ``fdr, tpr, fpr, precision, recall`` and ``fbeta`` (Eq. 15 on counts, beta = 1);
        - ``shd``, the number of pairs where prediction and reference network differ.

        Nothing predicted leaves ``precision`` and ``fdr`` undefined; no true pair seen leaves all
        but ``fpr``, ``fdr`` and the counts undefined.

    Raises
    ------
    InputError
        For missing columns, repeated genes and weights that are not finite.
    """
    adj, is_tf = _truth_matrix(truth, genes, symmetric_truth), np.isin(genes, listed_tfs(genes, tfs))
    return _paper_scores_of_matrices(_paper_matrix(edges, genes, tfs), adj, is_tf)


def _paper_scores_of_matrices(
    scores: np.ndarray, adj: np.ndarray, is_tf: np.ndarray
) -> dict[str, float | int | str]:
    """``paper_scores`` of a score and a truth matrix, both (genes, genes), and of which genes are TFs."""
    upper = np.triu_indices(len(scores), k=1)
    score, truth = scores[upper], adj[upper]
    n_tfs = is_tf[upper[0]].astype(int) + is_tf[upper[1]]  # of each pair
    predicted = score > 0
    tp, fp = int((predicted & truth).sum()), int((predicted & ~truth).sum())
    fn, n_true = int((~predicted & truth).sum()), int(truth.sum())
    no_true, no_auroc = why_undefined(truth), why_undefined(truth, needs_false=True)
    auprc, auroc = auprc_and_auroc(score, truth)

    result: dict[str, float | int | str] = {
        "n_pairs": truth.size,
        "n_true_seen": n_true,
        "n_predicted": tp + fp,
        "shd": fp + fn,
    }
    for name, value, reason in (
        ("auprc", auprc, no_true),
        ("auroc", auroc, no_auroc),
        ("floor_auroc", floor_auroc(truth, n_tfs > 0), no_auroc),
        ("random_auroc", random_auroc(truth, n_tfs), no_auroc),
        ("fdr", _ratio(fp, tp + fp), "nothing predicted"),
        ("tpr", _ratio(tp, n_true), no_true),
        ("fpr", _ratio(fp, truth.size - n_true), "no false pair"),
        ("precision", _ratio(tp, tp + fp), "nothing predicted"),
        ("recall", _ratio(tp, n_true), no_true),
        ("fbeta", _ratio(2 * tp, 2 * tp + fn + fp) if n_true else NAN, no_true),
    ):
        result[name] = float(value)
        if value != value:
            result[f"{name}_reason"] = reason or "not defined"
    return result


def floor_auroc(truth: np.ndarray, candidate: np.ndarray) -> float:
    """AUROC that random scores on the candidate pairs reach, all other pairs scoring 0.

    Parameters
    ----------
    truth : ndarray of bool, shape (pairs,)
    candidate : ndarray of bool, shape (pairs,)
        Which pairs a method may predict: those with a TF.

    Returns
    -------
    float
        NaN without a true or without a false pair.

    Notes
    -----
    When every true pair is a candidate this is 1 - n / 2 with n the share of the false pairs that are
    candidates: random inside, but above every pair that could not be predicted. A true pair that
    is no candidate only ties with those.
    """
    if why_undefined(truth, needs_false=True):
        return NAN
    share_inside = (candidate & truth).sum() / truth.sum()
    negatives_inside = (candidate & ~truth).sum() / (~truth).sum()
    inside = 1 - negatives_inside / 2
    outside = (1 - negatives_inside) / 2
    return float(share_inside * inside + (1 - share_inside) * outside)


def random_auroc(truth: np.ndarray, n_tfs: np.ndarray) -> float:
    """Calculate the expected AUROC of edge tables with independent uniform weights on every TF's edges.

    Parameters
    ----------
    truth : ndarray of bool, shape (pairs,)
    n_tfs : ndarray of int, shape (pairs,)
        Number of TFs of each pair: 0, 1 or 2.

    Returns
    -------
    float
        NaN without a true or without a false pair. Above ``floor_auroc`` where true pairs are often
        TF-TF.

    Notes
    -----
    A pair without a TF scores 0, one with a TF half a weight, one of two TFs the mean of two weights:
    the last beats the second kind with probability 5/6.
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
) -> pd.DataFrame:
    """Score an edge table by the paper's protocol under random orders of the genes.

    The reference network is directed, as in ``paper_scores`` by default. The orders are drawn over
    the sorted names, so that the answer depends on the seed and not on the order of ``genes``.

    Parameters
    ----------
    edges, truth, genes, tfs
        As in ``paper_scores``.
    n_orders : int
    seed : int or Generator

    Returns
    -------
    DataFrame
        One row per order; the columns are the keys of ``paper_scores``.
    """
    generator = np.random.default_rng(seed)
    names = tuple(sorted(genes))
    scores, adj = _paper_matrix(edges, names, tfs), _truth_matrix(truth, names)
    is_tf, rows = np.isin(names, listed_tfs(names, tfs)), []
    for _ in range(n_orders):
        order = generator.permutation(len(names))
        both = np.ix_(order, order)
        rows.append(_paper_scores_of_matrices(scores[both], adj[both], is_tf[order]))
    return pd.DataFrame(rows)


def _ratio(part: float, whole: float) -> float:
    """``part / whole``, NaN where that is 0."""
    return part / whole if whole else NAN
